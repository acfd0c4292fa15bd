//! The owner of one partition: the async half of `pipeline::Partition`.

use std::sync::Arc;
use std::time::Duration;

use engine::{Edition, InEdition, LiveBatch, LogRecord, PipelineStore, RawQuery, StoreError, crash_point};
use metering::stored::FlushPlan;
use metering::{Generation, Position};
use pipeline::{
    Answers, Decoded, Flush, FlushId, HINT_STEP_S, Halt, Limits, LiveRows, LogRecordRef, Partition,
    PartitionConfig, Wants,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Aggregation;
use super::late::send_on;
use super::patience::{Trouble, patiently};
use crate::ingestion::{Condition, PartitionGauges};

/// Records that are read and decided together. Few enough to be decided within a few milliseconds,
/// because other tasks wait for the same thread.
const BATCH: usize = 2000;
/// And at first, when all their meters have to be read of the store: so that it is soon seen to go on.
const FIRST_BATCH: usize = 200;

/// How long changed rows may wait before they are published.
const PUBLISH_EVERY: Duration = Duration::from_millis(500);

/// How often former partitions are asked how far they are.
const ASK_FORMER_EVERY: Duration = Duration::from_millis(500);

/// From the beginning of a flush to that of the next one it is so many times as long as it took: a store that is busy gets
/// fewer and larger ones.
const FLUSHES_APART: u32 = 3;
/// But at most so many times as long as is configured.
const FLUSHES_APART_MAX: u32 = 2;

/// The part of the records that may wait which is stored at once, however short ago the last flush was.
const FLUSH_PART: usize = 3;

/// What owners remember between batches, so that it need not be read again: 150, 60 and 40 bytes each.
/// The meters are a million, not evenly divided; the rows are those of all areas of London for a day. Of all partitions of the
/// process together: each has its share.
const REMEMBERED: Limits = Limits { meters: 1_200_000, rows: 250_000, versions: 400_000 };

/// At the end: how long the store may take for what is decided. What it does not take is decided again
/// at the next start.
const LAST_FLUSH_TIMEOUT: Duration = Duration::from_secs(6);

/// One partition's task.
#[derive(Clone)]
pub(super) struct Owner {
    partition: u32,
    aggregation: Aggregation,
    gauges: Arc<PartitionGauges>,
    shutdown: CancellationToken,
}

/// A flush under way.
struct Flushing {
    id: FlushId,
    progress: Position,
    records: usize,
    /// How long the store took.
    task: JoinHandle<Result<Duration, Trouble>>,
}

/// What an owner holds while it runs.
struct Work {
    edition: Edition,
    store: Arc<dyn PipelineStore>,
    pipeline: Partition,
    flushing: Option<Flushing>,
    /// When the last flush began, if any did: who has just begun stores what it decides first at once.
    flushed_at: Option<Instant>,
    /// How long after that the next one does.
    flush_pause: Duration,
    published_at: Instant,
    ticked_at: Instant,
    /// The append time of the oldest record that was decided and not published.
    unpublished_since_ms: Option<i64>,
}

impl Owner {
    pub(super) fn new(partition: u32, aggregation: Aggregation, shutdown: CancellationToken) -> Self {
        let gauges = aggregation.ingestion.partition(partition);
        Owner { partition, aggregation, gauges, shutdown }
    }

    fn gauges(&self) -> &PartitionGauges {
        &self.gauges
    }

    /// This owner's share of what all owners of the process may have.
    fn share_of(&self, all: usize) -> usize {
        all.div_ceil(self.aggregation.ports.log.partitions().max(1) as usize)
    }

    /// Follows the partition until the shutdown.
    pub(super) async fn run(self) -> Result<(), Trouble> {
        loop {
            let mut work = self.restore().await?;
            match self.follow(&mut work).await {
                Ok(()) => return self.end(work).await,
                Err(Trouble::OtherEdition) => {
                    tracing::info!(
                        partition = self.partition,
                        "other aggregates are in use: going on in them"
                    );
                    // What is written to the former ones is read by nobody.
                    let _ = ended_or_idle(&mut work.flushing).await;
                }
                Err(Trouble::OtherLog) => {
                    tracing::warn!(
                        partition = self.partition,
                        "the log was made anew while this process was away: going on in the new one"
                    );
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Follows the partition in one edition of the aggregates.
    async fn follow(&self, work: &mut Work) -> Result<(), Trouble> {
        loop {
            self.is_in_use(work)?;
            self.gauges.lives();
            self.begin_flush_if_due(work);
            let room = work.waiting() < self.share_of(self.aggregation.pace.records_max);
            let (next, wake_at) = (work.pipeline.next_offset(), work.wake_at());
            let most = if work.flushed_at.is_some() { BATCH } else { FIRST_BATCH };
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(()),
                ended = ended(&mut work.flushing) => {
                    self.flush_ended(work, ended).await?;
                }
                records = self.read(next, most), if room => self.decide(work, &records?).await?,
                () = sleep_until(wake_at) => {}
            }
            self.publish_if_due(work).await;
            if work.ticked_at.elapsed() >= Duration::from_secs(1) {
                self.gauges().tick();
                work.ticked_at = Instant::now();
            }
        }
    }

    fn is_in_use(&self, work: &Work) -> Result<(), Trouble> {
        let same = self.aggregation.ports.in_use.get() == work.edition;
        if same { Ok(()) } else { Err(Trouble::OtherEdition) }
    }

    async fn read(&self, next: i64, most: usize) -> Result<Vec<LogRecord>, Trouble> {
        let log = &self.aggregation.ports.log;
        patiently("reading the log", self.gauges(), &self.shutdown, || log.read(self.partition, next, most))
            .await
    }

    /// Goes on where the store says. Progress is read before anything else (rule 4).
    async fn restore(&self) -> Result<Work, Trouble> {
        self.gauges().is(Condition::Restoring);
        let Aggregation { ports, limits, .. } = &self.aggregation;
        let edition = ports.in_use.get();
        let store = ports.editions.pipeline(&InEdition::new(edition));
        let progress = patiently("reading progress", self.gauges(), &self.shutdown, || {
            store.progress(self.partition + 1)
        })
        .await?;
        // After progress, so that it covers what that does.
        let windows =
            patiently("reading progress", self.gauges(), &self.shutdown, || store.windows(self.partition))
                .await?;
        let config = PartitionConfig {
            partition: self.partition,
            generations: self.announced().await?,
            retention_s: limits.retention_s,
            ahead_s: limits.ahead_s(),
            areas: self.aggregation.areas(),
            hint_step_s: HINT_STEP_S,
            limits: Limits {
                meters: self.share_of(REMEMBERED.meters),
                rows: self.share_of(REMEMBERED.rows),
                versions: self.share_of(REMEMBERED.versions),
            },
        };
        let progress = progress.get(self.partition as usize).copied().flatten();
        let mut pipeline =
            Partition::restore(config, progress).map_err(|error| Trouble::Final(error.to_string()))?;
        pipeline.rows_are_in(windows);
        self.gauges().stored(pipeline.next_offset());
        self.gauges().decided(pipeline.next_offset());
        tracing::debug!(partition = self.partition, offset = pipeline.next_offset(), "goes on");
        self.gauges().is(Condition::Running);
        let now = Instant::now();
        Ok(Work {
            edition,
            store,
            pipeline,
            flushing: None,
            flushed_at: None,
            flush_pause: self.aggregation.pace.every,
            published_at: now,
            ticked_at: now,
            unpublished_since_ms: None,
        })
    }

    async fn announced(&self) -> Result<Vec<Generation>, Trouble> {
        let announcements = &self.aggregation.ports.announcements;
        patiently("reading the log's generations", self.gauges(), &self.shutdown, || {
            announcements.announced()
        })
        .await
    }

    /// Decides a batch. What is probably needed is read in bulk first; what turns out to be missing, one by one.
    async fn decide(&self, work: &mut Work, records: &[LogRecord]) -> Result<(), Trouble> {
        crash_point("records-read");
        let batch: Vec<Decoded<'_>> = records
            .iter()
            .map(|record| {
                let LogRecord { offset, appended_ms, key, value, .. } = record;
                Decoded::new(LogRecordRef { offset: *offset, appended_ms: *appended_ms, key, value })
            })
            .collect();
        // First meters, then what their readings need.
        for _ in 0..2 {
            let wants = work.pipeline.wants(&batch);
            if wants.is_empty() {
                break;
            }
            self.supply(work, &wants).await?;
        }
        for (record, decoded) in records.iter().zip(&batch) {
            work.pipeline.pass_over(record.passed_over);
            loop {
                match work.pipeline.apply(decoded) {
                    Ok(_) => break,
                    Err(Halt::Missing(wants)) => self.supply(work, &wants).await?,
                    Err(Halt::Unannounced(_)) => work.pipeline.announced(&self.announced().await?),
                    Err(Halt::Barrier(barrier)) => self.pass(work, barrier.former_partitions).await?,
                    Err(halt @ Halt::OutOfOrder { .. }) => {
                        return Err(Trouble::Final(format!("partition {}: {halt}", self.partition)));
                    }
                }
            }
        }
        work.pipeline.end_batch();
        self.gauges().decided(work.pipeline.next_offset());
        if let Some(first) = records.first() {
            work.unpublished_since_ms.get_or_insert(first.appended_ms);
        }
        Ok(())
    }

    async fn supply(&self, work: &mut Work, wants: &Wants) -> Result<(), Trouble> {
        let store = &work.store;
        let queries: Vec<RawQuery> = wants
            .raw
            .iter()
            .map(|range| RawQuery { meter: range.meter.clone(), from: range.from, to: range.to })
            .collect();
        let (queries, partition) = (&queries, self.partition);
        // What is not asked for is not read.
        let answers = patiently("reading the store", self.gauges(), &self.shutdown, || async move {
            let meters = async {
                if wants.meters.is_empty() { Ok(Vec::new()) } else { store.meters(&wants.meters).await }
            };
            let raw = async { if queries.is_empty() { Ok(Vec::new()) } else { store.raw(queries).await } };
            let rows = async {
                if wants.places.is_empty() {
                    Ok(Vec::new())
                } else {
                    store.rows(partition, &wants.places).await
                }
            };
            let (meters, raw, rows) = tokio::try_join!(meters, raw, rows)?;
            Ok::<_, StoreError>(Answers { meters, raw, rows })
        })
        .await?;
        work.pipeline.supply(wants, answers).map_err(|error| Trouble::Final(error.to_string()))
    }

    /// Waits until the former partitions are done: first with our own flush, then for the others'.
    async fn pass(&self, work: &mut Work, former_partitions: u32) -> Result<(), Trouble> {
        let store = work.store.clone();
        loop {
            // Former partitions may go on elsewhere, and this one would wait for ever.
            self.is_in_use(work)?;
            if work.flushing.is_none() {
                self.begin_flush(work);
            }
            let ended = ended_or_idle(&mut work.flushing).await;
            self.flush_ended(work, ended).await?;
            let progress = patiently("reading progress", self.gauges(), &self.shutdown, || {
                store.progress(former_partitions)
            })
            .await?;
            if work.pipeline.former_progress(&progress) {
                return Ok(());
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return Err(Trouble::Shutdown),
                () = tokio::time::sleep(ASK_FORMER_EVERY) => {}
            }
        }
    }

    /// Publishes what changed, if that is due. What can't be published comes with the next time.
    async fn publish_if_due(&self, work: &mut Work) {
        if work.unpublished_since_ms.is_none() || work.published_at.elapsed() < PUBLISH_EVERY {
            return;
        }
        work.published_at = Instant::now();
        let live = work.pipeline.take_live();
        if let Err(error) = self.publish(work.edition, &live, work.unpublished_since_ms).await {
            tracing::warn!(partition = self.partition, %error, "what changed can't be published yet");
            work.pipeline.publish_again(live);
            return;
        }
        work.unpublished_since_ms = None;
    }

    fn begin_flush_if_due(&self, work: &mut Work) {
        let due = work.flushed_at.is_none_or(|at| at.elapsed() >= work.flush_pause)
            || work.pipeline.unflushed() >= self.share_of(self.aggregation.pace.records_max / FLUSH_PART);
        if due && work.flushing.is_none() {
            self.begin_flush(work);
        }
    }

    fn begin_flush(&self, work: &mut Work) {
        let records = work.pipeline.unflushed();
        let flush = work.pipeline.take_flush();
        if flush.is_some() || work.flushed_at.is_some() {
            work.flushed_at = Some(Instant::now());
        }
        let Some(flush) = flush else { return };
        let Flush { id, live, plan } = flush;
        let (progress, oldest_ms) = (plan.progress, work.unpublished_since_ms.take());
        let (owner, edition, store) = (self.clone(), work.edition, work.store.clone());
        let task = tokio::spawn(async move { owner.write(edition, store, live, oldest_ms, plan).await });
        work.flushing = Some(Flushing { id, progress, records, task });
    }

    /// Tells others, then writes: of what is stored others were told (rule 13). Tries until all is done, and gives how
    /// long writing took.
    async fn write(
        &self,
        edition: Edition,
        store: Arc<dyn PipelineStore>,
        live: LiveRows,
        oldest_ms: Option<i64>,
        plan: FlushPlan,
    ) -> Result<Duration, Trouble> {
        let (ports, gauges, shutdown) = (&self.aggregation.ports, self.gauges(), &self.shutdown);
        crash_point("flush-begins");
        self.is_of_this_log(plan.progress).await?;
        patiently("publishing", gauges, shutdown, || self.publish(edition, &live, oldest_ms)).await?;
        crash_point("flush-published");
        if !plan.dead.is_empty() {
            let letters = &plan.dead;
            patiently("announcing dead letters", gauges, shutdown, || ports.dead.announce(letters)).await?;
            crash_point("flush-letters-told");
            patiently("sending on what came late", gauges, shutdown, || send_on(ports, letters)).await?;
            crash_point("flush-announced");
        }
        let began = Instant::now();
        patiently("writing the store", gauges, shutdown, || store.flush(&plan)).await?;
        let took = began.elapsed();
        self.aggregation.ingestion.buried(&plan.dead);
        crash_point("flush-stored");
        Ok(took)
    }

    /// Whoever slept while the topic was made anew reads the new one as if it were the old one, and must store none of it.
    async fn is_of_this_log(&self, progress: Position) -> Result<(), Trouble> {
        let announced = self.announced().await?;
        let is_known = announced.iter().any(|one| one.generation == progress.generation);
        if is_known { Ok(()) } else { Err(Trouble::OtherLog) }
    }

    /// `oldest_ms`: the append time of the oldest record that is told of for the first time.
    async fn publish(
        &self,
        edition: Edition,
        live: &LiveRows,
        oldest_ms: Option<i64>,
    ) -> Result<(), StoreError> {
        if live.rows.is_empty() {
            return Ok(());
        }
        let LiveRows { rows, homes, newest_ms } = live.clone();
        let batch = LiveBatch { partition: self.partition, edition, rows, homes, newest_ms, oldest_ms };
        self.aggregation.ports.feed.publish(batch).await
    }

    async fn flush_ended(&self, work: &mut Work, ended: Ended) -> Result<(), Trouble> {
        let Some((id, progress, outcome)) = ended else { return Ok(()) };
        let took = outcome?;
        tracing::debug!(partition = self.partition, through = progress.offset, ?took, "stored");
        work.pipeline.flushed(id);
        self.gauges().stored(progress.offset + 1);
        let every = self.aggregation.pace.every;
        work.flush_pause = (FLUSHES_APART * took).clamp(every, FLUSHES_APART_MAX * every);
        // Nothing rests on the commit but what the log may forget: the next one says it again.
        let committed = self.aggregation.ports.log.commit(self.partition, progress.offset).await;
        crash_point("flush-committed");
        if let Err(error) = committed {
            tracing::warn!(partition = self.partition, %error, "progress could not be committed to the log");
        }
        Ok(())
    }

    /// Stores what is decided, as far as the store takes it in time.
    async fn end(&self, mut work: Work) -> Result<(), Trouble> {
        let last = async {
            let ended = ended_or_idle(&mut work.flushing).await;
            self.flush_ended(&mut work, ended).await?;
            self.begin_flush(&mut work);
            let ended = ended_or_idle(&mut work.flushing).await;
            self.flush_ended(&mut work, ended).await
        };
        match tokio::time::timeout(LAST_FLUSH_TIMEOUT, last).await {
            Ok(Err(Trouble::Shutdown)) | Err(_) => {
                tracing::warn!(
                    partition = self.partition,
                    "the store did not take everything in time; it will be decided again from the log"
                );
                self.aggregation.ingestion.left_to_the_log();
                Ok(())
            }
            Ok(outcome) => outcome,
        }
    }
}

impl Work {
    /// Records that are decided and not stored.
    fn waiting(&self) -> usize {
        self.pipeline.unflushed() + self.flushing.as_ref().map_or(0, |flushing| flushing.records)
    }

    /// When there is something to do even if nothing comes.
    fn wake_at(&self) -> Instant {
        let tick = self.ticked_at + Duration::from_secs(1);
        let publish = self.unpublished_since_ms.map(|_| self.published_at + PUBLISH_EVERY);
        let flush = self.flushed_at.filter(|_| self.flushing.is_none()).map(|at| at + self.flush_pause);
        [publish, flush].into_iter().flatten().fold(tick, Instant::min)
    }
}

/// A flush that has ended: which, how far it goes, and how it went. None: there was none.
type Ended = Option<(FlushId, Position, Result<Duration, Trouble>)>;

/// The flush under way, when it ends; for ever if there is none.
async fn ended(flushing: &mut Option<Flushing>) -> Ended {
    match flushing {
        Some(_) => ended_or_idle(flushing).await,
        None => std::future::pending().await,
    }
}

/// The flush under way, when it ends; nothing at once if there is none. Can be dropped while it waits.
async fn ended_or_idle(flushing: &mut Option<Flushing>) -> Ended {
    let Flushing { id, progress, task, .. } = flushing.as_mut()?;
    let outcome =
        task.await.unwrap_or_else(|error| Err(Trouble::Final(format!("a flush panicked: {error}"))));
    let ended = (*id, *progress, outcome);
    *flushing = None;
    Some(ended)
}
