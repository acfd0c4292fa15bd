//! The contract suite on a real Cassandra. `cargo xtask test engines` starts one, or takes that of `cargo xtask engines up`, and
//! tells where it is and how it is spoken to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use engine::contract::{self, Has, Reopen};
use engine::{AreaDay, DocumentStore, Editions, FigureStore, PipelineStore};
use engine_cassandra::{
    CassandraConfig, CassandraStore, ConnectError, Identity, Login, Sizing, Tls, keep_readings, migrate,
};
use futures::future::join_all;
use metering::stored::{FlushPlan, PlacedRow};
use metering::{AggregateRow, AreaCode, Energy, Place, Position, Window};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

/// A keyspace of its own, on the nodes that the environment names, with nothing in its tables.
struct Keyspace {
    config: CassandraConfig,
    store: Arc<CassandraStore>,
}

/// Those that were made and are free again. Three nodes take ten seconds and more to make the tables of one, and a
/// moment to empty them.
static FREE: Mutex<Vec<CassandraConfig>> = Mutex::new(Vec::new());

/// What a migration itself has written.
const KEPT: [&str; 2] = ["migrations", "sizing"];

fn nodes() -> Vec<String> {
    let nodes = std::env::var("WATTMAP_CASSANDRA_NODES")
        .expect("WATTMAP_CASSANDRA_NODES names no Cassandra: `cargo xtask test engines` starts one");
    nodes.split(',').map(str::to_owned).collect()
}

fn variable(name: &str) -> String {
    let complaint = || panic!("{name} is not set: `cargo xtask test engines` sets it");
    std::env::var(name).unwrap_or_else(|_| complaint())
}

/// Whether one has to log in, and to show a certificate where TLS is spoken.
fn is_guarded() -> bool {
    variable("WATTMAP_TEST_CASSANDRA_GUARDED").parse().expect("true or false")
}

/// As whom, where one has to log in.
fn login() -> Option<Login> {
    let [user, password] =
        ["USER", "PASSWORD"].map(|what| std::env::var(format!("WATTMAP_CASSANDRA_{what}")));
    Some(Login { user: user.ok()?, password: password.ok()? })
}

/// The driver itself.
async fn session(config: &CassandraConfig) -> Session {
    let mut builder = SessionBuilder::new().known_nodes(&config.nodes);
    if let Some(Login { user, password }) = &config.login {
        builder = builder.user(user, password);
    }
    builder.build().await.expect("it answers")
}

impl Keyspace {
    async fn new() -> Keyspace {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let config = match free {
            Some(config) => {
                empty(&config).await;
                config
            }
            None => made().await,
        };
        let store = CassandraStore::connect(&config).await.expect("it answers");
        Keyspace { config, store }
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.config.clone());
    }
}

async fn made() -> CassandraConfig {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let keyspace = format!("contract_{}_{number}", std::process::id());
    let nodes = nodes();
    let sizing = Sizing { replication: nodes.len() as u32, buckets: 12, shards: 4 };
    let config = CassandraConfig { keyspace, login: login(), ..CassandraConfig::new(nodes) };
    migrate(&config, sizing).await.expect("it is migrated");
    keep_readings(&config, 400 * 86_400).await.expect("it is migrated");
    config
}

async fn empty(config: &CassandraConfig) {
    let keyspace = &config.keyspace;
    let session = session(config).await;
    let metadata = session.get_cluster_state();
    let tables = &metadata.get_keyspace(keyspace).expect("it was made").tables;
    let emptied = tables.keys().filter(|table| !KEPT.contains(&table.as_str())).map(async |table| {
        let any = session.query_unpaged(format!("SELECT * FROM {keyspace}.{table} LIMIT 1"), ()).await;
        let any = any.expect("it answers").into_rows_result().expect("rows are an answer");
        // Emptying takes all nodes seconds, of a table with nothing in it, too.
        if any.rows_num() > 0 {
            session.query_unpaged(format!("TRUNCATE {keyspace}.{table}"), ()).await.expect("it is emptied");
        }
    });
    join_all(emptied).await;
}

