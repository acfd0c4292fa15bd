//! Small things with a name. They are stamped by a clock, and can be removed.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use engine::{Document, DocumentStore, StoreError};
use futures::future::BoxFuture;
use scylla::errors::{ExecutionError, RequestAttemptError};
use scylla::serialize::row::SerializeRow;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, SerialConsistency};

use crate::connection::CassandraStore;
use crate::error::{away, corrupt};

/// Longer bodies are in pieces of so many bytes: a server takes 16 MiB at once, and less is kinder.
const PIECE_BYTES: usize = 512 << 10;

/// How often it is looked whether a write on a condition was agreed on that nobody has answered.
const DOUBTS_MAX: u32 = 2;

/// Why it is not known whether a condition held.
enum Compared {
    /// It may have.
    InDoubt(StoreError),
    /// It can't be asked.
    Failed(StoreError),
}

impl Compared {
    fn of(error: ExecutionError) -> Self {
        use RequestAttemptError::{BrokenConnectionError, DbError};
        use scylla::errors::DbError::{WriteFailure, WriteTimeout};
        match &error {
            ExecutionError::RequestTimeout(_)
            | ExecutionError::LastAttemptError(
                BrokenConnectionError(_) | DbError(WriteTimeout { .. } | WriteFailure { .. }, _),
            ) => Compared::InDoubt(away(error)),
            _ => Compared::Failed(away(error)),
        }
    }
}

fn in_doubt() -> StoreError {
    StoreError::Unavailable("whether it was replaced by us is not known: nodes were slow to agree".to_owned())
}

/// Version, pieces, body.
type DocumentRow = (i64, i32, Vec<u8>);

#[async_trait]
impl DocumentStore for CassandraStore {
    async fn document(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        loop {
            let Some((version, pieces, body)) = self.head(kind, id).await? else { return Ok(None) };
            match self.whole(kind, id, version, pieces, body).await? {
                Some(body) => return Ok(Some(body)),
                // It was overwritten meanwhile, or is damaged.
                None if self.head(kind, id).await?.is_some_and(|(now, ..)| now == version) => {
                    return Err(corrupt(
                        "document_pieces",
                        format!("{kind} {id:?} lacks some of its {pieces} pieces"),
                    ));
                }
                None => {}
            }
        }
    }

    async fn documents(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        let heads: Vec<(String, i64, i32, Vec<u8>)> =
            self.ask("documents", &self.statements.documents, (kind,)).await?;
        let mut documents = Vec::with_capacity(heads.len());
        for (id, _, pieces, body) in heads {
            let body = if pieces == 0 { Some(body) } else { self.document(kind, &id).await? };
            if let Some(body) = body {
                documents.push(Document { id, body });
            }
        }
        Ok(documents)
    }

    async fn put_documents(&self, kind: &str, documents: Vec<Document>) -> Result<(), StoreError> {
        let writes: Vec<BoxFuture<'_, Result<(), StoreError>>> = documents
            .into_iter()
            .map(|document| Box::pin(self.put(kind, document)) as BoxFuture<'_, _>)
            .collect();
        self.all(writes).await.map(drop)
    }

    async fn replace_document(
        &self,
        kind: &str,
        id: &str,
        read: Option<&[u8]>,
        by: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let mut doubts = 0;
        loop {
            let replaced = match read {
                None => self.compared(&self.statements.first_document, (kind, id, &by)).await,
                Some(read) => self.compared(&self.statements.replace_document, (&by, kind, id, read)).await,
            };
            let error = match replaced {
                // The former time may have held after all.
                Ok(false) if doubts > 0 => in_doubt(),
                Ok(answer) => return Ok(answer),
                Err(Compared::InDoubt(error)) => error,
                Err(Compared::Failed(error)) => return Err(error),
            };
            // Nodes that are busy may have agreed on it and not have said so. Who reads as they write ends what is under way.
            match self.agreed(kind, id).await {
                Ok(Some(body)) if body == by => return Ok(true),
                // By whom, and whether before us or after, nobody can tell; at first it was not us.
                Ok(body) if body.as_deref() != read => return Err(error),
                Ok(_) if doubts < DOUBTS_MAX => doubts += 1,
                _ => return Err(error),
            }
        }
    }

    async fn remove_document(&self, kind: &str, id: &str) -> Result<(), StoreError> {
        let old = self.head(kind, id).await?;
        self.run(&self.statements.remove_document, (kind, id)).await?;
        self.forget_pieces(kind, id, old).await
    }
}

impl CassandraStore {
    pub(crate) async fn head(&self, kind: &str, id: &str) -> Result<Option<DocumentRow>, StoreError> {
        Ok(self.ask("documents", &self.statements.document, (kind, id)).await?.into_iter().next())
    }

