//! Reads. Whoever follows a partition has a consumer of its own, which reads ahead within bounds; it belongs to no
//! group, so that nobody else's coming and going disturbs it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use engine::{LogError, LogRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;

use crate::KafkaConfig;

/// Records that a reader hands over together.
const BATCH: usize = 1000;
/// Batches that may wait for whoever reads.
const BATCHES_AHEAD: usize = 2;
/// Readers of a partition that are kept although nobody reads: that of its owner, and that of whoever looks at it.
const KEPT: usize = 2;
const POLL: Duration = Duration::from_millis(100);

type Batch = Result<Vec<LogRecord>, ClientError>;

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
    /// Those that nobody reads from at the moment.
    idle: Mutex<HashMap<u32, Vec<Reader>>>,
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
            let mut idle = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let of_partition = idle.entry(self.partition).or_default();
            of_partition.push(reader);
            if of_partition.len() > KEPT {
                // Its thread ends when it finds nobody to give to.
                of_partition.remove(0);
            }
        }
    }
}

impl Readers {
    pub(crate) fn new(config: &KafkaConfig, topic: String) -> Self {
        Readers { config: config.clone(), topic, idle: Mutex::default() }
    }

    /// Up to `max` records from `from` on; waits until there is one.
    pub(crate) async fn read(
        &self,
        partition: u32,
        from: i64,
        max: usize,
    ) -> Result<Vec<LogRecord>, LogError> {
        let mut taken = self.take(partition, from)?;
        let Some(reader) = &mut taken.reader else {
            return Err(LogError::Unavailable("a reader was lost".to_owned()));
        };
        while reader.ready.is_empty() {
            match reader.batches.recv().await {
                Some(Ok(batch)) => reader.ready.extend(batch),
                Some(Err(error)) => {
                    taken.reader = None;
                    return Err(unavailable(error));
                }
                None => {
                    taken.reader = None;
                    return Err(LogError::Unavailable(format!("reading partition {partition} has ended")));
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
    fn take(&self, partition: u32, from: i64) -> Result<Taken<'_>, LogError> {
        let standing = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let of_partition = idle.entry(partition).or_default();
            let found = of_partition.iter().position(|reader| reader.next == from);
            found.map(|at| of_partition.remove(at))
        };
        let reader = match standing {
            Some(reader) => reader,
            None => self.start(partition, from)?,
        };
        Ok(Taken { readers: self, partition, reader: Some(reader) })
    }

    fn start(&self, partition: u32, from: i64) -> Result<Reader, LogError> {
        let consumer: BaseConsumer = self.config.consumer().create().map_err(unavailable)?;
        let mut place = TopicPartitionList::new();
        place
            .add_partition_offset(&self.topic, partition as i32, Offset::Offset(from))
            .and_then(|()| consumer.assign(&place))
            .map_err(unavailable)?;
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        std::thread::Builder::new()
            .name(format!("read-{partition}"))
            .spawn(move || follow(&consumer, &sender))
            .map_err(|error| LogError::Unavailable(format!("no thread to read with: {error}")))?;
        Ok(Reader { next: from, ready: VecDeque::new(), batches })
    }
}

/// Reads until there is nobody to give to, or something is wrong.
fn follow(consumer: &BaseConsumer, sender: &mpsc::Sender<Batch>) {
    while !sender.is_closed() {
        let mut batch = Vec::new();
        let mut wait = POLL;
        while batch.len() < BATCH {
            match consumer.poll(wait) {
                Some(Ok(message)) => batch.push(record(&message)),
                // What passes by itself: librdkafka connects again.
                Some(Err(ClientError::MessageConsumption(code))) if passes(code) => break,
                Some(Err(error)) => {
                    let _ = sender.blocking_send(Ok(batch));
                    let _ = sender.blocking_send(Err(error));
                    return;
                }
                None => break,
            }
            // Only what is there already.
            wait = Duration::ZERO;
        }
        if !batch.is_empty() && sender.blocking_send(Ok(batch)).is_err() {
            return;
        }
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

fn record(message: &BorrowedMessage<'_>) -> LogRecord {
    let bytes = |part: Option<&[u8]>| part.map_or_else(Bytes::new, Bytes::copy_from_slice);
    LogRecord {
        offset: message.offset(),
        appended_ms: message.timestamp().to_millis().unwrap_or(0),
        key: bytes(message.key()),
        value: bytes(message.payload()),
    }
}

pub(crate) fn unavailable(error: ClientError) -> LogError {
    LogError::Unavailable(error.to_string())
}

/// Whether a place in the log is one that it no longer has, or not yet.
pub(crate) fn is_out_of_range(error: &LogError) -> bool {
    matches!(error, LogError::Unavailable(why) if why.contains("OffsetOutOfRange") || why.contains("AutoOffsetReset"))
}