impl Has<dyn PipelineStore> for Keyspace {
    fn port(&self) -> Arc<dyn PipelineStore> {
        self.store.clone()
    }
}

impl Has<dyn FigureStore> for Keyspace {
    fn port(&self) -> Arc<dyn FigureStore> {
        self.store.clone()
    }
}

impl Has<dyn DocumentStore> for Keyspace {
    fn port(&self) -> Arc<dyn DocumentStore> {
        self.store.clone()
    }
}

impl Has<dyn Editions> for Keyspace {
    fn port(&self) -> Arc<dyn Editions> {
        self.store.clone()
    }
}

#[async_trait]
impl Reopen for Keyspace {
    async fn reopen(&mut self) {
        self.store = CassandraStore::connect(&self.config).await.expect("it answers again");
    }
}

const DAY: i32 = 20_000;
const AREA: &str = "E01000001";

/// So many homes in a window of the day, as of a position.
async fn flush(keyspace: &Keyspace, window: usize, meters: i64, offset: i64) {
    let at = Position::new(1, offset);
    let place = Place { area: AreaCode::parse(AREA).expect("a code"), window: Window::at(DAY, window) };
    let row = AggregateRow { through: at, energy: Energy::from_mwh(1), meters, meter_seconds: 1800 };
    let rows = vec![PlacedRow { place, row }];
    let plan = FlushPlan { rows, ..FlushPlan::of_nothing(0, at) };
    keyspace.store.flush(&plan).await.expect("it is stored");
}

