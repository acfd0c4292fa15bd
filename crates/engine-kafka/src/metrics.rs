//! What librdkafka counts, of all clients of one kind together: readers come and go, their counts stay.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Measurement;
use rdkafka::consumer::ConsumerContext;
use rdkafka::statistics::Broker;
use rdkafka::{ClientContext, Statistics};

/// How often librdkafka says what it counts.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientKind {
    /// Appends records.
    Append,
    /// Reads records.
    Read,
    /// Asks when records were appended.
    Ask,
    /// Is a member of the group of those who aggregate.
    Attend,
    /// Publishes live rows.
    Publish,
    /// Follows live rows.
    Follow,
    /// Announces dead letters.
    Announce,
}

/// As labels name it.
impl fmt::Display for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientKind::Append => "append",
            ClientKind::Read => "read",
            ClientKind::Ask => "ask",
            ClientKind::Attend => "attend",
            ClientKind::Publish => "publish",
            ClientKind::Follow => "follow",
            ClientKind::Announce => "announce",
        })
    }
}

/// What is known of Kafka, at most a few seconds old.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KafkaMetrics {
    /// Of each kind of client, the brokers that it has tried to speak to.
    pub brokers: Vec<BrokerMetrics>,
    /// Of each kind of client.
    pub clients: Vec<ClientMetrics>,
    /// Partitions that are read, and how many records the foremost of their readers has not been given yet.
    pub behind: Vec<(u32, u64)>,
    /// Of who aggregates.
    pub group: Option<GroupMetrics>,
}

/// A membership in the group of those who aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupMetrics {
    /// Whether the group knows it, and is not being divided anew.
    pub is_steady: bool,
    /// Partitions that are this member's.
    pub partitions: u64,
    /// How often partitions came or went, since this process began.
    pub rebalances: u64,
}

/// A broker, as the clients of a kind see it.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerMetrics {
    /// Whose view it is.
    pub client: ClientKind,
    /// `host:port`.
    pub broker: String,
    /// Whether one of them is connected.
    pub is_up: bool,
    /// From a request to its answer, of the last seconds. An answer to who reads may wait for records.
    pub round_trip: Option<RoundTrip>,
}

/// From a request to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrip {
    /// The mean.
    pub mean: Duration,
    /// What 99 of 100 stay below.
    pub p99: Duration,
}

/// What the clients of a kind hold and have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientMetrics {
    /// Which.
    pub client: ClientKind,
    /// Messages that wait to be sent or acknowledged.
    pub queued_messages: u64,
    /// Their bytes.
    pub queued_bytes: u64,
    /// Since this process began.
    pub totals: Totals,
}

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages sent.
    pub sent_messages: u64,
    /// Bytes sent, compressed, with all that goes around messages.
    pub sent_bytes: u64,
    /// Messages received.
    pub received_messages: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Requests that could not be sent, and answers that could not be read.
    pub errors: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests that nobody answered in time.
    pub timeouts: u64,
}

impl Totals {
    fn plus(self, other: Totals) -> Totals {
        self.with(other, |a, b| a + b)
    }

    /// A broker that is forgotten takes its counts with it.
    fn at_least(self, other: Totals) -> Totals {
        self.with(other, u64::max)
    }

    fn with(self, other: Totals, of: impl Fn(u64, u64) -> u64) -> Totals {
        Totals {
            sent_messages: of(self.sent_messages, other.sent_messages),
            sent_bytes: of(self.sent_bytes, other.sent_bytes),
            received_messages: of(self.received_messages, other.received_messages),
            received_bytes: of(self.received_bytes, other.received_bytes),
            errors: of(self.errors, other.errors),
            retries: of(self.retries, other.retries),
            timeouts: of(self.timeouts, other.timeouts),
        }
    }
}

/// What one client said last.
#[derive(Debug, Clone, Default)]
struct Said {
    totals: Totals,
    queued_messages: u64,
    queued_bytes: u64,
    /// By `host:port`.
    brokers: BTreeMap<String, Seen>,
    /// By partition.
    behind: BTreeMap<u32, u64>,
    group: Option<GroupMetrics>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    is_up: bool,
    round_trip: Option<RoundTrip>,
}

#[derive(Debug, Default)]
struct Gathered {
    begun: u64,
    clients: BTreeMap<(ClientKind, u64), Said>,
    /// What clients that are no more had counted.
    ended: BTreeMap<ClientKind, Totals>,
}

/// Gathers what clients say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathering(Arc<Mutex<Gathered>>);

/// Listens to one client, for as long as there is one.
#[derive(Debug)]
pub(crate) struct Listener {
    gathering: Gathering,
    client: (ClientKind, u64),
}