    /// The body, put together; none if a piece is not there.
    async fn whole(
        &self,
        kind: &str,
        id: &str,
        version: i64,
        pieces: i32,
        body: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if pieces == 0 {
            return Ok(Some(body));
        }
        let values = (kind, id, version);
        let found: Vec<(i32, Vec<u8>)> =
            self.ask("document_pieces", &self.statements.document_pieces, values).await?;
        let is_whole = found.len() == pieces as usize;
        Ok(is_whole.then(|| found.into_iter().flat_map(|(_, piece)| piece).collect()))
    }

    /// Pieces first, then what names them, then the old ones go.
    async fn put(&self, kind: &str, document: Document) -> Result<(), StoreError> {
        let Document { id, body } = document;
        let old = self.head(kind, &id).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let version = now.as_nanos() as i64;
        let (pieces, inline) = if body.len() > PIECE_BYTES {
            for (number, piece) in (0_i32..).zip(body.chunks(PIECE_BYTES)) {
                let values = (kind, id.as_str(), version, number, piece);
                self.run(&self.statements.write_document_piece, values).await?;
            }
            (body.len().div_ceil(PIECE_BYTES) as i32, &[][..])
        } else {
            (0, &body[..])
        };
        self.run(&self.statements.write_document, (kind, id.as_str(), version, pieces, inline)).await?;
        self.forget_pieces(kind, &id, old).await
    }

    async fn forget_pieces(&self, kind: &str, id: &str, old: Option<DocumentRow>) -> Result<(), StoreError> {
        match old {
            Some((version, 1.., _)) => {
                self.run(&self.statements.remove_document_pieces, (kind, id, version)).await
            }
            _ => Ok(()),
        }
    }

    /// The body that nodes have agreed on, of what is written on conditions.
    async fn agreed(&self, kind: &str, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.statements.document.clone();
        statement.set_consistency(Consistency::LocalSerial);
        let rows: Vec<DocumentRow> = self.ask("documents", &statement, (kind, id)).await?;
        Ok(rows.into_iter().next().map(|(.., body)| body))
    }

    /// A write on a condition: whether that held.
    async fn compared(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<bool, Compared> {
        let mut statement = statement.clone();
        // The second time, the condition would be about the first.
        statement.set_is_idempotent(false);
        statement.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        let _turn = self.turn().await;
        let answer = self.session.execute_unpaged(&statement, values).await.map_err(Compared::of)?;
        let unreadable = |error: &dyn std::fmt::Display| Compared::Failed(corrupt("documents", error));
        let answer = answer.into_rows_result().map_err(|error| unreadable(&error))?;
        let mut rows = answer.rows::<scylla::value::Row>().map_err(|error| unreadable(&error))?;
        let first = rows.next().transpose().map_err(|error| unreadable(&error))?;
        // Whether it was applied comes first; what else comes depends on that.
        let applied = first.and_then(|row| row.columns.into_iter().next().flatten());
        applied
            .and_then(|value| value.as_boolean())
            .ok_or_else(|| unreadable(&"a conditional write does not say whether it was applied"))
    }

    pub(crate) async fn run(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), StoreError> {
        let _turn = self.turn().await;
        self.asked(|| self.session.execute_unpaged(statement, &values)).await.map(drop).map_err(away)
    }
}
