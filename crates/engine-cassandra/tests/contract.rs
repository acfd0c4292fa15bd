//! The contract suite on a real Cassandra: `cargo xtask engines up`, then `WATTMAP_CASSANDRA_NODES=127.0.0.1:9042`.
//! `cargo xtask test engines` does both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use engine::contract::{self, Has, Reopen};
use engine::{DocumentStore, FigureStore, PipelineStore};
use engine_cassandra::{CassandraConfig, CassandraStore, Sizing, migrate};

/// A keyspace of its own, on the nodes that the environment names.
struct Keyspace {
    config: CassandraConfig,
    store: Arc<CassandraStore>,
}

fn nodes() -> Vec<String> {
    let nodes = std::env::var("WATTMAP_CASSANDRA_NODES")
        .expect("WATTMAP_CASSANDRA_NODES names no Cassandra: `cargo xtask test engines` starts one");
    nodes.split(',').map(str::to_owned).collect()
}

impl Keyspace {
    async fn new() -> Keyspace {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let keyspace = format!("contract_{}_{number}", std::process::id());
        let nodes = nodes();
        let sizing = Sizing { replication: nodes.len() as u32, buckets: 12, shards: 4 };
        let config = CassandraConfig { keyspace, ..CassandraConfig::new(nodes) };
        migrate(&config, sizing, 400 * 86_400).await.expect("it is migrated");
        let store = CassandraStore::connect(&config).await.expect("it answers");
        Keyspace { config, store }
    }
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

#[async_trait]
impl Reopen for Keyspace {
    async fn reopen(&mut self) {
        self.store = CassandraStore::connect(&self.config).await.expect("it answers again");
    }
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
    async fn documents_keep_their_contract() {
        contract::documents("anything", Keyspace::new).await;
    }
}
