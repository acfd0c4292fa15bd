//! With three nodes of each and three copies of everything: one may hang, or die.

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::engines::{
    everybody_works, from_environment, readings_are_found_again, replay_agrees, seed, turn,
};
use super::load::Load;
use super::site::Site;
use super::upstream::{CASSANDRA, KAFKA, LeftAlive, Node, nodes_of, revive};
use super::watch::{Answered, Watch, pages_are_there};
use crate::support::Http;
use crate::support::oracle::{Area, Sums};

/// Nodes that hang one after the other, likewise, and for how long.
const HANGS: u64 = 2;
const HANG_FOR: Duration = Duration::from_secs(25);

/// Nodes that die one after the other, unless the environment says otherwise.
const DEATHS: u64 = 2;

/// From a node's death until records are acknowledged as before.
const GOES_ON_WITHIN: Duration = Duration::from_secs(30);

/// How long what only the store knows may be away meanwhile. A node that hangs is asked until its connections are given up.
const READ_AGAIN_WITHIN: Duration = Duration::from_secs(15);
const READ_AGAIN_AFTER_HANG_WITHIN: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs three Kafkas and three Cassandras: cargo xtask test engines-of-three"]
async fn one_broker_and_one_node_hang_or_die_and_come_back() {
    let (_turn, _alive) = (turn().await, LeftAlive);
    let seed = seed();
    let (site, mut load) = (Site::new(4), Load::new(seed));
    let areas = load.areas_and_whether_corrected();
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for node in in_turn(seed).into_iter().take(from_environment("WATTMAP_TEST_HANGS", HANGS) as usize) {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        let answered = Watch::over(&http, Answered::of(areas[0].0.clone()));
        let (hanging, began) = (node.hang(), Instant::now());
        let took = sending.goes_on(GOES_ON_WITHIN).await;
        let stored = everybody_works(&http, &site, &sending).await;
        println!("beside it records are acknowledged after {took:.1?} and stored after {stored:.1?}");
        is_read(&http, &areas).await;
        tokio::time::sleep(HANG_FOR.saturating_sub(began.elapsed())).await;
        drop(hanging);
        everybody_works(&http, &site, &sending).await;
        let Answered { asked, longest_without, .. } = answered.end().await;
        println!("asked {asked} times meanwhile; exact figures were away for {longest_without:.1?} at most");
        assert!(longest_without <= READ_AGAIN_AFTER_HANG_WITHIN, "they were away for {longest_without:.1?}");
        load.end(sending).await;
        load.check(&site).await;
    }
    for node in in_turn(seed).into_iter().take(from_environment("WATTMAP_TEST_DEATHS", DEATHS) as usize) {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        let answered = Watch::over(&http, Answered::of(areas[0].0.clone()));
        node.kill();
        let took = sending.goes_on(GOES_ON_WITHIN).await;
        let stored = everybody_works(&http, &site, &sending).await;
        println!("without it records are acknowledged after {took:.1?} and stored after {stored:.1?}");
        is_read(&http, &areas).await;
        // A node that comes back on two cores that are busy already takes minutes, and nobody learns more by it.
        sending.slowly(true);
        let acknowledged = sending.acknowledged();
        tokio::task::spawn_blocking(revive).await.unwrap();
        assert!(sending.acknowledged() > acknowledged, "nothing was accepted while it came back");
        sending.slowly(false);
        everybody_works(&http, &site, &sending).await;
        is_read(&http, &areas).await;
        let Answered { asked, longest_without, .. } = answered.end().await;
        println!("asked {asked} times meanwhile; exact figures were away for {longest_without:.1?} at most");
        assert!(longest_without <= READ_AGAIN_WITHIN, "exact figures were away for {longest_without:.1?}");
        load.end(sending).await;
        load.check(&site).await;
    }
    println!("exact; {} records acknowledged, {} aggregates compared", load.acknowledged(), load.compared);
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
}

/// A broker and a node of Cassandra by turns, each kind in an order of its own.
fn in_turn(seed: u64) -> Vec<Node> {
    let mut random = StdRng::seed_from_u64(seed);
    let [brokers, nodes] = [KAFKA, CASSANDRA].map(|engine| {
        let mut all = nodes_of(engine);
        all.shuffle(&mut random);
        all
    });
    brokers.into_iter().zip(nodes).flat_map(|(broker, node)| [broker, node]).collect()
}

/// Pages and exact figures are answered.
async fn is_read(http: &Http, areas: &[(Area, bool)]) {
    pages_are_there(http).await;
    let mut found = Sums::default();
    for (area, _) in areas {
        found.read(area, &http.operate_patiently(&format!("/areas/{}/exact?by=half-hour", area.code)).await);
    }
    assert!(found.len() > 0, "nothing is counted anywhere");
}
