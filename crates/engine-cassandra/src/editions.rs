//! Aggregates that are made anew beside those in use: other groups of areas of the same tables.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Edition, Editions, FigureStore, InEdition, PipelineStore, StoreError};
use futures::future::BoxFuture;
use scylla::serialize::row::SerializeRow;
use scylla::statement::SerialConsistency;
use scylla::statement::prepared::PreparedStatement;

use crate::connection::CassandraStore;
use crate::error::{away, corrupt};
use crate::places::{EDITION_LAST, Of, numbered};

/// The document that is the note. It is written by comparing alone.
const NOTE: (&str, &str) = ("editions", "note");

#[async_trait]
impl Editions for CassandraStore {
    async fn note(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, id) = NOTE;
        Ok(self.head(kind, id).await?.map(|(_, _, body)| body))
    }

    async fn replace_note(&self, read: Option<&[u8]>, by: Vec<u8>) -> Result<bool, StoreError> {
        let (kind, id) = NOTE;
        match read {
            None => self.compared(&self.statements.first_note, (kind, id, by)).await,
            Some(read) => self.compared(&self.statements.replace_note, (by, kind, id, read)).await,
        }
    }

    fn pipeline(&self, edition: &InEdition) -> Arc<dyn PipelineStore> {
        self.in_edition(edition)
    }

    fn figures(&self, edition: &InEdition) -> Arc<dyn FigureStore> {
        self.in_edition(edition)
    }

    async fn write_out(&self) -> Result<(), StoreError> {
        // What is acknowledged is durable.
        Ok(())
    }

    /// By groups; what somebody writes there later has an older stamp, and stays removed.
    async fn remove(&self, edition: Edition) -> Result<(), StoreError> {
        let statement = &self.statements.remove_aggregates;
        let numbers = (numbered(edition, 0), numbered(edition, EDITION_LAST));
        let mut removals: Vec<BoxFuture<'_, Result<(), StoreError>>> = Vec::new();
        for day in self.stored_days(Of::Aggregates).await? {
            for statement in [&self.statements.remove_changed_days, &self.statements.remove_packed_days] {
                removals.push(Box::pin(self.run(statement, (day, numbers.0, numbers.1))));
            }
            for shard in self.sizing.all_shards(edition) {
                removals.push(Box::pin(self.run(statement, (day, shard))));
            }
        }
        self.all(removals).await.map(drop)
    }
}

impl CassandraStore {
    /// A write on a condition: whether that held.
    async fn compared(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<bool, StoreError> {
        let mut statement = statement.clone();
        // The second time, the condition would be about the first.
        statement.set_is_idempotent(false);
        statement.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        let _turn = self.turn().await;
        let answer = self.session.execute_unpaged(&statement, values).await.map_err(away)?;
        let answer = answer.into_rows_result().map_err(|error| corrupt("documents", error))?;
        let mut rows = answer.rows::<scylla::value::Row>().map_err(|error| corrupt("documents", error))?;
        let first = rows.next().transpose().map_err(|error| corrupt("documents", error))?;
        // Whether it was applied comes first; what else comes depends on that.
        let applied = first.and_then(|row| row.columns.into_iter().next().flatten());
        applied
            .and_then(|value| value.as_boolean())
            .ok_or_else(|| corrupt("documents", "a conditional write does not say whether it was applied"))
    }
}
