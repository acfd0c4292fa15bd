//! The connection, and who shares it.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Deref};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{InEdition, StoreError};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{StreamExt, TryStreamExt};
use metering::DeadReason;
use metering::stored::Windows;
use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, MetadataError,
    NewSessionError,
};
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::timestamp_generator::MonotonicTimestampGenerator;
use scylla::response::PagingState;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::Semaphore;

use crate::error::{ConnectError, away, corrupt};
use crate::schema;
use crate::statements::Statements;
use crate::{CassandraConfig, Login, Sizing};

/// How long a node may take to take a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// After so long it is asked once more, where there is another node that may hear it: the first may hang. Ten times what a busy
/// node takes, so that no load comes of it. (What the driver has for this would wait as long before it says that a node is away.)
const ANOTHER_AFTER: Duration = Duration::from_secs(2);
/// And so many times at most: which node hears it is chance.
const ASKED_MORE: u32 = 3;
/// Of as many requests as there may be at once one may be asked besides.
const BESIDES_PART: usize = 8;
/// A connection on which nothing comes is tried that often, and given up where nothing comes for so long: a node that hangs
/// closes none.
const TRIED_EVERY: Duration = Duration::from_secs(3);
const TRIED_FOR: Duration = Duration::from_secs(7);
/// How often nodes are asked whether they agree on the tables.
const AGREED_EVERY: Duration = Duration::from_millis(20);

/// The store, as it is in one edition of its aggregates. All editions share a pool of connections.
pub struct CassandraStore {
    shared: Arc<Shared>,
    pub(crate) edition: InEdition,
}

/// What all editions share.
pub struct Shared {
    pub(crate) session: Session,
    pub(crate) statements: Statements,
    pub(crate) sizing: Sizing,
    /// Requests under way, of all owners together.
    requests: Semaphore,
    /// Those that are asked besides: where all nodes are slow, more of them would make it worse.
    besides: Semaphore,
    pub(crate) requests_max: usize,
    /// Of each partition and edition by its number: the windows that are known to be noted.
    pub(crate) noted: Mutex<HashMap<i32, Windows>>,
    /// Dead letters by reason, of slots that get no more.
    pub(crate) counted: Mutex<HashMap<DeadSlot, DeadCounts>>,
}

/// A partition of the log, and a stretch of its positions.
pub(crate) type DeadSlot = (i32, i64);

/// So many letters of each reason.
pub(crate) type DeadCounts = HashMap<DeadReason, u64>;

impl Deref for CassandraStore {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl CassandraStore {
    /// Connects to a migrated keyspace. Aggregates are the first edition's.
    pub async fn connect(config: &CassandraConfig) -> Result<Arc<Self>, ConnectError> {
        let session = connect(config, Some(&config.keyspace)).await?;
        let sizing = schema::check(&session, config).await?;
        let statements = Statements::prepare(&session, &config.keyspace)
            .await
            .map_err(|error| schema::away(config, error))?;
        let requests = Semaphore::new(config.requests_max);
        let requests_max = config.requests_max;
        let besides = Semaphore::new(requests_max.div_ceil(BESIDES_PART));
        let shared = Arc::new(Shared {
            session,
            statements,
            sizing,
            requests,
            besides,
            requests_max,
            noted: Mutex::default(),
            counted: Mutex::default(),
        });
        Ok(Arc::new(CassandraStore { shared, edition: InEdition::default() }))
    }

    /// The same in another edition.
    pub(crate) fn in_edition(&self, edition: &InEdition) -> Arc<Self> {
        Arc::new(CassandraStore { shared: self.shared.clone(), edition: edition.clone() })
    }
}

impl Shared {
    /// Does all of it, as many at a time as there may be requests; answers are in order.
    pub(crate) async fn all<T: Send>(
        &self,
        requests: Vec<BoxFuture<'_, Result<T, StoreError>>>,
    ) -> Result<Vec<T>, StoreError> {
        self.some_at_once(self.requests_max, requests).await
    }

