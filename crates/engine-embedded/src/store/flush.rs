//! Writing: one batch a flush. Last write by position wins, row by row; a late or repeated flush
//! changes nothing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use engine::{Document, Edition, StoreError};
use metering::stored::{FlushPlan, RawVersion};
use metering::{AggregateRow, AreaCode, MeterId, Position};

use super::pack::Unpacked;
use super::tree::{Batch, Snapshot};
use super::{Inner, block, journal, key, lock, value};

/// Memtables that may wait for the disk, and young runs that may wait to be merged, before flushes wait.
const SEALED_MAX: usize = 3;
pub(super) const YOUNG_RUNS_MAX: usize = 24;
/// Then a flush waits so long at most.
const WAIT_MAX: Duration = Duration::from_secs(30);

impl Inner {
    pub(super) fn flush(&self, edition: Edition, plan: &FlushPlan) -> Result<(), StoreError> {
        self.wait_for_room()?;
        let _one_at_a_time = lock(&self.flushing);
        let mut batch = Batch::default();
        let snapshot = self.tree.snapshot();
        self.put_rows(edition, &snapshot, plan, &mut batch)?;
        for (meter, hint) in &plan.hints {
            let key = key::hint(meter);
            let stored =
                snapshot.get(&key)?.map(|v| value::decode_hint(&v).ok_or_else(|| self.undecodable(&key)));
            if stored.transpose()?.is_none_or(|stored| stored.at < hint.at) {
                batch.put(key, value::encode_hint(hint));
            }
        }
        for registration in &plan.registrations {
            batch.put(
                key::registration(&registration.meter, registration.at),
                value::encode_registration(registration),
            );
        }
        self.put_dead_letters(&snapshot, plan, &mut batch)?;
        let newer = lock(&self.progress)
            .get(plan.partition as usize)
            .copied()
            .flatten()
            .is_none_or(|stored| stored < plan.progress);
        if newer {
            let mut out = Vec::new();
            value::put_position(&mut out, plan.progress);
            batch.put(key::progress(plan.partition), out);
        }
        drop(snapshot);
        let blocks = encode_blocks(&plan.raw);
        self.commit(batch, blocks, newer.then_some((plan.partition, plan.progress)));
        Ok(())
    }

    /// The batch, the blocks under its number, and what is known in memory: all at once.
    fn commit(
        &self,
        mut batch: Batch,
        blocks: Vec<(i32, Vec<u8>, Vec<u8>)>,
        progress: Option<(u32, Position)>,
    ) {
        let now = Instant::now();
        let writing = self.tree.write();
        let number = writing.number();
        let mut unpacked = lock(&self.unpacked);
        for (day, meter_day, block) in blocks {
            match unpacked.entry(day) {
                Entry::Occupied(mut state) => state.get_mut().again(now),
                Entry::Vacant(none) => {
                    none.insert(Unpacked::new(now));
                    batch.put(key::day(key::UNPACKED, day), Vec::new());
                }
            }
            batch.put(key::block(meter_day, number), block);
        }
        drop(unpacked);
        let in_memory = writing.commit(batch);
        if let Some((partition, at)) = progress {
            let mut progress = lock(&self.progress);
            let partition = partition as usize;
            if progress.len() <= partition {
                progress.resize(partition + 1, None);
            }
            progress[partition] = Some(at);
        }
        drop(writing);
        self.changed(in_memory);
    }

    /// Notes that memory holds what the disk does not.
    pub(super) fn changed(&self, in_memory: u64) {
        let mut signals = lock(&self.signals);
        signals.oldest_change.get_or_insert_with(Instant::now);
        if in_memory >= self.config.memtable_bytes {
            signals.work = true;
            drop(signals);
            self.signal.notify_all();
        }
    }

    /// Flushes come no faster than they can be written out: memory is bounded.
    pub(super) fn wait_for_room(&self) -> Result<(), StoreError> {
        let since = Instant::now();
        loop {
            if self.tree.sealed() < SEALED_MAX && self.tree.young_runs() < YOUNG_RUNS_MAX {
                return Ok(());
            }
            let signals = lock(&self.signals);
            if let Some(error) = &signals.error {
                return Err(StoreError::Unavailable(error.clone()));
            }
            if since.elapsed() > WAIT_MAX {
                return Err(StoreError::Unavailable(format!(
                    "{}: the disk does not keep up",
                    self.dir.display()
                )));
            }
            let _ = self.signal.wait_timeout(signals, Duration::from_millis(50));
        }
    }

