//! The contract suite, for the whole engine and for the store alone.

use std::sync::Arc;

use async_trait::async_trait;
use engine::contract::{self, Has, Reopen};
use engine::{DocumentStore, Editions, FigureStore, LiveFeed, PipelineStore, ReadingLog};
use tempfile::TempDir;

use super::support::config;
use crate::lock::DirectoryLock;
use crate::{EmbeddedConfig, EmbeddedEngine, EmbeddedStore, KEYS, store};

struct Whole {
    dir: TempDir,
    config: EmbeddedConfig,
    engine: Option<EmbeddedEngine>,
}

impl Whole {
    fn new(config: EmbeddedConfig) -> Whole {
        let dir = tempfile::tempdir().unwrap();
        let engine = Some(EmbeddedEngine::open(dir.path(), config.clone()).unwrap());
        Whole { dir, config, engine }
    }

    fn engine(&self) -> &EmbeddedEngine {
        self.engine.as_ref().unwrap()
    }
}

impl Has<dyn ReadingLog> for Whole {
    fn port(&self) -> Arc<dyn ReadingLog> {
        self.engine().log()
    }
}

impl Has<dyn DocumentStore> for Whole {
    fn port(&self) -> Arc<dyn DocumentStore> {
        self.engine().documents()
    }
}

impl Has<dyn LiveFeed> for Whole {
    fn port(&self) -> Arc<dyn LiveFeed> {
        self.engine().live()
    }
}

#[async_trait]
impl Reopen for Whole {
    async fn reopen(&mut self) {
        let engine = self.engine.take().unwrap();
        engine.close().await.unwrap();
        drop(engine);
        self.engine = Some(EmbeddedEngine::open(self.dir.path(), self.config.clone()).unwrap());
    }
}

/// The store without a log, so that plans may be of any position.
struct Store {
    dir: TempDir,
    store: Option<Arc<EmbeddedStore>>,
    /// Packs and merges everything before each restart.
    compacting: bool,
}

fn open(dir: &TempDir) -> Arc<EmbeddedStore> {
    let lock = Arc::new(DirectoryLock::take(dir.path()).unwrap());
    Arc::new(EmbeddedStore::open(dir.path(), config(), 7, lock).unwrap())
}

impl Store {
    fn new(compacting: bool) -> Store {
        let dir = tempfile::tempdir().unwrap();
        store::create(dir.path()).unwrap();
        let store = Some(open(&dir));
        Store { dir, store, compacting }
    }
}

impl Has<dyn PipelineStore> for Store {
    fn port(&self) -> Arc<dyn PipelineStore> {
        self.store.clone().unwrap()
    }
}

impl Has<dyn FigureStore> for Store {
    fn port(&self) -> Arc<dyn FigureStore> {
        self.store.clone().unwrap()
    }
}

impl Has<dyn Editions> for Store {
    fn port(&self) -> Arc<dyn Editions> {
        self.store.clone().unwrap()
    }
}

#[async_trait]
impl Reopen for Store {
    async fn reopen(&mut self) {
        let store = self.store.take().unwrap();
        if self.compacting {
            store.compact().await.unwrap();
        }
        store.close().unwrap();
        drop(store);
        self.store = Some(open(&self.dir));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_its_contract() {
    contract::log(async || Whole::new(config())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_keeps_its_contract_when_all_is_read_from_files() {
    let small = EmbeddedConfig { tail_bytes_max: 0, segment_bytes: 4 << 10, partitions: 3, ..config() };
    contract::log(async || Whole::new(small.clone())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_its_contract() {
    contract::store(async || Store::new(false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_its_contract_when_it_packs_and_merges() {
    contract::store(async || Store::new(true)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_keep_their_contract() {
    contract::figures(async || Store::new(false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editions_keep_their_contract() {
    contract::editions(async || Store::new(false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_keep_their_contract() {
    contract::documents("anything", async || Whole::new(config())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_keep_the_contract_of_documents() {
    contract::documents(KEYS, async || Whole::new(config())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_feed_keeps_its_contract() {
    contract::live(async || Whole::new(config())).await;
}
