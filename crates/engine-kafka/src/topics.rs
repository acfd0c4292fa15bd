//! The topics, and the markers that say which generation of the log begins where.

use std::time::{Duration, Instant};

use metering::Generation;
use metering::wire::Record;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use crate::{KafkaConfig, KafkaError};

/// How long brokers may take for one thing.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

/// How the topics are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topics {
    /// Of the readings: as many owners can share the work.
    pub partitions: u32,
    /// Copies of every record.
    pub replication: u32,
    /// Copies that have to have a record before it is acknowledged.
    pub in_sync: u32,
    /// How long the readings are kept.
    pub retention: Duration,
}

impl Default for Topics {
    fn default() -> Self {
        Topics { partitions: 12, replication: 1, in_sync: 1, retention: Duration::from_secs(7 * 86_400) }
    }
}

/// What a migration found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// A line each.
    pub done: Vec<String>,
    /// The generations of the topic that is there now, oldest first. To be remembered, and given to the next migration.
    pub generations: Vec<Generation>,
    /// Whether the last of them is a new one, which begins with [`mark`]: after it has been remembered, or an owner
    /// could meet a generation that nobody knows.
    pub begins: bool,
}

/// Makes the topics that are missing and adds partitions. Idempotent; refuses to shrink. `known` is what the last
/// migration said; nothing, before the first. `begun`: the last of them whose markers are known to be in the topic.
pub async fn migrate(
    config: &KafkaConfig,
    topics: Topics,
    known: &[Generation],
    begun: Option<Generation>,
) -> Result<Migrated, KafkaError> {
    let admin: AdminClient<DefaultClientContext> =
        config.client().create().map_err(|error| config.away(error))?;
    let mut done = Vec::new();
    let hour = Duration::from_secs(3600);
    for (name, partitions, retention) in [
        (config.readings(), topics.partitions, topics.retention),
        (config.dead(), 1, topics.retention.max(365 * 24 * hour)),
        (config.live(), 1, hour),
    ] {
        if make(&admin, config, &name, partitions, topics, retention).await? {
            done.push(format!("topic {name}, {partitions} partitions, {} copies", topics.replication));
            wait_until_known(config, &name, partitions).await?;
        }
    }
    let there = partitions_of(config, &config.readings()).await?;
    if there > topics.partitions {
        return Err(KafkaError::Refused(format!(
            "topic {} has {there} partitions and {} are configured: partitions can be added, never taken away",
            config.readings(),
            topics.partitions
        )));
    }
    if there < topics.partitions {
        let name = config.readings();
        let more = NewPartitions::new(&name, topics.partitions as usize);
        let outcome =
            admin.create_partitions(&[more], &options()).await.map_err(|error| config.away(error))?;
        for result in outcome {
            result.map_err(|(topic, code)| {
                config.away(format!("{topic} can't have more partitions: {code}"))
            })?;
        }
        done.push(format!("{} more partitions of {}", topics.partitions - there, config.readings()));
    }
    wait_until_known(config, &config.readings(), topics.partitions).await?;
    let partitions = topics.partitions;
    let Some(last) = known.last() else {
        let generations = vec![announced(1, partitions)?];
        return Ok(Migrated { done, generations, begins: true });
    };
    // Records are in every partition, markers at least, once they have begun. Of one that has none the topic is another one.
    let marked = begun.map_or(0, |begun| begun.partitions.min(partitions));
    let is_another = all_heads(config, marked).await?.contains(&0);
    if !is_another && last.partitions == partitions {
        return Ok(Migrated { done, generations: known.to_vec(), begins: false });
    }
    let next = announced(last.generation + 1, partitions)?;
    let former = if is_another { &[] } else { known };
    Ok(Migrated { done, generations: [former, &[next]].concat(), begins: true })
}

/// A generation with a token that nobody guesses.
fn announced(generation: u32, partitions: u32) -> Result<Generation, KafkaError> {
    let token = getrandom::u64().map_err(|error| KafkaError::NoToken(error.to_string()))?;
    Ok(Generation { generation, partitions, token })
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(WITHIN)).operation_timeout(Some(WITHIN))
}