    /// A row changes only to one with a later `through`.
    fn put_rows(
        &self,
        edition: Edition,
        snapshot: &Snapshot<'_>,
        plan: &FlushPlan,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut days: BTreeMap<(i32, &AreaCode), Vec<(usize, AggregateRow)>> = BTreeMap::new();
        for placed in &plan.rows {
            let window = placed.place.window;
            days.entry((window.day(), &placed.place.area)).or_default().push((window.of_day(), placed.row));
        }
        for ((day, area), new) in days {
            let key = key::aggregate(edition, day, area, plan.partition);
            let mut rows = match snapshot.get(&key)? {
                Some(stored) => value::decode_rows(&stored).ok_or_else(|| self.undecodable(&key))?,
                None => [None; 48],
            };
            let mut changed = false;
            for (window, row) in new {
                if rows[window].is_none_or(|stored| stored.through < row.through) {
                    rows[window] = Some(row);
                    changed = true;
                }
            }
            if changed {
                batch.put(key, value::encode_rows(&rows));
            }
        }
        Ok(())
    }

    /// Each counts once, however often it is written.
    fn put_dead_letters(
        &self,
        snapshot: &Snapshot<'_>,
        plan: &FlushPlan,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
        let mut seen = HashSet::new();
        for letter in &plan.dead {
            let key = key::dead(letter.partition, letter.at);
            if snapshot.get(&key)?.is_some() || !seen.insert((letter.partition, letter.at)) {
                continue;
            }
            *counts.entry(letter.reason as u8).or_default() += 1;
            batch.put(key, value::encode_dead(letter));
        }
        for (reason, more) in counts {
            let key = key::dead_count(reason);
            let stored = self.count(snapshot, &key)?;
            batch.put(key, (stored + more).to_be_bytes().to_vec());
        }
        Ok(())
    }

    pub(super) fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        let changes =
            documents.into_iter().map(|document| (key::document(kind, &document.id), Some(document.body)));
        self.change_documents(changes.collect())
    }

    /// One at a time: what was read is what is there until it is replaced.
    pub(super) fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let _one_at_a_time = lock(&self.comparing);
        let is_as_read = self.document(kind, id)?.as_deref() == read;
        if is_as_read {
            self.put_documents(kind, vec![Document { id: id.to_owned(), body: by }])?;
        }
        Ok(is_as_read)
    }

    pub(super) fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        self.change_documents(vec![(key::document(kind, id), None)])
    }

    fn change_documents(&self, changes: Vec<journal::Change>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.wait_for_room()?;
        // The journal is held until the tree has the changes, too: a checkpoint that is done with this
        // journal is to contain them.
        let mut journal = lock(&self.journal);
        journal
            .append(&changes)
            .map_err(|e| StoreError::Unavailable(format!("{}: {e}", self.journal_dir.display())))?;
        let mut batch = Batch::default();
        let mut last = BTreeMap::new();
        last.extend(changes);
        for (key, value) in last {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.removes.push(key),
            }
        }
        let in_memory = self.tree.write().commit(batch);
        drop(journal);
        self.changed(in_memory);
        Ok(())
    }
}

/// One block a meter and day: its day, its key without the number, its bytes.
fn encode_blocks(raw: &[RawVersion]) -> Vec<(i32, Vec<u8>, Vec<u8>)> {
    let mut days: BTreeMap<(i32, &MeterId), Vec<RawVersion>> = BTreeMap::new();
    for version in raw {
        let day = version.interval.start().window().day();
        days.entry((day, &version.meter)).or_default().push(version.clone());
    }
    days.into_iter()
        .map(|((day, meter), mut versions)| {
            block::in_order(&mut versions);
            (day, key::meter_day(day, meter), block::encode(day, &versions))
        })
        .collect()
}
