//! What a dead letter has come to since, and what a redrive would find.
//!
//! Nothing is written down about letters for this: what the store has of a meter says it. So it is right
//! however a record came to be counted, by a redrive or sent once more, and after a replay as well. The
//! owner of the partition still decides what becomes of a redriven record; this only foresees it.

use std::collections::HashMap;

use bytes::Bytes;
use engine::{Envelope, RawQuery, StoreError};
use geography::Geography;
use metering::stored::{DeadLetter, MeterState, RawVersion};
use metering::time::LONGEST_READING_S;
use metering::wire::{Record, RecordMessage, partition_of};
use metering::{Generation, MeterId, Position, Reading, Registration, UtcSecond};
use prost::Message;
use serde::Serialize;

use crate::state::AppState;

/// Whether somebody has to look at a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// What it says is not counted.
    Open,
    /// It is counted by now, or something newer took its place: redriven, it would change nothing.
    Settled,
    /// No record that could be counted: a redrive leaves it.
    Unusable,
}

impl LetterState {
    /// All of them.
    pub const ALL: [LetterState; 3] = [Self::Open, Self::Settled, Self::Unusable];

    /// As it is written everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Unusable => "unusable",
        }
    }
}

/// What a redrive would find.
pub(super) enum Outlook {
    /// It would be counted.
    Countable(Revived),
    /// It would die again: its meter is not registered.
    Unregistered(Revived),
    /// It would die again, of something else.
    Hopeless(Revived),
    Settled,
    Unusable,
}

impl Outlook {
    fn state(&self) -> LetterState {
        match self {
            Self::Countable(_) | Self::Unregistered(_) | Self::Hopeless(_) => LetterState::Open,
            Self::Settled => LetterState::Settled,
            Self::Unusable => LetterState::Unusable,
        }
    }
}

/// A letter's record, ready to be sent.
pub(crate) struct Revived {
    /// It replaces nothing that came after this.
    pub(super) first: Position,
    /// Where the letter is.
    died: Position,
    /// What it says, without where it comes from.
    said: Vec<u8>,
    pub(super) record: Record,
    pub(crate) envelope: Envelope,
}

impl Revived {
    /// Whose it is.
    pub(super) fn meter(&self) -> Option<&MeterId> {
        match &self.record {
            Record::Reading(reading, _) => Some(&reading.meter),
            Record::Registration(registration, _) => Some(&registration.meter),
            Record::GenerationBegins(_) => None,
        }
    }
}

/// Of several letters about one reading, or about where one meter is, only the newest is sent: the others would have to yield
/// to it, and what is redriven stands where it is now, not where it died.
#[derive(Default)]
pub(crate) struct Newest(HashMap<Subject, Newer>);

/// A meter, and which of its readings; none: where it is.
type Subject = (MeterId, Option<UtcSecond>);

struct Newer {
    first: Position,
    died: Position,
    said: Vec<u8>,
    /// What is still to be sent.
    envelope: Option<Envelope>,
}

impl Newest {
    /// Looks at one more.
    pub(crate) fn note(&mut self, revived: &Revived) {
        let Some(subject) = subject(revived) else { return };
        let Revived { first, died, ref said, ref envelope, .. } = *revived;
        let newest = self.0.get(&subject).map(|newest| (newest.first, newest.died));
        if newest.is_none_or(|newest| (first, died) > newest) {
            let newer = Newer { first, died, said: said.clone(), envelope: Some(envelope.clone()) };
            self.0.insert(subject, newer);
        }
    }

    /// What is sent in the place of a letter. Where a meter is, is sent in the place of the first letter about it: readings
    /// come after it.
    pub(crate) fn sends_for(&mut self, revived: &Revived) -> Option<Envelope> {
        let newest = subject(revived).and_then(|subject| self.0.get_mut(&subject))?;
        let is_it = (revived.first, revived.died) == (newest.first, newest.died);
        let is_registration = matches!(revived.record, Record::Registration(..));
        if is_it || is_registration { newest.envelope.take() } else { None }
    }

    /// Whether the newest one about the same says the same.
    pub(crate) fn says(&self, revived: &Revived) -> bool {
        let newest = subject(revived).and_then(|subject| self.0.get(&subject));
        newest.is_some_and(|newest| newest.said == revived.said)
    }
}

/// What a record is about.
fn subject(revived: &Revived) -> Option<Subject> {
    let start = match &revived.record {
        Record::Reading(reading, _) => Some(reading.interval.start()),
        Record::Registration(..) | Record::GenerationBegins(_) => None,
    };
    Some((revived.meter()?.clone(), start))
}

