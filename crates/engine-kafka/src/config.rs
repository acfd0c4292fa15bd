//! Where the brokers are, and how they are spoken to.

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::{KafkaError, Security};

/// Where the brokers are, and how they are spoken to.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port`; names are resolved again on every reconnect. One that answers is enough, it tells of the others.
    pub brokers: Vec<String>,
    /// What the topics' names begin with: `wattmap` makes `wattmap.readings`, `wattmap.dead` and `wattmap.live`.
    pub prefix: String,
    /// How they are spoken to.
    pub security: Security,
    /// How long an append may take until it counts as failed.
    pub append_within: Duration,
    /// Records that may wait to be acknowledged; more are refused. Bounds memory while brokers are away.
    pub unacknowledged_max: usize,
}

impl KafkaConfig {
    /// The defaults, for these brokers.
    pub fn new(brokers: Vec<String>) -> Self {
        KafkaConfig {
            brokers,
            prefix: "wattmap".to_owned(),
            security: Security::default(),
            append_within: Duration::from_secs(10),
            unacknowledged_max: 200_000,
        }
    }

    /// The topic of the readings.
    pub(crate) fn readings(&self) -> String {
        format!("{}.readings", self.prefix)
    }

    /// The consumer group of those who aggregate.
    pub(crate) fn group(&self) -> String {
        format!("{}-aggregate", self.prefix)
    }

    /// The topic of dead letters.
    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// The topic of changed aggregate rows.
    pub(crate) fn live(&self) -> String {
        format!("{}.live", self.prefix)
    }

    /// What every client needs.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", self.brokers.join(","))
            .set("client.id", "wattmap")
            // An address can change while we run; one that is remembered too long is a broker that is away.
            .set("broker.address.ttl", "1000")
            .set("reconnect.backoff.max.ms", "2000")
            .set("topic.metadata.refresh.interval.ms", "10000")
            // A broker that hangs closes no connection: whoever waits so long for an answer asks another.
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true");
        self.security.apply(&mut client);
        client
    }

    /// A consumer that is told what to read, from where: it has no group, and says so if the place is gone.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut consumer = self.client();
        consumer
            .set("group.id", format!("{}-reader", self.prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "false")
            .set("fetch.wait.max.ms", "100")
            // Read ahead, of each partition: a second's worth at fifty thousand a second is a few MB.
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.message.max.bytes", "1048576");
        consumer
    }

    /// One that is asked for single records. Whole batches are fetched, of all partitions at once.
    pub(crate) fn peeking(&self) -> ClientConfig {
        let mut consumer = self.consumer();
        consumer
            // Of a place that is gone, the oldest record that is still there.
            .set("auto.offset.reset", "earliest")
            .set("fetch.message.max.bytes", "65536")
            .set("queued.max.messages.kbytes", "1024")
            // Whoever has answered is paused; it must not keep the others waiting.
            .set("fetch.queue.backoff.ms", "10")
            .set("fetch.wait.max.ms", "10");
        consumer
    }

    pub(crate) fn away(&self, why: impl std::fmt::Display) -> KafkaError {
        KafkaError::Away { brokers: self.brokers.join(","), why: why.to_string() }
    }
}
