//! Logs.

use bytes::Bytes;
use metering::wire::{Record, partition_of};
use metering::{MeterId, Position};

use crate::LogRecordRef;
use metering::Generation;

/// Of the generations that are announced.
pub(super) const TOKEN: u64 = 7;

/// A record and, for the oracle, what its producer meant.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) appended_ms: i64,
    pub(super) key: Bytes,
    pub(super) value: Bytes,
    pub(super) meant: Meant,
}

#[derive(Debug, Clone)]
pub(super) enum Meant {
    Record(Record),
    /// Bytes of another producer.
    Nonsense,
}

impl Entry {
    pub(super) fn new(key: &str, record: Record, appended_ms: i64) -> Self {
        let value = record.encode().into();
        Entry {
            appended_ms,
            key: Bytes::copy_from_slice(key.as_bytes()),
            value,
            meant: Meant::Record(record),
        }
    }

    fn marker(generation: Generation) -> Self {
        Entry::new("", Record::GenerationBegins(generation), 0)
    }

    pub(super) fn at(&self, offset: i64) -> LogRecordRef<'_> {
        LogRecordRef { offset, appended_ms: self.appended_ms, key: &self.key, value: &self.value }
    }

    pub(super) fn begins(&self) -> Option<u32> {
        match self.meant {
            Meant::Record(Record::GenerationBegins(begins)) => Some(begins.generation),
            _ => None,
        }
    }
}

/// A log, from its creation on.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) generations: Vec<Generation>,
    pub(super) partitions: Vec<Vec<Entry>>,
    /// Of each partition, the oldest offset that is still there.
    pub(super) log_start: Vec<i64>,
}

impl Topic {
    pub(super) fn new(generation: u32, partitions: u32) -> Self {
        let generation = Generation { generation, partitions, token: TOKEN };
        Topic {
            generations: vec![generation],
            partitions: vec![vec![Entry::marker(generation)]; partitions as usize],
            log_start: vec![0; partitions as usize],
        }
    }

    pub(super) fn first_generation(&self) -> u32 {
        self.generations[0].generation
    }

    pub(super) fn last(&self) -> Generation {
        self.generations[self.generations.len() - 1]
    }

    pub(super) fn grow(&mut self, more: usize) {
        self.partitions.extend(vec![Vec::new(); more]);
        self.log_start.extend(vec![0; more]);
        let partitions = self.partitions.len() as u32;
        let generation = Generation { generation: self.last().generation + 1, partitions, token: TOKEN };
        self.generations.push(generation);
        for log in &mut self.partitions {
            log.push(Entry::marker(generation));
        }
    }

    pub(super) fn home(&self, meter: &MeterId, generation: u32) -> usize {
        let found =
            self.generations.iter().find(|g| g.generation == generation).expect("a generation of the log");
        partition_of(meter.as_str().as_bytes(), found.partitions) as usize
    }

    /// The position of a record, with the generation that is in force there.
    pub(super) fn position(&self, partition: usize, offset: i64) -> Position {
        let log = &self.partitions[partition][..=offset as usize];
        let generation = log.iter().rev().find_map(Entry::begins).unwrap_or(self.first_generation());
        Position::new(generation, offset)
    }
}
