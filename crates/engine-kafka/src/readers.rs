//! Reads. Whoever follows a partition has a consumer of its own, which reads ahead within bounds; it belongs to no
//! group, so that nobody else's coming and going disturbs it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::{LogError, LogRecord};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::KafkaConfig;
use crate::metrics::{self, ClientKind, Gathering, Listener};

/// Records that a reader hands over together.
const BATCH: usize = 1000;
/// And bytes, about: another producer's records may be large.
const BATCH_BYTES: usize = 1 << 20;
/// Batches that may wait for whoever reads.
const BATCHES_AHEAD: usize = 2;
const POLL: Duration = Duration::from_millis(100);
/// How long a reader waits for somebody to take what it has read. One that is not asked does not poll, and what its
/// client has to say heaps up.
const WAITS: Duration = Duration::from_secs(60);

/// Why a partition can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// The log no longer has the place, or not yet.
    OutOfRange,
    /// Anything else.
    Away(String),
}

impl From<ClientError> for ReadError {
    fn from(error: ClientError) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => {
                ReadError::OutOfRange
            }
            _ => ReadError::Away(error.to_string()),
        }
    }
}

type Batch = Result<Vec<LogRecord>, ReadError>;

/// A thread that reads a partition from some offset on.
struct Reader {
    /// The offset of the first record that it has not given yet.
    next: i64,
    ready: VecDeque<LogRecord>,
    batches: mpsc::Receiver<Batch>,
}

/// The readers of a topic's partitions.
pub(crate) struct Readers {
    config: KafkaConfig,
    topic: String,
    /// By partition the last one that was read from, as long as nobody reads from it.
    idle: Mutex<HashMap<u32, Reader>>,
    gathering: Gathering,
}

/// A reader that goes back when whoever reads is done, or has lost interest.
struct Taken<'a> {
    readers: &'a Readers,
    partition: u32,
    reader: Option<Reader>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            // The thread of the one before ends when it finds nobody to give to.
            self.readers.idle().insert(self.partition, reader);
        }
    }
}

impl Readers {
    pub(crate) fn new(config: &KafkaConfig, topic: String, gathering: Gathering) -> Self {
        Readers { config: config.clone(), topic, idle: Mutex::default(), gathering }
    }

    /// Up to `max` records from `from` on; waits until there is one.
    pub(crate) async fn read(
        &self,
        partition: u32,
        from: i64,
        max: usize,
    ) -> Result<Vec<LogRecord>, ReadError> {
        let mut taken = self.take(partition, from)?;
        let Some(reader) = &mut taken.reader else {
            return Err(ReadError::Away("a reader was lost".to_owned()));
        };
        let mut was_started_again = false;
        while reader.ready.is_empty() {
            match reader.batches.recv().await {
                Some(Ok(batch)) => reader.ready.extend(batch),
                Some(Err(error)) => {
                    taken.reader = None;
                    return Err(error);
                }
                // It had waited too long.
                None if !was_started_again => {
                    *reader = self.start(partition, from)?;
                    was_started_again = true;
                }
                None => {
                    taken.reader = None;
                    return Err(ReadError::Away(format!("reading partition {partition} has ended")));
                }
            }
        }
        let count = max.min(reader.ready.len());
        let records: Vec<LogRecord> = reader.ready.drain(..count).collect();
        if let Some(last) = records.last() {
            reader.next = last.offset + 1;
        }
        Ok(records)
    }

    /// The reader that stands there, or another one.
    fn take(&self, partition: u32, from: i64) -> Result<Taken<'_>, ReadError> {
        let standing = self.idle().remove(&partition);
        let reader = match standing.filter(|reader| reader.next == from) {
            Some(reader) => reader,
            None => self.start(partition, from)?,
        };
        Ok(Taken { readers: self, partition, reader: Some(reader) })
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<u32, Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, partition: u32, from: i64) -> Result<Reader, ReadError> {
        let mut client = self.config.consumer();
        client.set("statistics.interval.ms", metrics::EVERY.as_millis().to_string());
        let context = self.gathering.listener(ClientKind::Read);
        let consumer = BaseConsumer::from_config_and_context(&client, context)?;
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(&self.topic, partition as i32, Offset::Offset(from))?;
        consumer.assign(&place)?;
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        std::thread::Builder::new()
            .name(format!("read-{partition}"))
            .spawn(move || follow(&consumer, from, &sender))
            .map_err(|error| ReadError::Away(format!("no thread to read with: {error}")))?;
        Ok(Reader { next: from, ready: VecDeque::new(), batches })
    }
}

/// Reads until there is nobody to give to, or something is wrong.
fn follow(consumer: &BaseConsumer<Listener>, from: i64, sender: &mpsc::Sender<Batch>) {
    let mut next = from;
    while !sender.is_closed() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let mut wait = POLL;
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            match consumer.poll(wait) {
                Some(Ok(message)) => {
                    bytes += message.key_len() + message.payload_len();
                    batch.push(record(&message, next));
                    next = message.offset() + 1;
                }
                // What passes by itself: librdkafka connects again.
                Some(Err(ClientError::MessageConsumption(code))) if passes(code) => break,
                Some(Err(error)) => {
                    let _ = give(sender, Ok(batch)) && give(sender, Err(error.into()));
                    return;
                }
                None => break,
            }
            // Only what is there already.
            wait = Duration::ZERO;
        }
        if !batch.is_empty() && !give(sender, Ok(batch)) {
            return;
        }
    }
}

/// Gives a batch to whoever reads; tells whether somebody took it.
fn give(sender: &mpsc::Sender<Batch>, mut batch: Batch) -> bool {
    let begun = Instant::now();
    let mut wait = Duration::from_millis(1);
    loop {
        batch = match sender.try_send(batch) {
            Ok(()) => return true,
            Err(TrySendError::Closed(_)) => return false,
            Err(TrySendError::Full(_)) if begun.elapsed() > WAITS => return false,
            Err(TrySendError::Full(batch)) => batch,
        };
        std::thread::sleep(wait);
        wait = (wait * 2).min(POLL);
    }
}

pub(crate) fn passes(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::OperationTimedOut
    )
}

/// `next` is the offset that would have followed.
fn record(message: &BorrowedMessage<'_>, next: i64) -> LogRecord {
    let bytes = |part: Option<&[u8]>| part.map_or_else(Bytes::new, Bytes::copy_from_slice);
    LogRecord {
        offset: message.offset(),
        passed_over: message.offset() - next,
        appended_ms: message.timestamp().to_millis().unwrap_or(0),
        key: bytes(message.key()),
        value: bytes(message.payload()),
    }
}

pub(crate) fn unavailable(error: ClientError) -> LogError {
    LogError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_gone_is_told_from_brokers_that_are_away() {
        let gone = ClientError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset);
        assert_eq!(ReadError::from(gone), ReadError::OutOfRange);
        let away = ReadError::from(ClientError::MessageConsumption(RDKafkaErrorCode::AllBrokersDown));
        assert!(matches!(away, ReadError::Away(_)), "{away:?}");
    }

    #[test]
    fn nobody_has_to_take_what_was_read() {
        let (sender, receiver) = mpsc::channel(1);
        assert!(give(&sender, Ok(Vec::new())));
        drop(receiver);
        assert!(!give(&sender, Ok(Vec::new())));
    }
}
