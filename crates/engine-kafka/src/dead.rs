//! Dead letters, for others than the store.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use engine::{DeadLetterFeed, Envelope, Measured, Measurement, StoreError};
use metering::stored::DeadLetter;
use metering::wire::encode_dead_letter;

use crate::metrics::ClientKind;
use crate::producer::{Appender, Outgoing};
use crate::topics::partitions_of;
use crate::{KafkaConfig, KafkaError};

/// Letters that are sent at once: of any number all are sent, and none waits in memory twice.
const TOGETHER: usize = 1000;

/// The topic of dead letters.
pub struct KafkaDeadLetters {
    topic: String,
    appender: Appender,
}

impl KafkaDeadLetters {
    /// Opens it, which has to be there: an owner would wait for ever to announce its first letter.
    pub async fn open(config: &KafkaConfig) -> Result<Arc<Self>, KafkaError> {
        let topic = config.dead();
        if partitions_of(config, &topic).await? == 0 {
            let (brokers, why) = (config.brokers.join(","), format!("there is no topic {topic}"));
            return Err(KafkaError::NotMigrated { brokers, why });
        }
        Ok(Arc::new(KafkaDeadLetters { topic, appender: Appender::of_kind(ClientKind::Announce, config)? }))
    }
}

impl Measured for KafkaDeadLetters {
    fn measurements(&self) -> Vec<Measurement> {
        self.appender.metrics().measurements()
    }
}

#[async_trait]
impl DeadLetterFeed for KafkaDeadLetters {
    async fn announce(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        for some in letters.chunks(TOGETHER) {
            let messages = some.iter().map(|letter| Outgoing {
                topic: &self.topic,
                partition: 0,
                record: Envelope { key: letter.key.clone(), value: Bytes::from(encode_dead_letter(letter)) },
            });
            let sent = self.appender.append(messages.collect()).await;
            sent.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        Ok(())
    }
}
