//! The log, as the port wants it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::{AppendError, Envelope, LogError, LogRecord, Measured, Measurement, ReadingLog};
use metering::Generation;
use metering::wire::partition_of;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};

use crate::metrics::{Gathering, KafkaMetrics};
use crate::moments::Moments;
use crate::producer::{Appender, Outgoing};
use crate::readers::{ReadError, Readers, unavailable};
use crate::topics::partitions_of;
use crate::{KafkaConfig, KafkaError, settings};

/// How long a question to the brokers may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How much a client says at most between two questions: a line of its log each.
const SAID_AT_ONCE: usize = 8;

/// How long a partition may be shorter than what was read of it: a broker that has just become the leader may not know its
/// end yet.
const SHORTER_LOG_PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How far the owners of this process say that the store is, by partition: what is committed to the group.
pub(crate) type Stored = Arc<Mutex<HashMap<u32, i64>>>;

/// The topic of the readings.
pub struct KafkaLog {
    config: KafkaConfig,
    topic: String,
    generations: RwLock<Vec<Generation>>,
    /// Partitions of the topic, as far as it is known: of a generation that is about to begin, too.
    partitions: AtomicU32,
    appender: Appender,
    readers: Readers,
    moments: Arc<tokio::sync::Mutex<Moments>>,
    /// What its consumers count.
    gathering: Gathering,
    /// Asks about the topic, and reads nothing.
    asker: Arc<BaseConsumer>,
    stored: Stored,
    may_append: Mutex<MayAppend>,
    keeps: Option<Duration>,
}

/// Until when records may be appended by the partitions that are known.
#[derive(Debug, Clone, Copy)]
enum MayAppend {
    /// Nobody adds partitions that this process would not know of.
    Always,
    Until(Instant),
}

impl KafkaLog {
    /// Opens the log, of which migrations have begun these generations.
    pub async fn open(config: &KafkaConfig, generations: Vec<Generation>) -> Result<Arc<Self>, KafkaError> {
        let topic = config.readings();
        let there = partitions_of(config, &topic).await?;
        let wanted = generations.last().map_or(1, |last| last.partitions);
        if there < wanted || generations.is_empty() {
            return Err(KafkaError::NotMigrated {
                brokers: config.brokers.join(","),
                why: format!("topic {topic} has {there} partitions, not {wanted}"),
            });
        }
        let keeps = settings::check(config).await?;
        let asker = config.consumer().create().map_err(|error| config.away(error))?;
        let gathering = Gathering::default();
        Ok(Arc::new(KafkaLog {
            appender: Appender::new(config)?,
            readers: Readers::new(config, topic.clone(), gathering.clone()),
            moments: Arc::new(Moments::new(config, topic.clone(), gathering.clone()).into()),
            gathering,
            asker: Arc::new(asker),
            config: config.clone(),
            topic,
            generations: RwLock::new(generations),
            partitions: AtomicU32::new(there),
            stored: Stored::default(),
            may_append: Mutex::new(MayAppend::Always),
            keeps,
        }))
    }

    /// How long the topic kept records when it was opened; none where that may not be known.
    pub fn keeps(&self) -> Option<Duration> {
        self.keeps
    }

    /// Takes note that a migration has begun more generations: what is appended from now on goes to their partitions.
    pub async fn begin(&self, generations: Vec<Generation>) -> Result<(), KafkaError> {
        self.look_up_partitions().await?;
        let wanted = generations.last().map_or(1, |last| last.partitions);
        self.appender.learn_of(&self.topic, wanted).await?;
        *self.generations.write().unwrap_or_else(PoisonError::into_inner) = generations;
        Ok(())
    }

    /// Appends only until then, unless it is said again. Whoever adds partitions waits until nobody appends by the old ones
    /// any more: else two records about one reading could be in two partitions, and nobody would know which came last.
    pub fn append_until(&self, end: Instant) {
        *self.may_append.lock().unwrap_or_else(PoisonError::into_inner) = MayAppend::Until(end);
    }

    /// How many partitions the topic has now.
    pub async fn partitions_there(&self) -> Result<u32, LogError> {
        let metadata = self.ask(|asker, topic| asker.fetch_metadata(Some(topic), ANSWER_WITHIN)).await?;
        Ok(metadata.topics().first().map_or(0, |topic| topic.partitions().len()) as u32)
    }

