//! Kafka, Cassandra or both are away.

use std::time::{Duration, Instant};

use super::super::load::{Load, Sending};
use super::super::site::Site;
use super::super::upstream::{CASSANDRA, KAFKA, Node, revive};
use super::{ALONE, everybody_works, from_environment, replay_agrees, seed};
use crate::support::Http;

/// For how long, seconds, unless the environment says otherwise.
const AWAY_S: u64 = 15;

/// What holds while something is away: no lie at the door, bounded memory, pages that stand.
async fn holds_while_away(http: &Http, sending: &Sending, for_how_long: Duration) {
    let (began, refused) = (Instant::now(), sending.refused());
    let mut slowest = Duration::ZERO;
    while began.elapsed() < for_how_long {
        for path in ["/", "/api/v1/map?level=borough&measure=now", "/healthz"] {
            let asked = Instant::now();
            let answer = http.get(path).await;
            slowest = slowest.max(asked.elapsed());
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!(
        "away for {for_how_long:?}: {} requests were refused, the slowest page took {slowest:.1?}",
        sending.refused() - refused
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn kafka_and_cassandra_are_away_and_come_back() {
    let _alone = ALONE.lock().await;
    let away = Duration::from_secs(from_environment("WATTMAP_TEST_AWAY_S", AWAY_S));
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for (what, nodes) in [("Kafka", &[KAFKA][..]), ("Cassandra", &[CASSANDRA]), ("both", &[KAFKA, CASSANDRA])]
    {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        nodes.iter().for_each(Node::kill);
        println!("{what}: away");
        holds_while_away(&http, &sending, away).await;
        tokio::task::spawn_blocking(revive).await.unwrap();
        let took = sending.goes_on(Duration::from_secs(60)).await;
        println!("{what}: records are acknowledged {took:.1?} after it is back");
        tokio::time::sleep(Duration::from_secs(5)).await;
        load.end(sending).await;
        load.check(&site).await;
        println!(
            "{what}: exact; {} records acknowledged, {} aggregates compared",
            load.acknowledged(),
            load.compared
        );
    }
    replay_agrees(&site);
}