/// All that a consumer's context is for.
impl ClientContext for Listener {
    fn stats(&self, statistics: Statistics) {
        self.hear(&statistics);
    }
}

impl ConsumerContext for Listener {}

impl Gathering {
    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listener(&self, kind: ClientKind) -> Listener {
        let mut gathered = self.gathered();
        gathered.begun += 1;
        let client = (kind, gathered.begun);
        gathered.clients.insert(client, Said::default());
        Listener { gathering: self.clone(), client }
    }

    pub(crate) fn metrics(&self) -> KafkaMetrics {
        let gathered = self.gathered();
        let mut clients: BTreeMap<ClientKind, ClientMetrics> = BTreeMap::new();
        let of_kind = |client, totals| ClientMetrics { client, queued_messages: 0, queued_bytes: 0, totals };
        for (&kind, &totals) in &gathered.ended {
            clients.insert(kind, of_kind(kind, totals));
        }
        let mut brokers: BTreeMap<(ClientKind, &str), Seen> = BTreeMap::new();
        let mut behind: BTreeMap<u32, u64> = BTreeMap::new();
        for (&(kind, _), said) in &gathered.clients {
            let all = clients.entry(kind).or_insert_with(|| of_kind(kind, Totals::default()));
            all.totals = all.totals.plus(said.totals);
            all.queued_messages += said.queued_messages;
            all.queued_bytes += said.queued_bytes;
            for (broker, seen) in &said.brokers {
                let known = brokers.entry((kind, broker)).or_insert(*seen);
                *known = known.and(*seen);
            }
            for (&partition, &records) in &said.behind {
                behind.entry(partition).and_modify(|least| *least = records.min(*least)).or_insert(records);
            }
        }
        KafkaMetrics {
            brokers: brokers
                .into_iter()
                .map(|((client, broker), Seen { is_up, round_trip })| BrokerMetrics {
                    client,
                    broker: broker.to_owned(),
                    is_up,
                    round_trip,
                })
                .collect(),
            clients: clients.into_values().collect(),
            behind: behind.into_iter().collect(),
            group: gathered.clients.values().find_map(|said| said.group),
        }
    }
}

impl Listener {
    /// Takes what the client says.
    pub(crate) fn hear(&self, statistics: &Statistics) {
        let mut gathered = self.gathering.gathered();
        let said = gathered.clients.entry(self.client).or_default();
        let totals = said.totals.at_least(totals(statistics));
        *said = Said { totals, ..understand(self.client.0, statistics) };
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut gathered = self.gathering.gathered();
        if let Some(said) = gathered.clients.remove(&self.client) {
            let ended = gathered.ended.entry(self.client.0).or_default();
            *ended = ended.plus(said.totals);
        }
    }
}

impl Seen {
    fn of(broker: &Broker) -> Seen {
        let micros = |value: i64| Duration::from_micros(value.max(0) as u64);
        let round_trip = broker.rtt.as_ref().filter(|window| window.cnt > 0);
        Seen {
            is_up: matches!(broker.state.as_str(), "UP" | "UPDATE"),
            round_trip: round_trip
                .map(|window| RoundTrip { mean: micros(window.avg), p99: micros(window.p99) }),
        }
    }

    /// As two clients see it: the slower one says how slow it is.
    fn and(self, other: Seen) -> Seen {
        let slower = |trip: &RoundTrip| trip.p99;
        Seen {
            is_up: self.is_up || other.is_up,
            round_trip: self.round_trip.into_iter().chain(other.round_trip).max_by_key(slower),
        }
    }
}

fn unsigned(count: i64) -> u64 {
    count.max(0) as u64
}

fn totals(statistics: &Statistics) -> Totals {
    let of_brokers = |count: fn(&Broker) -> u64| statistics.brokers.values().map(count).sum();
    Totals {
        sent_messages: unsigned(statistics.txmsgs),
        sent_bytes: unsigned(statistics.tx_bytes),
        received_messages: unsigned(statistics.rxmsgs),
        received_bytes: unsigned(statistics.rx_bytes),
        errors: of_brokers(|broker| broker.txerrs + broker.rxerrs),
        retries: of_brokers(|broker| broker.txretries),
        timeouts: of_brokers(|broker| broker.req_timeouts),
    }
}

