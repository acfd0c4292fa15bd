//! Whoever starts first waits for the others, and says for whom.

use super::super::load::Load;
use super::super::site::Site;
use super::{TAKES_OVER_WITHIN, everybody_works, readings_are_found_again, seed, turn};
use crate::support::program::run_command;

/// Those who speak to Cassandra.
const ROLES: [&str; 6] = ["migrate", "serve", "aggregate", "keys", "export", "replay"];

/// Records that are enough for a test.
const SENT: u64 = 8000;

/// No more than docs/OPERATIONS.md says that they need.
async fn grant_what_they_need(site: &Site) {
    let keyspace = format!("KEYSPACE {}", site.name());
    for role in ROLES.into_iter().filter(|role| *role != "migrate") {
        site.grant("SELECT", &keyspace, role).await;
    }
    for role in ["aggregate", "replay"] {
        site.grant("MODIFY", &keyspace, role).await;
    }
    for role in ["serve", "keys"] {
        for table in ["documents", "document_pieces"] {
            site.grant("MODIFY", &format!("TABLE {}.{table}", site.name()), role).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Kafka and Cassandra: cargo xtask test engines"]
async fn roles_wait_for_migrate_and_not_for_what_stays_wrong() {
    let _turn = turn().await;
    let mut site = Site::not_migrated(4);
    let are_apart = site.tell_roles_apart(&ROLES).await;
    if are_apart {
        site.grant("CREATE", "ALL KEYSPACES", "migrate").await;
    }
    let (owner, serve) = (site.aggregate("aggregate-0", &[]), site.will_serve("serve-0"));
    for process in [&owner, &serve] {
        process.says("run `wattmap migrate`", TAKES_OVER_WITHIN).await;
    }
    site.migrate();
    if are_apart {
        grant_what_they_need(&site).await;
    }
    let migrated = owner.mark();
    site.make_keys();
    owner.owns_something_since(migrated, TAKES_OVER_WITHIN).await;
    let (_serve, http) = site.serves(serve).await;
    let mut load = Load::new(seed());
    load.goes_to(vec![http.clone()]);
    let sending = load.begin();
    while sending.acknowledged() < SENT {
        everybody_works(&http, &site, &sending).await;
    }
    load.end(sending).await;
    load.check(&site).await;
    readings_are_found_again(&site, &load);
    run_command(site.command(&["replay"]));

    // Readings would be judged by another time than they are kept for: that does not pass by itself.
    let mut other = tokio::process::Command::from(site.command(&["aggregate"]));
    let ended = other.env("WATTMAP_RETENTION_DAYS", "31").kill_on_drop(true).output();
    let other = tokio::time::timeout(TAKES_OVER_WITHIN, ended).await.expect("it ends by itself").unwrap();
    let said = String::from_utf8_lossy(&other.stderr);
    assert_eq!(other.status.code(), Some(1), "{said}");
    assert!(said.contains("retention-days"), "{said}");
}
