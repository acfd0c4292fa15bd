//! With three nodes of each and three copies of everything: one may die.

use std::time::Duration;

use super::engines::{ALONE, everybody_works, replay_agrees, seed};
use super::load::Load;
use super::site::Site;
use super::upstream::{Node, revive};
use crate::support::Http;

/// From a node's death until records are acknowledged as before.
const GOES_ON_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs three Kafkas and three Cassandras, and minutes: cargo xtask chaos"]
async fn one_broker_and_one_node_die_and_come_back() {
    let _alone = ALONE.lock().await;
    let (site, mut load) = (Site::new(4), Load::new(seed()));
    let _owners = ["aggregate-0", "aggregate-1"].map(|name| site.aggregate(name, &[]));
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for node in ["kafka-2", "cassandra-3", "kafka-1", "cassandra-1"].map(Node) {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        node.kill();
        let took = sending.goes_on(GOES_ON_WITHIN).await;
        let stored = everybody_works(&http, &site, &sending).await;
        println!("without it records are acknowledged after {took:.1?} and stored after {stored:.1?}");
        is_read(&http).await;
        tokio::task::spawn_blocking(revive).await.unwrap();
        everybody_works(&http, &site, &sending).await;
        is_read(&http).await;
        load.end(sending).await;
        load.check(&site).await;
    }
    println!("exact; {} records acknowledged, {} aggregates compared", load.acknowledged(), load.compared);
    replay_agrees(&site);
}

/// Pages and exact figures are answered.
async fn is_read(http: &Http) {
    for path in ["/", "/api/v1/map?level=borough&measure=now", "/readyz"] {
        let answer = http.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}