/// Makes a topic; tells whether it was not there.
async fn make(
    admin: &AdminClient<DefaultClientContext>,
    config: &KafkaConfig,
    name: &str,
    partitions: u32,
    topics: Topics,
    retention: Duration,
) -> Result<bool, KafkaError> {
    let (retention, in_sync) = (retention.as_millis().to_string(), topics.in_sync.to_string());
    let topic = NewTopic::new(name, partitions as i32, TopicReplication::Fixed(topics.replication as i32))
        .set("retention.ms", &retention)
        .set("min.insync.replicas", &in_sync)
        // Retention is judged by the log's own time (rule 14).
        .set("message.timestamp.type", "LogAppendTime")
        .set("cleanup.policy", "delete");
    let outcome = admin.create_topics(&[topic], &options()).await.map_err(|error| config.away(error))?;
    for result in outcome {
        match result {
            Ok(_) => return Ok(true),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(config.away(format!("topic {topic} can't be made: {code}"))),
        }
    }
    Ok(false)
}

/// How many partitions a topic has.
pub(crate) async fn partitions_of(config: &KafkaConfig, topic: &str) -> Result<u32, KafkaError> {
    Ok(leaders_of(config, topic).await?.len() as u32)
}

/// The leaders of a topic's partitions; -1 where there is none.
async fn leaders_of(config: &KafkaConfig, topic: &str) -> Result<Vec<i32>, KafkaError> {
    let (config, topic) = (config.clone(), topic.to_owned());
    blocking(move || {
        let consumer: BaseConsumer = config.consumer().create().map_err(|error| config.away(error))?;
        let metadata = consumer.fetch_metadata(Some(&topic), WITHIN).map_err(|error| config.away(error))?;
        let found = metadata.topics().iter().find(|one| one.name() == topic);
        Ok(found
            .map(|one| one.partitions().iter().map(|partition| partition.leader()).collect())
            .unwrap_or_default())
    })
    .await
}

/// Waits until every broker knows of a topic's partitions and their leaders: one broker makes them, and another that is
/// asked may not have heard of them yet.
async fn wait_until_known(config: &KafkaConfig, topic: &str, partitions: u32) -> Result<(), KafkaError> {
    let begun = Instant::now();
    for broker in &config.brokers {
        let asked = KafkaConfig { brokers: vec![broker.clone()], ..config.clone() };
        loop {
            match leaders_of(&asked, topic).await {
                Ok(leaders)
                    if leaders.len() == partitions as usize && leaders.iter().all(|leader| *leader >= 0) =>
                {
                    break;
                }
                Ok(_) if begun.elapsed() > WITHIN => {
                    return Err(config.away(format!("not every partition of {topic} has a leader")));
                }
                Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                // It will know when it is back.
                Err(error) => {
                    tracing::warn!(%error, "can't be asked whether it knows {topic}");
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Begins a generation: writes its marker into every partition. One that is there twice says the same.
pub async fn mark(config: &KafkaConfig, generation: Generation) -> Result<(), KafkaError> {
    let config = config.clone();
    blocking(move || {
        let partitions = generation.partitions;
        let marker = Record::GenerationBegins(generation).encode();
        let mut client = config.client();
        client.set("enable.idempotence", "true").set("message.timeout.ms", WITHIN.as_millis().to_string());
        let producer: ThreadedProducer<DefaultProducerContext> =
            client.create().map_err(|error| config.away(error))?;
        let (topic, before) = (config.readings(), heads(&config, partitions)?);
        for partition in 0..partitions as i32 {
            let record =
                BaseRecord::<[u8], [u8]>::to(&topic).partition(partition).key(&[][..]).payload(&marker);
            producer.send(record).map_err(|(error, _)| config.away(error))?;
        }
        producer.flush(WITHIN).map_err(|error| config.away(error))?;
        let after = heads(&config, partitions)?;
        match before.iter().zip(&after).position(|(before, after)| after <= before) {
            None => Ok(()),
            Some(partition) => Err(config.away(format!("the marker of partition {partition} was not taken"))),
        }
    })
    .await
}

async fn all_heads(config: &KafkaConfig, partitions: u32) -> Result<Vec<i64>, KafkaError> {
    let config = config.clone();
    blocking(move || heads(&config, partitions)).await
}

fn heads(config: &KafkaConfig, partitions: u32) -> Result<Vec<i64>, KafkaError> {
    let consumer: BaseConsumer = config.consumer().create().map_err(|error| config.away(error))?;
    (0..partitions as i32)
        .map(|partition| consumer.fetch_watermarks(&config.readings(), partition, WITHIN))
        .map(|marks| marks.map(|(_, head)| head).map_err(|error| config.away(error)))
        .collect()
}

/// librdkafka's calls block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(KafkaError::Refused(format!("a call to Kafka panicked: {panic}"))))
}