/// What the record of a letter may replace, at most what came before this. In another partition than its meter's its own place
/// says nothing of the order there: it replaces nothing of its generation.
fn origin(letter: &DeadLetter, meter: &MeterId, generations: &[Generation]) -> Position {
    let generation = generations.iter().find(|one| one.generation == letter.at.generation);
    let is_at_home =
        |one: &Generation| partition_of(meter.as_str().as_bytes(), one.partitions) == letter.partition;
    match generation.is_some_and(is_at_home) {
        true => letter.at,
        false => Position::new(letter.at.generation, -1),
    }
}

/// The record of a letter, with what it may replace. None where there is none, nor under another key than its meter's: whoever
/// wrote that may have meant another meter.
pub(crate) fn revived(letter: &DeadLetter, generations: &[Generation]) -> Option<Revived> {
    let mut message = RecordMessage::decode(letter.value.clone()).ok()?;
    let name = match message.body.as_ref()? {
        metering::wire::BodyMessage::Reading(reading) => &reading.meter_id,
        metering::wire::BodyMessage::Registration(registration) => &registration.meter_id,
        metering::wire::BodyMessage::GenerationBegins(_) => return None,
    };
    let meter = MeterId::parse(name).ok()?;
    let key = Bytes::copy_from_slice(meter.as_str().as_bytes());
    if letter.key != key {
        return None;
    }
    let first = message.redriven_from.take();
    let first = first.map_or_else(|| origin(letter, &meter, generations), Position::from);
    let said = message.encode_to_vec();
    message.redriven_from = Some(first.into());
    let value = Bytes::from(message.encode_to_vec());
    // What no owner could decode would only die again.
    let record = metering::wire::decode(&key, &value).ok()?;
    Some(Revived { first, died: letter.at, said, record, envelope: Envelope { key, value } })
}

/// The states of letters.
pub async fn letter_states(state: &AppState, letters: &[DeadLetter]) -> Result<Vec<LetterState>, StoreError> {
    Ok(outlooks(state, letters).await?.iter().map(Outlook::state).collect())
}

/// What has become of letters, as far as the store knows now.
pub(super) async fn outlooks(state: &AppState, letters: &[DeadLetter]) -> Result<Vec<Outlook>, StoreError> {
    // Those that have begun and those that are about to.
    let generations = state.ports.announcements.announced().await?;
    let revived: Vec<Option<Revived>> = letters.iter().map(|letter| revived(letter, &generations)).collect();
    let mut meters: Vec<MeterId> = revived.iter().flatten().filter_map(|one| one.meter().cloned()).collect();
    meters.sort_unstable();
    meters.dedup();
    let states = state.ports.pipeline.meters(&meters).await?;
    let states: HashMap<MeterId, MeterState> = meters.into_iter().zip(states).collect();
    let queries: Vec<RawQuery> = revived.iter().flatten().filter_map(around).collect();
    let mut stored = state.ports.pipeline.raw(&queries).await?.into_iter();
    let rules = state.door.rules();
    let now = Now {
        kept_from: UtcSecond(rules.now.0 - rules.retention_s),
        known_until: UtcSecond(rules.now.0 + rules.future_tolerance_s),
        geography: &state.geography,
    };
    let none = MeterState::default();
    let outlook = |revived: Option<Revived>| {
        let Some(revived) = revived else { return Outlook::Unusable };
        let meter = revived.meter().and_then(|meter| states.get(meter)).unwrap_or(&none);
        let prospect = match &revived.record {
            Record::Reading(reading, _) => {
                now.of_reading(reading, revived.first, meter, &stored.next().unwrap_or_default())
            }
            Record::Registration(registration, _) => now.of_registration(registration, revived.first, meter),
            Record::GenerationBegins(_) => return Outlook::Unusable,
        };
        match prospect {
            Prospect::Settled => Outlook::Settled,
            Prospect::Countable => Outlook::Countable(revived),
            Prospect::Unregistered => Outlook::Unregistered(revived),
            Prospect::Hopeless => Outlook::Hopeless(revived),
        }
    };
    Ok(revived.into_iter().map(outlook).collect())
}

