//! Kafka, Cassandra or both are away.

use std::time::{Duration, Instant};

use super::super::flood::Flood;
use super::super::load::{Load, Sending};
use super::super::quiet_place::QuietPlace;
use super::super::site::{Process, Site};
use super::super::upstream::{CASSANDRA, Engine, KAFKA, LeftAlive, Node, nodes_of, revive};
use super::{TAKES_OVER_WITHIN, alone, everybody_works, from_environment, readings_are, replay_agrees, seed};
use crate::support::{AREA, Http};

/// For how long one is, seconds, unless the environment says otherwise, and for how long both: so long that a page says of when
/// its figures are.
const AWAY_S: u64 = 15;
const BOTH_AWAY_S: u64 = 75;

/// From this age on it does: what is shown may have been worked out some seconds before.
const TOLD_FROM: Duration = Duration::from_secs(62);

/// For how long a node without a log is flooded.
const FLOODED_FOR: Duration = Duration::from_secs(6);

/// A page that waits for nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How long a request may take that is refused at last: the first one after a broker was lost waits for it.
const REFUSES_WITHIN: Duration = Duration::from_secs(30);

/// From an acknowledgement to the sender's hearing of it, at most.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

/// From a start while something is away, through the outage and the check after it, to having partitions.
const LATE_WITHIN: Duration = Duration::from_secs(300);

/// What a process may ever have, MB: what one that serves had at most when nothing waited, 400, and what may wait for a broker,
/// 256; with something to spare.
const PEAK_MB_MAX: u64 = 768;

/// Where it is from: neither the load nor the quiet place is there.
const FLOODED: &str = "E01004736";

/// Records that wait behind one, at least.
const FLOOD_RECORDS: i64 = 90_000;

/// What is away.
struct Outage {
    what: &'static str,
    engines: &'static [Engine],
    /// At least, seconds.
    away_s: u64,
}

const OUTAGES: [Outage; 3] = [
    Outage { what: "Cassandra", engines: &[CASSANDRA], away_s: 0 },
    Outage { what: "Kafka", engines: &[KAFKA], away_s: 0 },
    Outage { what: "both", engines: &[KAFKA, CASSANDRA], away_s: BOTH_AWAY_S },
];

impl Outage {
    /// All of them are: one of three would not be missed.
    fn begin(&self) {
        self.engines.iter().flat_map(|engine| nodes_of(*engine)).for_each(|node: Node| node.kill());
        println!("{}: away", self.what);
    }

    fn has(&self, engine: Engine) -> bool {
        self.engines.contains(&engine)
    }

    /// What holds meanwhile: no lie at the door, pages that stand and say of when they are.
    async fn holds(&self, asked: &Asked<'_>, sending: &Sending, for_how_long: Duration) {
        // What was acknowledged before is on its way to whoever sent it.
        tokio::time::sleep(ON_ITS_WAY).await;
        let (began, acknowledged, refused) = (Instant::now(), sending.acknowledged(), sending.refused());
        let nobody_was_refused = || sending.refused() == refused;
        let (mut slowest, mut oldest) = (Duration::ZERO, Duration::ZERO);
        while began.elapsed() < for_how_long
            || self.has(KAFKA) && nobody_was_refused() && began.elapsed() < REFUSES_WITHIN
        {
            let (took, age) = asked.once().await;
            (slowest, oldest) = (slowest.max(took), oldest.max(age));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let acknowledged = sending.acknowledged() - acknowledged;
        println!(
            "{}: away for {:.0?}: {} requests were refused and {acknowledged} records acknowledged; the slowest page took \
             {slowest:.1?}, the oldest card was of {oldest:.1?} before",
            self.what,
            began.elapsed(),
            sending.refused() - refused
        );
        assert!(slowest < ANSWERS_WITHIN, "{}: a page took {slowest:.1?}", self.what);
        assert_eq!(sending.unheard(), 0, "{}: a node that nobody killed did not answer", self.what);
        if self.has(CASSANDRA) {
            asked.store_is_missed().await;
        }
        if self.has(KAFKA) {
            assert!(!nobody_was_refused() && acknowledged == 0, "{}: somebody has the log", self.what);
        } else {
            assert!(acknowledged > 0, "{}: the log is there", self.what);
        }
        // What has come since is not in it, or nobody can know.
        assert!(oldest > for_how_long / 2, "{}: the card is of {oldest:.1?} before", self.what);
        let is_old = asked.age_is_told().await;
        assert!(self.away_s == 0 || is_old, "{}: nothing had to be told", self.what);
    }

    /// Far more is sent than can be taken: a node without a log holds nothing of it for long, and what the log takes waits
    /// there, not in its owners.
    async fn is_flooded(&self, flood: &mut Flood, http: &Http) {
        if self.has(KAFKA) {
            let answers = flood.comes_again(http, FLOODED_FOR).await;
            assert!(answers.taken == 0 && answers.refused > 0, "{}: {answers:?}", self.what);
            return;
        }
        flood.comes(http).await;
        let status = http.operate_patiently("/ingestion").await;
        println!("{}: {} records wait", self.what, status["lag_records"]);
        assert!(status["lag_records"].as_i64() > Some(FLOOD_RECORDS), "that was no flood: {status}");
    }
}

/// Whom it is asked of.
struct Asked<'a> {
    http: &'a Http,
    quiet: &'a QuietPlace,
}

