//! Changed aggregate rows, from whoever decides them to every web node.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use engine::{Edition, Envelope, LiveBatch, LiveFeed, LiveNews, Measured, Measurement, StoreError};
use metering::stored::HomeChange;
use metering::wire::{LiveMessage, decode_live, encode_live};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::broadcast;

use crate::metrics::{self, ClientKind, Gathering, KafkaMetrics, Listener};
use crate::producer::{Appender, Outgoing};
use crate::topics::{WITHIN, blocking};
use crate::{KafkaConfig, KafkaError};

/// Batches that a receiver may be behind before it is told that it missed some.
const BEHIND_MAX: usize = 4096;
/// Rows of a message: with all of their homes below a megabyte, which is what brokers take.
const ROWS_MAX: usize = 4000;
const POLL: Duration = Duration::from_millis(100);

/// The topic of changed rows.
pub struct KafkaFeed {
    topic: String,
    appender: Appender,
    sender: broadcast::Sender<Arc<LiveNews>>,
    closed: Arc<AtomicBool>,
    gathering: Gathering,
}

impl KafkaFeed {
    /// Opens the feed. What is published from now on is received, by others and by this process.
    pub async fn open(config: &KafkaConfig) -> Result<Arc<Self>, KafkaError> {
        let topic = config.live();
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let closed = Arc::new(AtomicBool::new(false));
        let gathering = Gathering::default();
        let feed = KafkaFeed {
            appender: Appender::of_kind(ClientKind::Publish, config)?,
            gathering: gathering.clone(),
            topic: topic.clone(),
            sender: sender.clone(),
            closed: closed.clone(),
        };
        let config = config.clone();
        let consumer = blocking(move || at_the_end(&config, &topic, &gathering)).await?;
        std::thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || follow(&consumer, &sender, &closed))
            .map_err(|error| KafkaError::Refused(format!("no thread for the live feed: {error}")))?;
        Ok(Arc::new(feed))
    }

    /// What its clients count, at most a few seconds old.
    pub fn metrics(&self) -> KafkaMetrics {
        self.appender.metrics().and(self.gathering.metrics())
    }
}

impl Measured for KafkaFeed {
    fn measurements(&self) -> Vec<Measurement> {
        self.metrics().measurements()
    }
}

impl Drop for KafkaFeed {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// A consumer that stands where the topic ends now: not "at its end", which it would look up when it is asked first.
fn at_the_end(
    config: &KafkaConfig,
    topic: &str,
    gathering: &Gathering,
) -> Result<BaseConsumer<Listener>, KafkaError> {
    let mut client = config.consumer();
    // Where it stood is gone after a long outage: what is missed then is read from the store.
    client
        .set("auto.offset.reset", "latest")
        .set("statistics.interval.ms", metrics::EVERY.as_millis().to_string());
    let consumer: BaseConsumer<Listener> =
        BaseConsumer::from_config_and_context(&client, gathering.listener(ClientKind::Follow))
            .map_err(|error| config.away(error))?;
    let metadata = consumer.fetch_metadata(Some(topic), WITHIN).map_err(|error| config.away(error))?;
    let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    if partitions == 0 {
        let (brokers, why) = (config.brokers.join(","), format!("there is no topic {topic}"));
        return Err(KafkaError::NotMigrated { brokers, why });
    }
    let mut places = TopicPartitionList::new();
    for partition in 0..partitions as i32 {
        let (_, head) =
            consumer.fetch_watermarks(topic, partition, WITHIN).map_err(|error| config.away(error))?;
        places
            .add_partition_offset(topic, partition, Offset::Offset(head))
            .map_err(|error| config.away(error))?;
    }
    consumer.assign(&places).map_err(|error| config.away(error))?;
    Ok(consumer)
}

fn follow(consumer: &BaseConsumer<Listener>, sender: &broadcast::Sender<Arc<LiveNews>>, closed: &AtomicBool) {
    // Nobody has to listen.
    let tell = |news| drop(sender.send(Arc::new(news)));
    let mut next: HashMap<i32, i64> = HashMap::new();
    // Rows of one moment, of which there are more to come, by partition.
    let mut begun: HashMap<u32, LiveBatch> = HashMap::new();
    while !closed.load(Ordering::Acquire) {
        let message = match consumer.poll(POLL) {
            None => continue,
            Some(Err(error)) => {
                tracing::warn!(%error, "the live feed can't be read");
                continue;
            }
            Some(Ok(message)) => message,
        };
        let (offset, expected) = (message.offset(), next.insert(message.partition(), message.offset() + 1));
        // What this topic keeps is short: who was away for longer goes on behind a gap.
        if expected.is_some_and(|expected| expected != offset) {
            begun.clear();
            tell(LiveNews::Gap);
        }
        match decode_live(message.payload().unwrap_or_default()) {
            Ok(decoded) => {
                let (partition, more) = (decoded.partition, decoded.more);
                let mut batch = begun.remove(&partition).unwrap_or_else(|| nothing_of(&decoded));
                append(&mut batch, decoded);
                if more {
                    begun.insert(partition, batch);
                } else {
                    tell(LiveNews::Rows(batch));
                }
            }
            Err(error) => tracing::warn!(%error, offset, "a live message can't be read"),
        }
    }
}

fn nothing_of(decoded: &LiveMessage) -> LiveBatch {
    let &LiveMessage { partition, edition, newest_ms, oldest_ms, .. } = decoded;
    let (edition, rows, homes) = (Edition(edition), Vec::new(), Vec::new());
    LiveBatch { partition, edition, rows, homes, newest_ms, oldest_ms }
}

/// Whoever looks at rows of one moment looks at all of them: what was seen of the log is told by the newest.
fn append(batch: &mut LiveBatch, decoded: LiveMessage) {
    let first = batch.rows.len() as u32;
    let LiveMessage { edition, rows, homes, newest_ms, .. } = decoded;
    batch.rows.extend(rows);
    batch.homes.extend(homes.into_iter().map(|change| HomeChange { row: change.row + first, ..change }));
    (batch.edition, batch.newest_ms) = (Edition(edition), batch.newest_ms.max(newest_ms));
}

#[async_trait]
impl LiveFeed for KafkaFeed {
    async fn publish(&self, batch: LiveBatch) -> Result<(), StoreError> {
        let LiveBatch { partition, edition, rows, homes, newest_ms, oldest_ms } = batch;
        let (edition, all) = (edition.0, rows.len());
        let mut rows = rows.into_iter();
        let messages = (0..all).step_by(ROWS_MAX).map(|begin| {
            let (first, more) = (begin as u32, begin + ROWS_MAX < all);
            let of_chunk =
                homes.iter().filter(|change| (first..first + ROWS_MAX as u32).contains(&change.row));
            let homes = of_chunk.map(|change| HomeChange { row: change.row - first, ..*change }).collect();
            let rows = rows.by_ref().take(ROWS_MAX).collect();
            let message = LiveMessage { partition, edition, rows, homes, newest_ms, oldest_ms, more };
            Outgoing {
                topic: &self.topic,
                partition: 0,
                record: Envelope {
                    key: Bytes::from(partition.to_string()),
                    value: Bytes::from(encode_live(&message)),
                },
            }
        });
        let sent = self.appender.append(messages.collect()).await;
        sent.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<LiveNews>> {
        self.sender.subscribe()
    }
}