    /// Does all of it, so many at a time.
    pub(crate) async fn some_at_once<T: Send>(
        &self,
        at_once: usize,
        requests: Vec<BoxFuture<'_, Result<T, StoreError>>>,
    ) -> Result<Vec<T>, StoreError> {
        futures::stream::iter(requests).buffered(at_once).try_collect().await
    }

    /// Waits for its turn.
    pub(crate) async fn turn(&self) -> tokio::sync::SemaphorePermit<'_> {
        #[expect(clippy::expect_used, reason = "the semaphore is never closed")]
        self.requests.acquire().await.expect("the semaphore is open")
    }

    /// Requests that are not answered yet.
    pub(crate) fn under_way(&self) -> usize {
        self.requests_max.saturating_sub(self.requests.available_permits())
    }

    /// All rows of a query, page by page.
    pub(crate) async fn ask<T>(
        &self,
        table: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> + Send + 'static,
    {
        let _turn = self.turn().await;
        let (mut all, mut from) = (Vec::new(), PagingState::start());
        loop {
            let page = || self.session.execute_single_page(statement, &values, from.clone());
            let (page, next) = self.asked(page).await.map_err(away)?;
            let rows = page.into_rows_result().map_err(|error| corrupt(table, error))?;
            for row in rows.rows::<T>().map_err(|error| corrupt(table, error))? {
                all.push(row.map_err(|error| corrupt(table, error))?);
            }
            match next.into_paging_control_flow() {
                ControlFlow::Continue(next) => from = next,
                ControlFlow::Break(()) => return Ok(all),
            }
        }
    }

    /// The answer to what may be asked more than once: it is, where none has come for long and there are other nodes. What fails
    /// while nothing else is under way fails at once.
    pub(crate) async fn asked<T, E, A: Future<Output = Result<T, E>>>(
        &self,
        ask: impl Fn() -> A,
    ) -> Result<T, E> {
        let more = if self.session.get_cluster_state().get_nodes_info().len() > 1 { ASKED_MORE } else { 0 };
        first_answer(ask, more, &self.besides).await
    }
}

/// Asks once, and so many times more, each when nothing has come for a while and there is room.
async fn first_answer<T, E, A: Future<Output = Result<T, E>>>(
    ask: impl Fn() -> A,
    mut more: u32,
    room: &Semaphore,
) -> Result<T, E> {
    let mut besides = Vec::new();
    let mut asked = FuturesUnordered::from_iter([ask()]);
    loop {
        tokio::select! {
            Some(answer) = asked.next() => {
                if answer.is_ok() || asked.is_empty() {
                    return answer;
                }
            }
            () = tokio::time::sleep(ANOTHER_AFTER), if more > 0 => {
                if let Ok(permit) = room.try_acquire() {
                    besides.push(permit);
                    asked.push(ask());
                    more -= 1;
                }
            }
        }
    }
}

/// A connection, to a keyspace or to none yet.
pub(crate) async fn connect(
    config: &CassandraConfig,
    keyspace: Option<&str>,
) -> Result<Session, ConnectError> {
    let mut balancing = DefaultPolicy::builder().token_aware(true);
    if let Some(datacenter) = &config.datacenter {
        balancing = balancing.prefer_datacenter(datacenter.clone()).permit_dc_failover(false);
    }
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .request_timeout(Some(config.request_timeout))
        .load_balancing_policy(balancing.build())
        .build();
    // At least one, so that there is one.
    let connections = NonZeroUsize::new(config.connections_per_node).unwrap_or(NonZeroUsize::MIN);
    let mut builder = SessionBuilder::new()
        .known_nodes(&config.nodes)
        .connection_timeout(CONNECT_WITHIN)
        .keepalive_interval(TRIED_EVERY)
        .keepalive_timeout(TRIED_FOR)
        .pool_size(PoolSize::PerHost(connections))
        // Of documents and packed days alone: all else is stamped by its position.
        .timestamp_generator(Arc::new(MonotonicTimestampGenerator::new()))
        // Only what says where a row lies: other keyspaces and columns are nothing to us.
        .keyspaces_to_fetch([&config.keyspace])
        .fetch_full_schema_metadata(false)
        // Who changes tables reads none of them; all others come when the tables are there.
        .refresh_metadata_on_auto_schema_agreement(false)
        .schema_agreement_interval(AGREED_EVERY)
        .default_execution_profile_handle(profile.into_handle());
    if let Some(tls) = &config.tls {
        builder = builder.tls_context(Some(tls.context()?));
    }
    if let Some(Login { user, password }) = &config.login {
        builder = builder.user(user, password);
    }
    let session = builder.build().await.map_err(|error| match refusal(&error) {
        Some(why) => ConnectError::NotLetIn { nodes: config.nodes.join(", "), why },
        None => schema::away(config, error),
    })?;
    if let Some(datacenter) = &config.datacenter {
        is_there(&session, datacenter).map_err(|why| {
            ConnectError::Refused(format!("Cassandra at {}: {why}", config.nodes.join(", ")))
        })?;
    }
    if let Some(keyspace) = keyspace {
        session.use_keyspace(keyspace, false).await.map_err(|error| ConnectError::NotMigrated {
            nodes: config.nodes.join(", "),
            why: error.to_string(),
        })?;
    }
    Ok(session)
}

/// Whether any node is in it: without one every request would fail, and none would say why.
fn is_there(session: &Session, datacenter: &str) -> Result<(), String> {
    let state = session.get_cluster_state();
    let known: BTreeSet<&str> =
        state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    if known.contains(datacenter) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(format!("cassandra-datacenter is {datacenter}, and its nodes are in {}", known.join(", ")))
}

/// What a node said to a name and a password that it does not know, or to there being none.
fn refusal(error: &NewSessionError) -> Option<String> {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
        last_connection_error: ConnectionError::ConnectionSetupRequestError(setup),
    })) = error
    else {
        return None;
    };
    match &setup.error {
        ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, why) => Some(why.clone()),
        ConnectionSetupRequestErrorKind::MissingAuthentication => {
            Some("it wants a name and a password, and cassandra-user is not set".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Each time it is asked, what is next comes after so many seconds. Gives the answer, how long it took and how often it was
    /// asked.
    async fn asked(
        more: u32,
        room: usize,
        answers: &[(u64, Result<u32, u32>)],
    ) -> (Result<u32, u32>, u64, u32) {
        let (began, count) = (tokio::time::Instant::now(), AtomicU32::new(0));
        let ask = || {
            let (after_s, answer) = answers[count.fetch_add(1, Ordering::Relaxed) as usize];
            async move {
                tokio::time::sleep(Duration::from_secs(after_s)).await;
                answer
            }
        };
        let answer = first_answer(ask, more, &Semaphore::new(room)).await;
        (answer, began.elapsed().as_secs(), count.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_is_not_waited_for_and_what_fails_fails_at_once() {
        assert_eq!(asked(3, 9, &[(1, Ok(1))]).await, (Ok(1), 1, 1));
        assert_eq!(asked(3, 9, &[(1, Err(1))]).await, (Err(1), 1, 1));
        assert_eq!(asked(3, 9, &[(60, Ok(1)), (60, Ok(2)), (1, Ok(3))]).await, (Ok(3), 5, 3));
        assert_eq!(asked(3, 9, &[(60, Ok(1)), (1, Err(2)), (1, Ok(3))]).await, (Ok(3), 6, 3));
        assert_eq!(asked(1, 9, &[(9, Err(1)), (4, Err(2))]).await, (Err(1), 9, 2));
        assert_eq!(asked(0, 9, &[(60, Ok(1))]).await, (Ok(1), 60, 1), "there is nobody else");
        assert_eq!(asked(3, 1, &[(60, Ok(1)), (60, Ok(2))]).await, (Ok(1), 60, 2), "there is no more room");
    }
}
