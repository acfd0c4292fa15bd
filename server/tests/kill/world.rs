//! One data directory, all who send to it, and the lives of the program between.

use std::path::Path;
use std::time::Duration;

use geography::Geography;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

use super::importer::Importer;
use super::program::{self, SETTINGS};
use crate::support::oracle::{Area, Sums, assert_same_readings};
use crate::support::sender::Sender;
use crate::support::{Keys, Program};

/// Senders at once; each has its own meters, so that it knows their order, and its own areas, so that its
/// aggregates tell whether what it had under way was taken.
const SENDERS: usize = 4;

/// Areas that a sender's meters are in and move between.
const AREAS_A_SENDER: usize = 3;

/// How often something happens, in per cent of the lives; else the program is killed under load.
const DIES_IN_RECOVERY: u32 = 25;
const IMPORTS_DIRECTLY: u32 = 15;
const IMPORTS_THROUGH: u32 = 20;
const STOPS_CLEANLY: u32 = 5;

#[derive(Debug, Default)]
struct Told {
    in_recovery: u64,
    under_load: u64,
    in_direct_imports: u64,
    clean_stops: u64,
    unresolved: u64,
    aggregates: usize,
}

pub(crate) struct World {
    dir: TempDir,
    keys: Keys,
    random: StdRng,
    areas: Vec<Area>,
    senders: Vec<Sender>,
    importer: Importer,
    told: Told,
}

impl World {
    pub(crate) fn new(seed: u64) -> World {
        let mut random = StdRng::seed_from_u64(seed);
        let dir = tempfile::tempdir().unwrap();
        let geography = Geography::london();
        let leaves = geography.areas_of(geography.finest());
        // Far from each other.
        let every = leaves.len() / (SENDERS * AREAS_A_SENDER + 1);
        let codes = leaves.iter().step_by(every).map(|area| area.code.to_string());
        let areas: Vec<Area> = codes.enumerate().map(|(number, code)| Area { number, code }).collect();
        let senders = (0..SENDERS)
            .map(|number| {
                let own = areas[number * AREAS_A_SENDER..][..AREAS_A_SENDER].to_vec();
                Sender::new(number, own, random.random())
            })
            .collect();
        let importer = Importer::new(dir.path(), &areas[SENDERS * AREAS_A_SENDER]);
        let keys = Keys::make(dir.path());
        World { dir, keys, random, areas, senders, importer, told: Told::default() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn chance(&mut self, per_cent: u32) -> bool {
        self.random.random_ratio(per_cent, 100)
    }

    fn moment(&mut self, ms: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(ms))
    }

    /// The program starts, is looked at, is worked with, and dies.
    pub(crate) async fn live_and_die(&mut self) {
        // It may die before it serves: while it reads what the one before left behind, or just made good.
        while self.chance(DIES_IN_RECOVERY) {
            let process = Program::spawn(self.path(), SETTINGS);
            tokio::time::sleep(self.moment(0..400)).await;
            // SIGKILL.
            drop(process);
            self.told.in_recovery += 1;
        }
        let process = self.start_and_check().await;
        if self.chance(IMPORTS_DIRECTLY) {
            process.kill();
            let import = self.importer.directly(self.path());
            let life = self.moment(50..1000);
            self.importer.ended(import.lives_at_most(life).await);
            self.told.in_direct_imports += 1;
            return;
        }
        let import = self.chance(IMPORTS_THROUGH).then(|| self.importer.through(&process));
        let life = self.moment(20..700);
        let loads: Vec<_> = std::mem::take(&mut self.senders)
            .into_iter()
            .map(|sender| tokio::spawn(sender.send_until_nobody_answers(process.http.clone())))
            .collect();
        tokio::time::sleep(life).await;
        if self.chance(STOPS_CLEANLY) {
            process.stop().await;
            self.told.clean_stops += 1;
        } else {
            process.kill();
            self.told.under_load += 1;
        }
        if let Some(import) = import {
            self.importer.ended(import.lives_at_most(Duration::ZERO).await);
        }
        for load in loads {
            self.senders.push(load.await.unwrap());
        }
    }

    async fn start_and_check(&mut self) -> Program {
        let process = Program::start_with(self.path(), SETTINGS, &self.keys).await;
        process.http.settled().await;
        self.check(&process).await;
        process
    }

    /// Compares every aggregate there is with what it has to be.
    async fn check(&mut self, process: &Program) {
        let http = process.http.clone();
        let mut found = Sums::default();
        for area in &self.areas {
            found.read(area, &http.operate(&format!("/areas/{}/exact?by=half-hour", area.code)).await);
        }
        self.told.aggregates += found.len();
        for sender in &mut self.senders {
            self.told.unresolved += u64::from(sender.has_under_way());
            sender.judge(&found);
        }
        self.importer.judge(&found);
        let dead = http.operate("/dead-letters?limit=1").await;
        let counts = dead["counts"].as_array().unwrap_or_else(|| panic!("{dead}"));
        let dead: u64 = counts.iter().map(|one| one["count"].as_u64().unwrap()).sum();
        let least: u64 = self.senders.iter().map(|sender| sender.dead.least).sum();
        let most: u64 = self.senders.iter().map(|sender| sender.dead.most).sum();
        assert!((least..=most).contains(&dead), "{dead} dead letters; there have to be {least} to {most}");
    }

    /// Everybody gets to the end, and everything is looked at from another side, too: aggregates against
    /// stored readings, stored readings against those that were acknowledged.
    pub(crate) async fn last_judgement(&mut self) {
        let process = self.start_and_check().await;
        let http = process.http.clone();
        for sender in &mut self.senders {
            sender.send_again(&http).await;
        }
        process.http.settled().await;
        self.check(&process).await;
        process.kill();
        let import = self.importer.directly(self.path());
        self.importer.ended(import.lives_at_most(Duration::from_secs(120)).await);
        assert!(!self.importer.is_unresolved(), "the last import did not end in time");
        program::replay(self.path());
        let mut expected = self.importer.readings();
        self.senders.iter().for_each(|sender| sender.readings(&mut expected));
        assert_same_readings(&program::exported_readings(self.path()), &expected);
        let process = self.start_and_check().await;
        process.stop().await;
    }

    pub(crate) fn summary(&self) -> String {
        let sent: u64 = self.senders.iter().map(Sender::acknowledged).sum();
        let Told { in_recovery, under_load, in_direct_imports, clean_stops, unresolved, aggregates } =
            self.told;
        format!(
            "{under_load} under load, {in_direct_imports} in direct imports, {in_recovery} more in recovery, \
             {clean_stops} clean stops; {sent} records acknowledged, {unresolved} requests of unknown outcome, \
             {} files imported; {aggregates} aggregates compared",
            self.importer.files()
        )
    }

    /// A test in which nothing happens proves nothing.
    pub(crate) fn assert_it_was_a_test(&self, kills: u64) {
        let sent: u64 = self.senders.iter().map(Sender::acknowledged).sum();
        assert!(sent > kills * 50, "too little was sent to prove anything: {sent} records");
        assert!(self.told.unresolved * 10 >= kills, "too few requests were under way when it died");
        program::assert_it_rolled_and_wrote(self.path());
    }
}