impl Asked<'_> {
    /// Pages stand. Gives how long the slowest took, and how old a card was that says what it said before.
    async fn once(&self) -> (Duration, Duration) {
        let mut slowest = Duration::ZERO;
        for path in ["/", "/api/v1/map?level=borough&measure=now", "/healthz"] {
            let began = Instant::now();
            let answer = self.http.get(path).await;
            slowest = slowest.max(began.elapsed());
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        let began = Instant::now();
        let age = self.quiet.is_as_before(self.http).await;
        (slowest.max(began.elapsed()), age)
    }

    /// The page says of when its figures are, too, once they are old enough for that. Gives whether they are.
    async fn age_is_told(&self) -> bool {
        let age = self.quiet.is_as_before(self.http).await;
        let page = self.http.get(&format!("/?area={}", self.quiet.code())).await.text();
        let is_told = page.contains("These figures are as of");
        println!("its figures are {age:.0?} old, and it says so: {is_told}");
        assert!(is_told || age < TOLD_FROM, "it does not say that its figures are {age:.0?} old");
        age >= TOLD_FROM
    }

    /// What only the store knows is not made up.
    async fn store_is_missed(&self) {
        let answer = self.http.ask(&format!("/areas/{AREA}/exact?by=half-hour")).await;
        println!("without a store: {}", answer.problem(503));
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
}

/// Processes that are started while something is away.
struct Late {
    owner: Process,
    serve: Process,
}

impl Late {
    fn start(site: &Site) -> Self {
        Late { owner: site.aggregate("aggregate-late", &[]), serve: site.will_serve("serve-late") }
    }

    /// They say for what they wait.
    async fn waits(&self) {
        for process in [&self.owner, &self.serve] {
            process.says("can't be used", TAKES_OVER_WITHIN).await;
        }
    }

    /// Then they do what the others do.
    async fn works(self, site: &Site, quiet: &QuietPlace) {
        self.owner.owns_something(LATE_WITHIN).await;
        let (_serve, http) = site.serves(self.serve).await;
        quiet.comes_to_be_as_before(&http).await;
        self.owner.stop().await;
    }
}

/// Nobody took more memory than there is a reason for.
fn memory_is_bounded(processes: &[&Process]) {
    let peaks: Vec<(&str, u64)> =
        processes.iter().map(|process| (process.name.as_str(), process.peak_mb())).collect();
    println!("the most memory that they ever had, MB: {peaks:?}");
    assert!(peaks.iter().all(|(_, peak_mb)| *peak_mb < PEAK_MB_MAX), "more than {PEAK_MB_MAX} MB: {peaks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn kafka_and_cassandra_are_away_and_come_back() {
    let (_alone, _alive) = (alone().await, LeftAlive);
    let away = Duration::from_secs(from_environment("WATTMAP_TEST_AWAY_S", AWAY_S));
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let quiet = QuietPlace::settle(&http, &site, &load).await;
    let mut flood = Flood::gathers(&http, FLOODED).await;
    let asked = Asked { http: &http, quiet: &quiet };
    for outage in OUTAGES {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        // What was never asked for nobody has to have.
        quiet.is_as_before(&http).await;
        outage.begin();
        outage.is_flooded(&mut flood, &http).await;
        let late = Late::start(&site);
        outage.holds(&asked, &sending, away.max(Duration::from_secs(outage.away_s))).await;
        late.waits().await;
        tokio::task::spawn_blocking(revive).await.unwrap();
        let took = sending.goes_on(Duration::from_secs(60)).await;
        println!("{}: records are acknowledged {took:.1?} after it is back", outage.what);
        tokio::time::sleep(Duration::from_secs(5)).await;
        load.end(sending).await;
        load.check(&site).await;
        quiet.is_as_before(&http).await;
        late.works(&site, &quiet).await;
        println!(
            "{}: exact; {} records acknowledged, {} aggregates compared",
            outage.what,
            load.acknowledged(),
            load.compared
        );
    }
    memory_is_bounded(&[&serve, &owners[0], &owners[1]]);
    let mut readings = load.readings();
    readings.extend(quiet.readings());
    readings.extend(flood.readings());
    readings_are(&site, &readings);
    replay_agrees(&site);
}