mod engines {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn the_store_keeps_its_contract() {
        contract::store(Keyspace::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn figures_keep_their_contract() {
        contract::figures(Keyspace::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn editions_keep_their_contract() {
        contract::editions(Keyspace::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn documents_keep_their_contract() {
        contract::documents("anything", Keyspace::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn a_day_is_packed_when_it_rests_and_read_anew_when_it_changes() {
        let keyspace = Keyspace::new().await;
        let name = &keyspace.config.keyspace;
        let session = session(&keyspace.config).await;
        let homes_by_window = async || {
            let areas = keyspace.store.day(DAY).await.expect("it answers");
            let [AreaDay { windows, .. }] = &areas[..] else { panic!("{areas:?}") };
            windows.iter().map(|totals| totals.meters).filter(|&meters| meters > 0).collect::<Vec<i64>>()
        };
        let packed_as_of = async || -> Vec<Vec<u8>> {
            let asked = format!("SELECT as_of FROM {name}.packed_days WHERE day = {DAY}");
            let rows = session.query_unpaged(asked, ()).await.expect("it answers");
            let rows = rows.into_rows_result().expect("rows are an answer");
            rows.rows::<(Vec<u8>,)>().expect("blobs").map(|row| row.expect("a blob").0).collect()
        };
        // As an owner that this store is not told of.
        let aside = async |statement: String| {
            session.query_unpaged(statement, ()).await.expect("it answers");
        };

        flush(&keyspace, 3, 2, 5).await;
        assert_eq!(homes_by_window().await, [2]);
        let as_of_5 = packed_as_of().await;
        assert_eq!(as_of_5.len(), 4, "as many as there are shards");
        let row = format!("'{AREA}', 4, 0, 1, 7, 1800, 1");
        let shard = "(day, shard, area, win, part, energy, meters, seconds, through)";
        let found = session.query_unpaged(
            format!("SELECT shard FROM {name}.aggregates WHERE day = {DAY} LIMIT 1 ALLOW FILTERING"),
            (),
        );
        let found = found.await.expect("it answers").into_rows_result().expect("rows are an answer");
        let (number,) = found.first_row::<(i32,)>().expect("it was flushed");
        aside(format!("INSERT INTO {name}.aggregates {shard} VALUES ({DAY}, {number}, {row})")).await;
        assert_eq!(homes_by_window().await, [2], "nobody noted a change");

        flush(&keyspace, 5, 3, 9).await;
        assert_eq!(homes_by_window().await, [2, 7, 3]);
        let as_of_9 = packed_as_of().await;
        assert!(as_of_9.len() == 4 && as_of_9 != as_of_5);

        // A flush under way: what it has noted is not all stored.
        let far = Position::new(1, 20).stamp();
        aside(format!("INSERT INTO {name}.changed_days (day, part, stamp) VALUES ({DAY}, 0, {far})")).await;
        aside(format!(
            "UPDATE {name}.aggregates SET meters = 8 WHERE day = {DAY} AND shard = {number} \
             AND area = '{AREA}' AND win = 4 AND part = 0"
        ))
        .await;
        assert_eq!(homes_by_window().await, [2, 8, 3]);
        assert_eq!(packed_as_of().await, as_of_9, "it does not rest");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn nodes_are_spoken_to_through_tls_if_their_certificate_is_of_the_right_authority() {
        let keyspace = Keyspace::new().await;
        let authority = PathBuf::from(variable("WATTMAP_TEST_AUTHORITY"));
        let own = is_guarded()
            .then(|| Identity { certificate: authority.clone(), key: variable("WATTMAP_TEST_KEY").into() });
        let through = |authority: &Path, own: &Option<Identity>| {
            let tls = Some(Tls { authority: authority.to_owned(), own: own.clone() });
            CassandraConfig { tls, ..keyspace.config.clone() }
        };
        let store = CassandraStore::connect(&through(&authority, &own)).await.expect("it is trusted");
        let metrics = store.metrics();
        assert!(metrics.requests > 0 && metrics.connections > 0, "{metrics:?}");
        assert!((metrics.errors, metrics.under_way) == (0, 0), "{metrics:?}");
        let another = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/another-authority.pem");
        let error = CassandraStore::connect(&through(&another, &own)).await.err().expect("it is not trusted");
        assert!(error.to_string().contains("certificate verify failed"), "{error}");
        if is_guarded() {
            let error = CassandraStore::connect(&through(&authority, &None)).await.err();
            // What it says of that comes when the connection is closed already, and is heard or not.
            let error = error.expect("nobody is let in without one");
            assert!(matches!(error, ConnectError::Away { .. }), "{error}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn a_wrong_password_is_refused_with_a_sentence_that_says_so() {
        let keyspace = Keyspace::new().await;
        if !is_guarded() {
            println!("these nodes let everybody in: `cargo xtask test engines` has one that does not");
            return;
        }
        let Login { user, .. } = login().expect("WATTMAP_CASSANDRA_USER and its password are set");
        for user in [user.as_str(), "nobody"] {
            let login = Some(Login { user: user.to_owned(), password: "let-me-out".to_owned() });
            let config = CassandraConfig { login, ..keyspace.config.clone() };
            let error = CassandraStore::connect(&config).await.err().expect("nobody may be let in");
            assert!(matches!(error, ConnectError::NotLetIn { .. }), "{error}");
            assert!(!error.to_string().contains("let-me-out"), "{error}");
        }
        let config = CassandraConfig { login: None, ..keyspace.config.clone() };
        let error = CassandraStore::connect(&config).await.err().expect("nobody may be let in");
        assert!(matches!(error, ConnectError::NotLetIn { .. }), "{error}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs Cassandra: cargo xtask test engines"]
    async fn a_datacentre_without_nodes_is_named_beside_those_with_some() {
        let keyspace = Keyspace::new().await;
        let of = |datacenter: &str| CassandraConfig {
            datacenter: Some(datacenter.to_owned()),
            ..keyspace.config.clone()
        };
        CassandraStore::connect(&of("datacenter1")).await.expect("its nodes are there");
        let error = CassandraStore::connect(&of("elsewhere")).await.err().expect("nobody is there");
        assert!(matches!(error, ConnectError::Refused(_)), "{error}");
        let error = error.to_string();
        assert!(error.contains("elsewhere") && error.contains("are in datacenter1"), "{error}");
    }
}
