//! When records were appended: of a record or two, whoever asks wants to know nothing else. That takes no reader, which is
//! for those who go on: it would fetch what follows as well.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::metrics::{self, Gathering, Listener};
use crate::{ClientKind, KafkaConfig};

/// How long an answer may take. There may be none: where the log has used the last places itself.
const WITHIN: Duration = Duration::from_secs(1);

/// What is heard of a client at once that nobody asks: it has something to say every five seconds.
const HEARD_AT_ONCE: usize = 32;

/// How long what is known of a place stands, and that nothing is: who stands still is asked about again and again.
const KNOWN_FOR: Duration = Duration::from_secs(30);

/// Who asks when records were appended.
pub(crate) struct Moments {
    config: KafkaConfig,
    topic: String,
    gathering: Gathering,
    /// Made for the first question.
    consumer: Option<BaseConsumer<Listener>>,
    /// By partition, what was asked last.
    known: HashMap<u32, Known>,
}

/// What is known of the record at an offset.
struct Known {
    offset: i64,
    appended_ms: Option<i64>,
    since: Instant,
}

impl Moments {
    pub(crate) fn new(config: &KafkaConfig, topic: String, gathering: Gathering) -> Self {
        Moments { config: config.clone(), topic, gathering, consumer: None, known: HashMap::new() }
    }

    /// Of each place (a partition, an offset; one a partition) when the record was appended that stands there, or next to it
    /// where the log has used the place itself, or is the oldest where the place is gone; none where that is not known in
    /// time. Blocks.
    pub(crate) fn appended_ms(&mut self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, ClientError> {
        self.known.retain(|_, known| known.since.elapsed() < KNOWN_FOR);
        let is_known = |(partition, offset): &(u32, i64)| {
            self.known.get(partition).is_some_and(|known| known.offset == *offset)
        };
        let wanted: Vec<(u32, i64)> = places.iter().filter(|place| !is_known(place)).copied().collect();
        if !wanted.is_empty() {
            let answers = self.ask(&wanted)?;
            for (partition, offset) in wanted {
                let appended_ms = answers.get(&partition).copied();
                self.known.insert(partition, Known { offset, appended_ms, since: Instant::now() });
            }
        }
        Ok(places.iter().map(|(partition, _)| self.known.get(partition)?.appended_ms).collect())
    }

    /// Hears what the client has to say, where nothing is asked.
    pub(crate) fn rest(&self) -> Result<(), ClientError> {
        if let Some(consumer) = &self.consumer {
            // Each takes one thing at most, and says nothing of it.
            for _ in 0..HEARD_AT_ONCE {
                consumer.poll(Duration::ZERO);
            }
        }
        Ok(())
    }

    fn ask(&mut self, places: &[(u32, i64)]) -> Result<HashMap<u32, i64>, ClientError> {
        let consumer = match &mut self.consumer {
            Some(consumer) => consumer,
            none => none.insert(made(&self.config, &self.gathering)?),
        };
        let mut assigned = TopicPartitionList::new();
        for &(partition, offset) in places {
            assigned.add_partition_offset(&self.topic, partition as i32, Offset::Offset(offset))?;
        }
        consumer.assign(&assigned)?;
        let answers = first_of_each(consumer, &self.topic, places.len());
        // Who was paused would stay so when assigned again.
        consumer.resume(&assigned)?;
        consumer.unassign()?;
        answers
    }
}

fn made(config: &KafkaConfig, gathering: &Gathering) -> Result<BaseConsumer<Listener>, ClientError> {
    let mut client = config.peeking();
    client.set("statistics.interval.ms", metrics::EVERY.as_millis().to_string());
    BaseConsumer::from_config_and_context(&client, gathering.listener(ClientKind::Ask))
}

/// When the first record that comes of each partition was appended, of so many partitions.
fn first_of_each(
    consumer: &BaseConsumer<Listener>,
    topic: &str,
    partitions: usize,
) -> Result<HashMap<u32, i64>, ClientError> {
    let mut first = HashMap::new();
    let until = Instant::now() + WITHIN;
    while first.len() < partitions && Instant::now() < until {
        match consumer.poll(until.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) => {
                let appended_ms = message.timestamp().to_millis().unwrap_or(0);
                if first.insert(message.partition() as u32, appended_ms).is_none() {
                    // What follows is not wanted, and would be fetched while others are waited for.
                    let mut answered = TopicPartitionList::new();
                    answered.add_partition(topic, message.partition());
                    consumer.pause(&answered)?;
                }
            }
            // Of one place that is gone, perhaps: the others are answered all the same.
            Some(Err(error)) => tracing::debug!(%error, "when records were appended is not known"),
            None => {}
        }
    }
    Ok(first)
}