/// All but the totals.
fn understand(kind: ClientKind, statistics: &Statistics) -> Said {
    // A broker that nothing was ever wanted of is not one that is down; coordinators are brokers once more.
    let is_wanted = |broker: &&Broker| broker.connects.unwrap_or(1) > 0 && broker.source != "logical";
    let brokers: Vec<&Broker> = statistics.brokers.values().filter(is_wanted).collect();
    // The first addresses are not needed any more once brokers have said who they are.
    let are_known = brokers.iter().any(|broker| broker.nodeid >= 0);
    let mut behind = BTreeMap::new();
    // Others are given partitions, too: of another topic, or without reading on.
    let reads = kind == ClientKind::Read;
    let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
    for partition in partitions.filter(|_| reads) {
        let given = if partition.app_offset >= 0 { partition.app_offset } else { partition.next_offset };
        if partition.partition >= 0 && given >= 0 && partition.hi_offset >= given {
            behind.insert(partition.partition as u32, (partition.hi_offset - given) as u64);
        }
    }
    Said {
        totals: Totals::default(),
        queued_messages: statistics.msg_cnt,
        queued_bytes: statistics.msg_size,
        brokers: brokers
            .into_iter()
            .filter(|broker| broker.nodeid >= 0 || !are_known)
            // One that was lost and is not needed now is not looked for: nobody knows whether it is there.
            .filter(|broker| broker.state != "INIT")
            .map(|broker| (broker.nodename.clone(), Seen::of(broker)))
            .collect(),
        behind,
        group: statistics.cgrp.as_ref().filter(|_| kind == ClientKind::Attend).map(|group| GroupMetrics {
            is_steady: group.state == "up" && group.join_state == "steady",
            partitions: unsigned(group.assignment_size.into()),
            rebalances: unsigned(group.rebalance_cnt),
        }),
    }
}

impl KafkaMetrics {
    /// Those of other clients besides.
    pub(crate) fn and(mut self, other: KafkaMetrics) -> KafkaMetrics {
        self.brokers.extend(other.brokers);
        self.clients.extend(other.clients);
        self.behind.extend(other.behind);
        self.group = self.group.or(other.group);
        self
    }

    /// As Prometheus wants them.
    pub fn measurements(&self) -> Vec<Measurement> {
        let mut all = Vec::new();
        for BrokerMetrics { client, broker, is_up, round_trip } in &self.brokers {
            let mut say = |one: Measurement| all.push(one.of("client", client).of("broker", broker));
            let up = f64::from(u8::from(*is_up));
            say(Measurement::gauge("kafka_broker_up", "Whether clients are connected to a broker", up));
            if let Some(RoundTrip { mean, p99 }) = round_trip {
                say(Measurement::gauge(
                    "kafka_round_trip_mean_seconds",
                    "From a request to a broker to its answer, the mean of the last seconds",
                    mean.as_secs_f64(),
                ));
                say(Measurement::gauge(
                    "kafka_round_trip_p99_seconds",
                    "From a request to a broker to its answer, what 99 of 100 stayed below in the last seconds",
                    p99.as_secs_f64(),
                ));
            }
        }
        for ClientMetrics { client, queued_messages, queued_bytes, totals } in &self.clients {
            let mut say = |one: Measurement| all.push(one.of("client", client));
            if matches!(client, ClientKind::Append | ClientKind::Publish | ClientKind::Announce) {
                say(Measurement::gauge(
                    "kafka_queue_messages",
                    "Messages that wait to be sent or acknowledged",
                    *queued_messages as f64,
                ));
                say(Measurement::gauge(
                    "kafka_queue_bytes",
                    "Bytes of messages that wait to be sent or acknowledged",
                    *queued_bytes as f64,
                ));
            }
            for (name, help, count) in [
                ("kafka_sent_messages", "Messages sent to brokers", totals.sent_messages),
                ("kafka_sent_bytes", "Bytes sent to brokers", totals.sent_bytes),
                ("kafka_received_messages", "Messages received from brokers", totals.received_messages),
                ("kafka_received_bytes", "Bytes received from brokers", totals.received_bytes),
                ("kafka_errors", "Requests not sent and answers not understood", totals.errors),
                ("kafka_retries", "Requests sent again", totals.retries),
                ("kafka_timeouts", "Requests that brokers did not answer in time", totals.timeouts),
            ] {
                say(Measurement::counter(name, help, count as f64));
            }
        }
        for (partition, records) in &self.behind {
            let help = "Records of a partition that its foremost reader has not been given yet";
            let behind = Measurement::gauge("kafka_read_behind_records", help, *records as f64);
            all.push(behind.of("partition", partition));
        }
        if let Some(GroupMetrics { is_steady, partitions, rebalances }) = self.group {
            let steady = f64::from(u8::from(is_steady));
            all.extend([
                Measurement::gauge(
                    "kafka_group_steady",
                    "Whether this process is in its group, and that is at rest",
                    steady,
                ),
                Measurement::gauge(
                    "kafka_group_partitions",
                    "Partitions that are this process's",
                    partitions as f64,
                ),
                Measurement::counter(
                    "kafka_group_rebalances",
                    "Times that partitions came or went",
                    rebalances as f64,
                ),
            ]);
        }
        all
    }
}
