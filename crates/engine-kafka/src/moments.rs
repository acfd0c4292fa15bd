//! When records were appended: of a record or two, whoever asks wants to know nothing else. That takes no reader, which is
//! for those who go on: it would fetch what follows as well.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::KafkaConfig;

/// How long an answer may take. There may be none: an offset that holds no record yet.
const WITHIN: Duration = Duration::from_secs(2);

/// Who asks when records were appended.
pub(crate) struct Moments {
    config: KafkaConfig,
    topic: String,
    /// Made for the first question; one question after the other.
    consumer: Mutex<Option<BaseConsumer>>,
}

impl Moments {
    pub(crate) fn new(config: &KafkaConfig, topic: String) -> Self {
        Moments { config: config.clone(), topic, consumer: Mutex::default() }
    }

    /// Of each place (a partition, an offset) when the record was appended that stands there, or next to it where the log
    /// has used the place itself; none where that is not known in time. Blocks.
    pub(crate) fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, ClientError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let mut consumer = self.consumer.lock().unwrap_or_else(PoisonError::into_inner);
        let consumer = match &mut *consumer {
            Some(consumer) => consumer,
            none => none.insert(self.consumer()?),
        };
        let mut assigned = TopicPartitionList::new();
        for &(partition, offset) in places {
            assigned.add_partition_offset(&self.topic, partition as i32, Offset::Offset(offset))?;
        }
        consumer.assign(&assigned)?;
        let first = first_of_each(consumer, places.len());
        consumer.unassign()?;
        Ok(places.iter().map(|(partition, _)| first.get(partition).copied()).collect())
    }

    /// One that fetches as little as brokers give: a batch of records.
    fn consumer(&self) -> Result<BaseConsumer, ClientError> {
        let mut client = self.config.consumer();
        client
            .set("fetch.message.max.bytes", "1")
            .set("queued.min.messages", "1")
            .set("fetch.wait.max.ms", "10");
        BaseConsumer::from_config(&client)
    }
}

/// When the first record that comes of each partition was appended, of so many partitions.
fn first_of_each(consumer: &BaseConsumer, partitions: usize) -> HashMap<u32, i64> {
    let mut first = HashMap::new();
    let until = Instant::now() + WITHIN;
    while first.len() < partitions && Instant::now() < until {
        match consumer.poll(until.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) => {
                let appended_ms = message.timestamp().to_millis().unwrap_or(0);
                first.entry(message.partition() as u32).or_insert(appended_ms);
            }
            // Of one place that is gone, perhaps: the others are answered all the same.
            Some(Err(error)) => tracing::debug!(%error, "when records were appended is not known"),
            None => {}
        }
    }
    first
}
