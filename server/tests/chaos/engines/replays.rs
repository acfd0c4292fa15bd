//! Aggregates are made anew while readings come in, and those who make them and those who own partitions die.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rustix::process::Signal;

use super::super::load::Load;
use super::super::site::Site;
use super::{
    TAKES_OVER_WITHIN, everybody_works, from_environment, moment, readings_are_found_again, replay_agrees,
    seed, turn,
};
use crate::support::program::run_command;

/// How often it is done, unless the environment says otherwise.
const TURNS: u64 = 1;

/// Steps of a replay at which it dies: when all is made, and when it has just been put in use.
const STEPS: [&str; 2] = ["replay-made", "replay-in-use"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn aggregates_are_made_anew_under_load() {
    let _turn = turn().await;
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let (site, mut load) = (Site::new(4), Load::new(seed));
    let mut dies = site.aggregate("aggregate-0", &[]);
    let _stays = site.aggregate("aggregate-1", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    for turn in 1..=from_environment("WATTMAP_TEST_REPLAYS", TURNS) {
        let sending = load.begin();
        everybody_works(&http, &site, &sending).await;
        for step in STEPS {
            let mut command = site.command(&["replay"]);
            command.env("FAILPOINTS", format!("{step}=return"));
            let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            assert_eq!(ended.status.code(), None, "{step}: {}", String::from_utf8_lossy(&ended.stderr));
            everybody_works(&http, &site, &sending).await;
        }
        let command = site.command(&["replay"]);
        let replay = tokio::task::spawn_blocking(move || run_command(command));
        tokio::time::sleep(moment(&mut random, 100..1500)).await;
        let fresh = site.aggregate("aggregate-0", &[]);
        std::mem::replace(&mut dies, fresh).kill();
        let said = replay.await.unwrap();
        assert!(said.contains(" 0 differ") && said.contains("nothing has changed"), "{said}");
        println!(
            "turn {turn}: {}; {} records acknowledged",
            said.lines().next().unwrap(),
            sending.acknowledged()
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
        everybody_works(&http, &site, &sending).await;
        load.end(sending).await;
        load.check(&site).await;
    }
    readings_are_found_again(&site, &load);
    is_said_where_not(&site).await;
    replay_agrees(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn a_replay_ends_when_partitions_are_added_meanwhile() {
    let _turn = turn().await;
    let (mut site, mut load) = (Site::new(2), Load::new(seed()));
    let _owner = site.aggregate("aggregate-0", &[]);
    let (_serve, http) = site.serve("serve-0").await;
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    everybody_works(&http, &site, &sending).await;
    let mut replay = site.replay("replay", &[("FAILPOINTS", "replay-made=return(stop)")]);
    replay.is_asleep(TAKES_OVER_WITHIN).await;
    site.grow(3);
    replay.signal(Signal::CONT);
    let ended = replay.ends(TAKES_OVER_WITHIN).await;
    assert_eq!(ended.code(), Some(1), "{}", site.said("replay"));
    assert!(site.said("replay").contains("a generation of the log has"), "{}", site.said("replay"));
    everybody_works(&http, &site, &sending).await;
    load.end(sending).await;
    load.check(&site).await;
    readings_are_found_again(&site, &load);
    replay_agrees(&site);
}

/// One aggregate is made wrong, behind everybody's back.
async fn is_said_where_not(site: &Site) {
    let session = site.cassandra().await;
    let table = format!("{}.aggregates", site.name());
    let asked = format!("SELECT day, shard, area, win, part FROM {table} LIMIT 1");
    let found = session.query_unpaged(asked, ()).await.unwrap().into_rows_result().unwrap();
    let (day, shard, area, win, part) = found.single_row::<(i32, i32, String, i16, i32)>().unwrap();
    let place =
        format!("day = {day} AND shard = {shard} AND area = '{area}' AND win = {win} AND part = {part}");
    session.query_unpaged(format!("UPDATE {table} SET meters = 999 WHERE {place}"), ()).await.unwrap();
    let compared = site.command(&["replay", "--compare"]).output().unwrap();
    let said = String::from_utf8_lossy(&compared.stdout);
    assert_eq!(compared.status.code(), Some(1), "{said}");
    assert!(said.contains(" 1 differ") && said.contains(&area), "{said}");
    println!("{}", said.lines().next().unwrap());
    let mended = site.command(&["replay"]).output().unwrap();
    let said = String::from_utf8_lossy(&mended.stdout);
    assert!(said.contains("1 are mended"), "{said}");
}
