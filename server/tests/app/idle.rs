//! A server that nobody sends anything to: it has nothing to write, and writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use engine::{
    AppendError, Document, DocumentStore, Envelope, LogError, LogRecord, PipelineStore, RawQuery, ReadingLog,
    StoreError,
};
use metering::stored::{FlushPlan, MeterState, RawVersion};
use metering::{AggregateRow, Generation, MeterId, Place, Position};
use server::clock::SystemClock;
use server::config::Config;
use server::engines::open;
use server::roles::Roles;
use server::roles::node::start;
use tokio::net::TcpListener;

use crate::support::OneEdition;

/// Ports that count what is written through them.
struct Counted {
    log: Arc<dyn ReadingLog>,
    store: Arc<dyn PipelineStore>,
    documents: Arc<dyn DocumentStore>,
    writes: AtomicU64,
}

impl Counted {
    fn count(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl ReadingLog for Counted {
    fn generations(&self) -> Vec<Generation> {
        self.log.generations()
    }
    async fn append(&self, records: Vec<Envelope>) -> Result<(), AppendError> {
        self.count();
        self.log.append(records).await
    }
    async fn refuses(&self) -> Option<String> {
        self.log.refuses().await
    }
    async fn read(&self, partition: u32, from: i64, max: usize) -> Result<Vec<LogRecord>, LogError> {
        self.log.read(partition, from, max).await
    }
    async fn appended_ms(&self, places: &[(u32, i64)]) -> Result<Vec<Option<i64>>, LogError> {
        self.log.appended_ms(places).await
    }
    async fn head(&self, partition: u32) -> Result<i64, LogError> {
        self.log.head(partition).await
    }
    async fn first(&self, partition: u32) -> Result<i64, LogError> {
        self.log.first(partition).await
    }
    async fn commit(&self, partition: u32, offset: i64) -> Result<(), LogError> {
        self.log.commit(partition, offset).await
    }
}

#[async_trait]
impl PipelineStore for Counted {
    async fn progress(&self, partitions: u32) -> Result<Vec<Option<Position>>, StoreError> {
        self.store.progress(partitions).await
    }
    async fn meters(&self, meters: &[MeterId]) -> Result<Vec<MeterState>, StoreError> {
        self.store.meters(meters).await
    }
    async fn raw(&self, queries: &[RawQuery]) -> Result<Vec<Vec<RawVersion>>, StoreError> {
        self.store.raw(queries).await
    }
    async fn rows(&self, partition: u32, places: &[Place]) -> Result<Vec<Option<AggregateRow>>, StoreError> {
        self.store.rows(partition, places).await
    }
    async fn flush(&self, plan: &FlushPlan) -> Result<(), StoreError> {
        self.count();
        self.store.flush(plan).await
    }
}

#[async_trait]
impl DocumentStore for Counted {
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.documents.document(kind, id).await
    }
    async fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        self.documents.documents(kind).await
    }
    async fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        self.count();
        self.documents.put_documents(kind, documents).await
    }
    async fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.count();
        self.documents.replace_document(kind, id, read, by).await
    }
    async fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        self.count();
        self.documents.remove_document(kind, id).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_server_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let settings = [("data", data.to_str().unwrap()), ("simulate", "0"), ("disk-reserve-mb", "1")];
    let config = Config::with(&settings).unwrap();
    let mut opened = open(&config).await.unwrap();
    let ports = &mut opened.ports;
    let counted = Arc::new(Counted {
        log: ports.log.clone(),
        store: ports.pipeline.clone(),
        documents: ports.documents.clone(),
        writes: AtomicU64::new(0),
    });
    (ports.log, ports.pipeline, ports.documents) = (counted.clone(), counted.clone(), counted.clone());
    ports.editions = Arc::new(OneEdition { pipeline: counted.clone(), figures: ports.figures.clone() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = start(Roles::ALL, config, opened, Some(listener), Arc::new(SystemClock)).await.unwrap();
    // Each partition's first record says that its generation begins: that is decided, and stored once.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let begun = counted.writes.load(Ordering::SeqCst);
    assert!(begun <= u64::from(counted.partitions()), "{begun} writes for nothing");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(counted.writes.load(Ordering::SeqCst), begun, "it goes on to write for nothing");
    running.stopper().cancel();
    running.ended().await.unwrap();
}