    /// Asks the brokers about the topic, which blocks.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer, &str) -> Result<T, ClientError> + Send + 'static,
    ) -> Result<T, LogError> {
        let (asker, topic) = (self.asker.clone(), self.topic.clone());
        blocking(move || {
            let answer = question(&asker, &topic);
            // It reads nothing, but what its client has to say would heap up, and be said when it is closed.
            for _ in 0..SAID_AT_ONCE {
                drop(asker.poll(Duration::ZERO));
            }
            answer
        })
        .await
    }

    /// How far owners say that the store is.
    pub(crate) fn stored(&self) -> Stored {
        self.stored.clone()
    }

    pub(crate) fn config(&self) -> &KafkaConfig {
        &self.config
    }

    async fn look_up_partitions(&self) -> Result<u32, KafkaError> {
        let there = partitions_of(&self.config, &self.topic).await?;
        self.partitions.fetch_max(there, Ordering::AcqRel);
        Ok(there)
    }

    /// Partitions may be added while this runs.
    async fn expect(&self, partition: u32) -> Result<(), LogError> {
        if partition < self.partitions.load(Ordering::Acquire) {
            return Ok(());
        }
        match self.look_up_partitions().await {
            Ok(there) if partition < there => Ok(()),
            Ok(_) => Err(LogError::Unavailable(format!("topic {} has no partition {partition}", self.topic))),
            Err(error) => Err(LogError::Unavailable(error.to_string())),
        }
    }

    /// Waits for what is under way.
    pub async fn close(&self) {
        self.appender.flush().await;
    }

    /// What its clients count, at most a few seconds old.
    pub fn metrics(&self) -> KafkaMetrics {
        self.appender.metrics().and(self.gathering.metrics())
    }

    /// Where its consumers are listened to.
    pub(crate) fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    /// First and next offset of a partition.
    async fn marks(&self, partition: u32) -> Result<(i64, i64), LogError> {
        self.expect(partition).await?;
        self.ask(move |asker, topic| {
            let marks = || asker.fetch_watermarks(topic, partition as i32, ANSWER_WITHIN);
            match marks() {
                // What it remembers of the topic may be from before partitions were added.
                Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition) => {
                    asker.fetch_metadata(Some(topic), ANSWER_WITHIN).and_then(|_| marks())
                }
                outcome => outcome,
            }
        })
        .await
    }
}

impl Measured for KafkaLog {
    fn measurements(&self) -> Vec<Measurement> {
        self.metrics().measurements()
    }
}

#[async_trait]
impl ReadingLog for KafkaLog {
    fn generations(&self) -> Vec<Generation> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn append(&self, records: Vec<Envelope>) -> Result<(), AppendError> {
        let may_append = *self.may_append.lock().unwrap_or_else(PoisonError::into_inner);
        if let MayAppend::Until(end) = may_append
            && Instant::now() > end
        {
            let reason = "it is not known whether partitions are being added".to_owned();
            return Err(AppendError::Unavailable { reason, retry_after: Duration::from_secs(1) });
        }
        let partitions = self.partitions();
        let outgoing = |record: Envelope| Outgoing {
            topic: &self.topic,
            partition: partition_of(&record.key, partitions),
            record,
        };
        self.appender.append(records.into_iter().map(outgoing).collect()).await
    }

    async fn refuses(&self) -> Option<String> {
        // Without trouble there is nothing to be asked; with it the brokers are asked, or it would never end.
        let why = self.appender.trouble()?;
        match partitions_of(&self.config, &self.topic).await {
            Ok(_) => {
                self.appender.set_trouble(None);
                None
            }
            Err(_) => Some(why),
        }
    }

    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.expect(partition).await?;
        let begun = Instant::now();
        loop {
            match self.readers.read(partition, from, max).await {
                Ok(records) => return Ok(records),
                Err(ReadError::Away(why)) => return Err(LogError::Unavailable(why)),
                Err(ReadError::OutOfRange) => {}
            }
            let (first, head) = self.marks(partition).await?;
            if from < first {
                return Err(LogError::Gone { partition, wanted: from, first });
            }
            // It goes on where it ended, so to wait until it is long enough would be to pass over what comes meanwhile.
            if from > head && begun.elapsed() > SHORTER_LOG_PATIENCE {
                return Err(LogError::Corrupt(format!(
                    "partition {partition} of {} ends at offset {head}, and {from} was to be next: records were lost, or \
                     it is another topic, which `wattmap migrate` begins",
                    self.topic
                )));
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    async fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, LogError> {
        if places.is_empty() {
            // What a client has to say heaps up unless it is heard.
            if let Ok(moments) = self.moments.clone().try_lock_owned() {
                blocking(move || moments.rest()).await?;
            }
            return Ok(Vec::new());
        }
        // One question after the other; who no longer waits asks nothing.
        let (mut moments, places) = (self.moments.clone().lock_owned().await, places.to_vec());
        blocking(move || moments.appended_ms(&places)).await
    }

    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        Ok(self.marks(partition).await?.1)
    }

    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        Ok(self.marks(partition).await?.0)
    }

    async fn commit(&self, partition: u32, offset: i64) -> Result<(), LogError> {
        // For those who watch the group: the topic forgets by its own retention.
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, offset + 1);
        Ok(())
    }
}

/// librdkafka's calls block.
async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(question).await {
        Ok(answer) => answer.map_err(unavailable),
        Err(panic) => Err(LogError::Unavailable(panic.to_string())),
    }
}
