//! Head-end systems that send all the time, to whichever node answers, and what has to come of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use geography::Geography;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::Http;
use crate::support::oracle::{Area, Readings, Sums};
use crate::support::sender::{Heard, Sender};

const SENDERS: usize = 4;

/// How many times as long pauses are while little is to be sent.
const SLOWLY: u32 = 20;

/// Areas that a sender's meters are in and move between.
const AREAS_A_SENDER: usize = 3;

/// Before something is sent again: what was under way when a node died has arrived by then, or never will.
const BEFORE_AGAIN: Duration = Duration::from_millis(400);

/// How long everything may take to be counted when nothing is wrong any more.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// Who can say why something does not come to be.
pub(super) trait LastWords {
    /// The last that its processes said.
    fn last_words(&self) -> String;
}

/// Who sends, and where to.
pub(super) struct Load {
    senders: Vec<Sender>,
    areas: Vec<Area>,
    nodes: watch::Sender<Vec<Http>>,
    seed: u64,
    /// Aggregates.
    pub(super) compared: usize,
}

/// Senders at work.
pub(super) struct Sending {
    heard: Arc<AllHeard>,
    tasks: Vec<JoinHandle<Sender>>,
}

/// What came of all that was sent, and whether that is enough.
#[derive(Default)]
struct AllHeard {
    until: AtomicBool,
    /// Less of everything.
    slowly: AtomicBool,
    /// Records.
    acknowledged: AtomicU64,
    /// Requests.
    refused: AtomicU64,
    /// Requests.
    unheard: AtomicU64,
}

impl Load {
    /// In areas of London.
    pub(super) fn new(seed: u64) -> Load {
        let geography = Geography::london();
        let leaves = geography.areas_of(geography.finest());
        Load::among(seed, &leaves.iter().map(|area| area.code.to_string()).collect::<Vec<_>>())
    }

    /// In some of these areas, in which nobody else counts.
    pub(super) fn among(seed: u64, codes: &[String]) -> Load {
        let mut random = StdRng::seed_from_u64(seed);
        // Far from each other.
        let every = codes.len() / (SENDERS * AREAS_A_SENDER);
        let codes = codes.iter().step_by(every).cloned();
        let areas: Vec<Area> = codes.enumerate().map(|(number, code)| Area { number, code }).collect();
        let sender = |number: usize| {
            let own = areas[number * AREAS_A_SENDER..][..AREAS_A_SENDER].to_vec();
            Sender::new(number, own, random.random())
        };
        let senders = (0..SENDERS).map(sender).collect();
        Load { senders, areas, nodes: watch::Sender::new(Vec::new()), seed, compared: 0 }
    }

    /// Where senders send from now on.
    pub(super) fn goes_to(&self, nodes: Vec<Http>) {
        self.nodes.send_replace(nodes);
    }

    /// What they invent from now on follows from this.
    pub(super) fn reseed(&mut self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        self.senders.iter_mut().for_each(|sender| sender.reseed(random.random()));
        self.seed = seed;
    }

    /// These senders never send another value for what was.
    pub(super) fn never_corrects(&mut self, senders: std::ops::Range<usize>) {
        self.senders[senders].iter_mut().for_each(Sender::never_correct);
    }

    /// Where they send about.
    pub(super) fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The same, and whether anybody corrects there.
    pub(super) fn areas_and_whether_corrected(&self) -> Vec<(Area, bool)> {
        let of = |number: usize| self.areas[number * AREAS_A_SENDER..][..AREAS_A_SENDER].iter().cloned();
        let with = |(number, sender): (usize, &Sender)| {
            let corrects = sender.corrects();
            of(number).map(move |area| (area, corrects))
        };
        self.senders.iter().enumerate().flat_map(with).collect()
    }

    /// They begin, and go on in the background.
    pub(super) fn begin(&mut self) -> Sending {
        let heard = Arc::<AllHeard>::default();
        let tasks = std::mem::take(&mut self.senders)
            .into_iter()
            .enumerate()
            .map(|(number, sender)| {
                let random = StdRng::seed_from_u64(self.seed ^ number as u64);
                tokio::spawn(send(sender, random, self.nodes.subscribe(), heard.clone()))
            })
            .collect();
        Sending { heard, tasks }
    }

    /// They stop when all that they sent is acknowledged.
    pub(super) async fn end(&mut self, sending: Sending) {
        sending.heard.until.store(true, Ordering::Release);
        for task in sending.tasks {
            self.senders.push(task.await.unwrap());
        }
    }

