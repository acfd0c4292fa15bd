//! The log, as the port wants it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::{AppendError, Envelope, LogError, LogRecord, Measured, Measurement, ReadingLog};
use metering::wire::partition_of;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::metrics::KafkaMetrics;
use crate::producer::{Appender, Outgoing};
use crate::readers::{ReadError, Readers, unavailable};
use crate::topics::{Generation, partitions_of};
use crate::{KafkaConfig, KafkaError};

/// How long a question to the brokers may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The topic of the readings.
pub struct KafkaLog {
    config: KafkaConfig,
    topic: String,
    generation: Generation,
    appender: Appender,
    readers: Readers,
    /// Asks about the topic, and reads nothing.
    asker: Arc<BaseConsumer>,
}

impl KafkaLog {
    /// Opens the log in the generation that the last migration has begun.
    pub async fn open(config: &KafkaConfig, generation: Generation) -> Result<Arc<Self>, KafkaError> {
        let topic = config.readings();
        let there = partitions_of(config, &topic).await?;
        if there != generation.partitions {
            return Err(KafkaError::NotMigrated {
                brokers: config.brokers.join(","),
                why: format!("topic {topic} has {there} partitions, not {}", generation.partitions),
            });
        }
        let asker = config.consumer().create().map_err(|error| config.away(error))?;
        Ok(Arc::new(KafkaLog {
            appender: Appender::new(config)?,
            readers: Readers::new(config, topic.clone()),
            asker: Arc::new(asker),
            config: config.clone(),
            topic,
            generation,
        }))
    }

    /// Waits for what is under way.
    pub async fn close(&self) {
        self.appender.flush().await;
    }

    /// What its clients count, at most a few seconds old.
    pub fn metrics(&self) -> KafkaMetrics {
        self.appender.metrics().and(self.readers.metrics())
    }

    /// First and next offset of a partition.
    async fn marks(&self, partition: u32) -> Result<(i64, i64), LogError> {
        if partition >= self.generation.partitions {
            return Err(LogError::Unavailable(format!("topic {} has no partition {partition}", self.topic)));
        }
        let (asker, topic) = (self.asker.clone(), self.topic.clone());
        let ask = move || asker.fetch_watermarks(&topic, partition as i32, ANSWER_WITHIN);
        match tokio::task::spawn_blocking(ask).await {
            Ok(answer) => answer.map_err(unavailable),
            Err(panic) => Err(LogError::Unavailable(panic.to_string())),
        }
    }
}

impl Measured for KafkaLog {
    fn measurements(&self) -> Vec<Measurement> {
        self.metrics().measurements()
    }
}

#[async_trait]
impl ReadingLog for KafkaLog {
    fn partitions(&self) -> u32 {
        self.generation.partitions
    }

    fn generation(&self) -> u32 {
        self.generation.generation
    }

    async fn append(&self, records: Vec<Envelope>) -> Result<(), AppendError> {
        let outgoing = |record: Envelope| Outgoing {
            topic: &self.topic,
            partition: partition_of(&record.key, self.generation.partitions),
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
        if partition >= self.generation.partitions {
            return Err(LogError::Unavailable(format!("topic {} has no partition {partition}", self.topic)));
        }
        match self.readers.read(partition, from, max).await {
            Ok(records) => Ok(records),
            Err(ReadError::Away(why)) => Err(LogError::Unavailable(why)),
            Err(ReadError::OutOfRange) => match self.marks(partition).await? {
                (first, _) if from < first => Err(LogError::Gone { partition, wanted: from, first }),
                (_, head) => Err(LogError::Unavailable(format!(
                    "partition {partition} ends at offset {head}, before offset {from}"
                ))),
            },
        }
    }

    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        Ok(self.marks(partition).await?.1)
    }

    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        Ok(self.marks(partition).await?.0)
    }

    async fn commit(&self, _partition: u32, _offset: i64) -> Result<(), LogError> {
        // The topic forgets by its own retention.
        Ok(())
    }
}