/// Asks for all that a reading could overlap.
fn around(revived: &Revived) -> Option<RawQuery> {
    let Record::Reading(reading, _) = &revived.record else { return None };
    let interval = reading.interval;
    let from = UtcSecond(interval.start().0 - LONGEST_READING_S);
    Some(RawQuery { meter: reading.meter.clone(), from, to: interval.end() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prospect {
    Settled,
    Countable,
    Unregistered,
    Hopeless,
}

/// What records are decided by besides what is stored.
struct Now<'a> {
    kept_from: UtcSecond,
    known_until: UtcSecond,
    geography: &'a Geography,
}

impl Now<'_> {
    /// As the pipeline would decide it, from all versions of the meter's readings around it.
    fn of_reading(
        &self,
        reading: &Reading,
        first: Position,
        meter: &MeterState,
        versions: &[RawVersion],
    ) -> Prospect {
        // In order of start and position: the last of a start is the one that counts.
        let last = versions.iter().enumerate().filter(|&(n, version)| {
            versions.get(n + 1).is_none_or(|next| next.interval.start() != version.interval.start())
        });
        let (mut old, mut overlapped) = (None, false);
        for (_, version) in last {
            if version.interval.start() == reading.interval.start() {
                old = Some(version);
            } else {
                overlapped |= version.interval.overlaps(reading.interval);
            }
        }
        let same = |old: &RawVersion| (old.interval, old.energy) == (reading.interval, reading.energy);
        if old.is_some_and(|old| old.at > first || same(old)) {
            return Prospect::Settled;
        }
        let interval = reading.interval;
        let untimely = interval.start() < self.kept_from || interval.end() > self.known_until;
        match meter.registrations.is_empty() {
            _ if overlapped || untimely => Prospect::Hopeless,
            true => Prospect::Unregistered,
            false => Prospect::Countable,
        }
    }

    /// The last registration in the log wins, so an old one must not come after a newer one.
    fn of_registration(&self, letter: &Registration, first: Position, meter: &MeterState) -> Prospect {
        let newest = meter.registrations.last();
        let same = |one: &metering::stored::RegistrationVersion| {
            (&one.area, one.dwelling) == (&letter.area, letter.dwelling)
        };
        if newest.is_some_and(|one| one.at > first || same(one)) {
            return Prospect::Settled;
        }
        let finest = self.geography.finest();
        match self.geography.index_of(&letter.area) {
            Some(area) if self.geography.area(area).level == finest => Prospect::Countable,
            _ => Prospect::Hopeless,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metering::stored::RegistrationVersion;
    use metering::{AreaCode, DeadReason, Dwelling, Energy, Interval};

    const HALF: i64 = 1800;

    fn reading(start: i64, duration_s: i64, mwh: i64) -> Reading {
        let interval = Interval::new(UtcSecond(start), duration_s).unwrap();
        Reading { meter: MeterId::parse("M").unwrap(), interval, energy: Energy::from_mwh(mwh) }
    }

    fn version(of: &Reading, offset: i64) -> RawVersion {
        let Reading { meter, interval, energy } = of.clone();
        let area = AreaCode::parse("E01000001").unwrap();
        RawVersion { meter, interval, at: Position::new(1, offset), energy, area }
    }

    fn registered(area: &str, offset: i64) -> MeterState {
        let (meter, area) = (MeterId::parse("M").unwrap(), AreaCode::parse(area).unwrap());
        let at = Position::new(1, offset);
        let one = RegistrationVersion { meter, at, area, dwelling: Dwelling::default() };
        MeterState { hint: None, registrations: vec![one] }
    }

    const GENERATIONS: [Generation; 2] = [
        Generation { generation: 1, partitions: 1, token: 0 },
        Generation { generation: 2, partitions: 4, token: 0 },
    ];

    fn letter(partition: u32, at: Position, record: &Record) -> DeadLetter {
        DeadLetter {
            partition,
            at,
            reason: DeadReason::Undecodable,
            detail: String::new(),
            appended_ms: 0,
            key: Bytes::from_static(b"M"),
            value: record.encode().into(),
        }
    }

    #[test]
    fn what_died_elsewhere_replaces_nothing_of_its_generation() {
        let record = Record::Reading(reading(20 * HALF, HALF, 1), None);
        let home = partition_of(b"M", 4);
        let check = |partition, generation, expect: i64| {
            let letter = letter(partition, Position::new(generation, 9000), &record);
            let first = revived(&letter, &GENERATIONS).unwrap().first;
            assert_eq!(first, Position::new(generation, expect), "{partition} {generation}");
        };
        check(home, 2, 9000);
        check((home + 1) % 4, 2, -1);
        check(0, 1, 9000);
        // A log that is there no more.
        check(0, 7, -1);
    }

    #[test]
    fn under_another_key_it_is_nobodys() {
        let record = Record::Reading(reading(20 * HALF, HALF, 1), None);
        for key in [&b""[..], b"N", b"\xff\xfe", b"M2"] {
            let letter =
                DeadLetter { key: Bytes::from_static(key), ..letter(0, Position::new(1, 9), &record) };
            assert!(revived(&letter, &GENERATIONS).is_none(), "{key:?}");
        }
    }

    #[test]
    fn of_several_letters_about_one_thing_the_newest_is_sent() {
        let read = |half_hour: i64, mwh| Record::Reading(reading(half_hour * HALF, HALF, mwh), None);
        let register = |area: &str| {
            let (meter, area) = (MeterId::parse("M").unwrap(), AreaCode::parse(area).unwrap());
            Record::Registration(Registration { meter, area, dwelling: Dwelling::default() }, None)
        };
        let check = |records: &[Record], expect: &[Option<usize>]| {
            let letters =
                (0..).zip(records).map(|(offset, record)| letter(0, Position::new(1, offset), record));
            let revived: Vec<Revived> =
                letters.map(|letter| revived(&letter, &GENERATIONS).unwrap()).collect();
            let mut newest = Newest::default();
            revived.iter().for_each(|one| newest.note(one));
            let sent = revived.iter().map(|one| newest.sends_for(one));
            let which = |envelope: Envelope| revived.iter().position(|one| one.envelope == envelope).unwrap();
            assert_eq!(sent.map(|one| one.map(which)).collect::<Vec<_>>(), expect, "{records:?}");
        };
        check(&[read(20, 7), read(20, 9), read(20, 7)], &[None, None, Some(2)]);
        check(&[read(20, 7), read(21, 7)], &[Some(0), Some(1)]);
        // Where the meter is comes before its readings.
        check(&[register("A"), read(20, 7), register("B")], &[Some(2), Some(1), None]);
    }

    #[test]
    fn what_becomes_of_a_reading() {
        let london = Geography::london();
        let now = Now { kept_from: UtcSecond(HALF), known_until: UtcSecond(40 * HALF), geography: &london };
        let (known, unknown) = (registered("E01000001", 1), MeterState::default());
        let (letter, first) = (reading(20 * HALF, HALF, 7), Position::new(1, 10));
        let check = |stored: &[RawVersion], meter: &MeterState, expect| {
            assert_eq!(now.of_reading(&letter, first, meter, stored), expect, "{stored:?}");
        };
        check(&[], &known, Prospect::Countable);
        check(&[], &unknown, Prospect::Unregistered);
        // Counted, whether by itself, as another's duplicate, or by what came later.
        check(&[version(&letter, 12)], &known, Prospect::Settled);
        check(&[version(&letter, 3)], &known, Prospect::Settled);
        check(&[version(&reading(20 * HALF, HALF, 8), 12)], &known, Prospect::Settled);
        // A correction of what came before it.
        check(&[version(&reading(20 * HALF, HALF, 8), 3)], &known, Prospect::Countable);
        // The last version counts: this one was corrected since.
        let corrected = [version(&letter, 3), version(&reading(20 * HALF, HALF, 8), 4)];
        check(&corrected, &known, Prospect::Countable);
        // Neighbours are in nobody's way, what covers it is.
        check(&[version(&reading(19 * HALF, HALF, 1), 3)], &known, Prospect::Countable);
        check(&[version(&reading(20 * HALF + 600, 600, 1), 3)], &known, Prospect::Hopeless);
        let hour = version(&reading(20 * HALF, 3600, 1), 3);
        assert_eq!(now.of_reading(&reading(21 * HALF, HALF, 1), first, &known, &[hour]), Prospect::Hopeless);
        for untimely in [reading(0, HALF, 1), reading(40 * HALF, HALF, 1)] {
            assert_eq!(now.of_reading(&untimely, first, &known, &[]), Prospect::Hopeless);
        }
    }

    #[test]
    fn what_becomes_of_a_registration() {
        let london = Geography::london();
        let now = Now { kept_from: UtcSecond(0), known_until: UtcSecond(HALF), geography: &london };
        let letter = |area: &str| Registration {
            meter: MeterId::parse("M").unwrap(),
            area: AreaCode::parse(area).unwrap(),
            dwelling: Dwelling::default(),
        };
        let check = |area: &str, meter: &MeterState, expect| {
            assert_eq!(now.of_registration(&letter(area), Position::new(1, 10), meter), expect, "{area}");
        };
        let none = MeterState::default();
        check("E99999999", &none, Prospect::Hopeless);
        // A borough is no home's.
        check("E09000001", &none, Prospect::Hopeless);
        check("E01000001", &none, Prospect::Countable);
        check("E99999999", &registered("E01000002", 12), Prospect::Settled);
        check("E01000001", &registered("E01000001", 3), Prospect::Settled);
        check("E01000001", &registered("E01000002", 3), Prospect::Countable);
    }
}