    /// Everything that was acknowledged is counted, once.
    pub(super) async fn check(&mut self, who: &impl LastWords) {
        self.check_sums(who).await;
        let http = self.nodes.borrow()[0].clone();
        let dead = http.operate_patiently("/dead-letters?limit=1").await;
        let counts = dead["counts"].as_array().unwrap_or_else(|| panic!("{dead}"));
        // One that came to an old partition is a letter, and counted all the same.
        let own = counts.iter().filter(|one| one["reason"] != "misrouted");
        let dead: u64 = own.map(|one| one["count"].as_u64().unwrap()).sum();
        let least: u64 = self.senders.iter().map(|sender| sender.dead.least).sum();
        let most: u64 = self.senders.iter().map(|sender| sender.dead.most).sum();
        assert!((least..=most).contains(&dead), "{dead} dead letters; there have to be {least} to {most}");
    }

    /// Every aggregate is what was acknowledged.
    pub(super) async fn check_sums(&mut self, who: &impl LastWords) {
        let http = self.nodes.borrow()[0].clone();
        settled(&http, who).await;
        let mut found = Sums::default();
        for area in &self.areas {
            let path = format!("/areas/{}/exact?by=half-hour", area.code);
            found.read(area, &http.operate_patiently(&path).await);
        }
        self.compared += found.len();
        for sender in &mut self.senders {
            sender.judge(&found);
        }
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.senders.iter().map(Sender::acknowledged).sum()
    }

    /// Every reading that was acknowledged, as it was last.
    pub(super) fn readings(&self) -> Readings {
        let mut readings = Readings::new();
        self.senders.iter().for_each(|sender| sender.readings(&mut readings));
        readings
    }
}

impl Sending {
    /// Records that were acknowledged since they began.
    pub(super) fn acknowledged(&self) -> u64 {
        self.heard.acknowledged.load(Ordering::Relaxed)
    }

    /// Requests that a node refused.
    pub(super) fn refused(&self) -> u64 {
        self.heard.refused.load(Ordering::Relaxed)
    }

    /// Requests that no node answered.
    pub(super) fn unheard(&self) -> u64 {
        self.heard.unheard.load(Ordering::Relaxed)
    }

    /// Less is sent from now on, or as much as ever.
    pub(super) fn slowly(&self, slowly: bool) {
        self.heard.slowly.store(slowly, Ordering::Relaxed);
    }

    /// Waits until more was acknowledged: what is wrong is overcome.
    pub(super) async fn goes_on(&self, within: Duration) -> Duration {
        self.goes_on_for(100, within).await
    }

    /// The same, of so many records.
    pub(super) async fn goes_on_for(&self, records: u64, within: Duration) -> Duration {
        let (before, began) = (self.acknowledged(), Instant::now());
        while self.acknowledged() < before + records {
            assert!(
                began.elapsed() < within,
                "{} of {records} records are acknowledged in {within:?}",
                self.acknowledged() - before
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }
}

async fn send(
    mut sender: Sender,
    mut random: StdRng,
    nodes: watch::Receiver<Vec<Http>>,
    all: Arc<AllHeard>,
) -> Sender {
    while !all.until.load(Ordering::Acquire) || sender.has_under_way() {
        let node = {
            let nodes = nodes.borrow();
            (!nodes.is_empty()).then(|| nodes[random.random_range(0..nodes.len())].clone())
        };
        let before = sender.acknowledged();
        let heard = match node {
            Some(node) => sender.send_once(&node).await,
            None => Heard::Nothing,
        };
        match heard {
            Heard::Acknowledged => {
                all.acknowledged.fetch_add(sender.acknowledged() - before, Ordering::Relaxed);
                // Enough to have something under way everywhere, and not so much that the machine is what is tested.
                let pause = Duration::from_millis(random.random_range(60..160));
                let times = if all.slowly.load(Ordering::Relaxed) { SLOWLY } else { 1 };
                tokio::time::sleep(times * pause).await;
                continue;
            }
            Heard::Refused => all.refused.fetch_add(1, Ordering::Relaxed),
            Heard::Nothing => all.unheard.fetch_add(1, Ordering::Relaxed),
        };
        tokio::time::sleep(BEFORE_AGAIN).await;
    }
    sender
}

/// Waits until everything in the log is in the store.
pub(super) async fn settled(http: &Http, who: &impl LastWords) {
    let began = Instant::now();
    loop {
        let status = http.operate_patiently("/ingestion").await;
        if status["lag_records"] == 0 {
            return;
        }
        assert!(began.elapsed() < SETTLES_WITHIN, "it does not settle: {status}; {}", who.last_words());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
