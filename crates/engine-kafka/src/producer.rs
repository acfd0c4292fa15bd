//! Appends. A batch is durable when every in-sync replica of every record's partition has it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{AppendError, Envelope};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Statistics};
use tokio::sync::oneshot;

use crate::metrics::{self, ClientKind, Gathering, KafkaMetrics, Listener};
use crate::topics::{WITHIN, blocking};
use crate::{KafkaConfig, KafkaError};

/// When to try again what was not taken: a leader is elected within seconds.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long the last records may take at the end.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// A record on its way: where to, and what.
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: u32,
    pub(crate) record: Envelope,
}

/// What becomes of the records of one call.
struct Batch {
    left: AtomicUsize,
    failed: Mutex<Option<ClientError>>,
    done: Mutex<Option<oneshot::Sender<()>>>,
}

impl Batch {
    /// So many more of them are over: acknowledged, or not.
    fn over(&self, count: usize, failed: Option<ClientError>) {
        if let Some(error) = failed {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        if self.left.fetch_sub(count, Ordering::AcqRel) == count
            && let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }
}

struct Deliveries {
    listener: Listener,
}

impl ClientContext for Deliveries {
    fn stats(&self, statistics: Statistics) {
        self.listener.hear(&statistics);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Batch>;

    fn delivery(&self, result: &DeliveryResult<'_>, batch: Arc<Batch>) {
        batch.over(1, result.as_ref().err().map(|(error, _)| error.clone()));
    }
}

type Client = ThreadedProducer<Deliveries>;

/// The producer. After a fatal error a new one takes its place.
pub(crate) struct Appender {
    config: KafkaConfig,
    client: Mutex<Arc<Client>>,
    /// Why the last append failed; none after one that did not.
    trouble: Mutex<Option<String>>,
    kind: ClientKind,
    gathering: Gathering,
}

impl Appender {
    /// Of records.
    pub(crate) fn new(config: &KafkaConfig) -> Result<Self, KafkaError> {
        Self::of_kind(ClientKind::Append, config)
    }

    pub(crate) fn of_kind(kind: ClientKind, config: &KafkaConfig) -> Result<Self, KafkaError> {
        let gathering = Gathering::default();
        let client = client(config, gathering.listener(kind)).map_err(|error| config.away(error))?;
        let client = Mutex::new(Arc::new(client));
        Ok(Appender { config: config.clone(), client, trouble: Mutex::default(), kind, gathering })
    }

    /// What its client counts.
    pub(crate) fn metrics(&self) -> KafkaMetrics {
        self.gathering.metrics()
    }

    /// Why the last append failed, if it did.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_trouble(&self, why: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Sends all, in order, and waits until all are durable.
    pub(crate) async fn append(&self, records: Vec<Outgoing<'_>>) -> Result<(), AppendError> {
        if records.is_empty() {
            return Ok(());
        }
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waiting = client.in_flight_count().max(0) as usize;
        if waiting + records.len() > self.config.unacknowledged_max && waiting > 0 {
            return Err(AppendError::Busy { retry_after: RETRY_AFTER });
        }
        let (done, all_over) = oneshot::channel();
        let batch = Arc::new(Batch {
            left: AtomicUsize::new(records.len()),
            failed: Mutex::default(),
            done: Mutex::new(Some(done)),
        });
        let count = records.len();
        for (number, Outgoing { topic, partition, record }) in records.into_iter().enumerate() {
            let record = BaseRecord::with_opaque_to(topic, batch.clone())
                .partition(partition as i32)
                .key(&record.key[..])
                .payload(&record.value[..]);
            if let Err((error, _)) = client.send(record) {
                batch.over(count - number, Some(error));
                break;
            }
        }
        // Its sender is dropped only when it has been used.
        let _ = all_over.await;
        let failed = batch.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failed {
            None => {
                self.set_trouble(None);
                Ok(())
            }
            Some(ClientError::MessageProduction(RDKafkaErrorCode::QueueFull)) => {
                Err(AppendError::Busy { retry_after: RETRY_AFTER })
            }
            Some(error) => {
                self.replace_if_broken(&client);
                self.set_trouble(Some(error.to_string()));
                Err(AppendError::Unavailable { reason: error.to_string(), retry_after: RETRY_AFTER })
            }
        }
    }

    /// Asks for a topic's partitions, so that records for new ones are taken from now on.
    pub(crate) async fn learn_of(&self, topic: &str, partitions: u32) -> Result<(), KafkaError> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (config, topic) = (self.config.clone(), topic.to_owned());
        blocking(move || {
            let metadata = client.client().fetch_metadata(Some(&topic), WITHIN);
            let metadata = metadata.map_err(|error| config.away(error))?;
            let there = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
            if there < partitions as usize {
                return Err(config.away(format!("topic {topic} has {there} partitions, not {partitions}")));
            }
            Ok(())
        })
        .await
    }

    /// An idempotent producer that can't keep its promise any more takes nothing ever again.
    fn replace_if_broken(&self, broken: &Arc<Client>) {
        let Some((code, why)) = broken.client().fatal_error() else { return };
        tracing::error!(%code, %why, "the producer can't go on; another one takes its place");
        let mut current = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, broken)
            && let Ok(fresh) = client(&self.config, self.gathering.listener(self.kind))
        {
            *current = Arc::new(fresh);
        }
    }

    /// Waits for what is under way.
    pub(crate) async fn flush(&self) {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // What is not acknowledged by then was not promised to anybody.
        let _ = tokio::task::spawn_blocking(move || client.flush(FLUSH_WITHIN)).await;
    }
}

fn client(config: &KafkaConfig, listener: Listener) -> Result<Client, ClientError> {
    let mut client = config.client();
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("linger.ms", "5")
        .set("batch.num.messages", "20000")
        .set("message.timeout.ms", config.append_within.as_millis().to_string())
        .set("queue.buffering.max.messages", config.unacknowledged_max.to_string())
        .set("queue.buffering.max.kbytes", "262144")
        .set("statistics.interval.ms", metrics::EVERY.as_millis().to_string());
    Client::from_config_and_context(&client, Deliveries { listener })
}
