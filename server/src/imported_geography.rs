//! The geography that was imported: a document, which the next start takes for the map.

use std::sync::Arc;

use engine::{Document, StoreError};
use geography::Geography;
use metering::stored::RegistrationVersion;
use serde::{Deserialize, Serialize};
use tokio::task::JoinError;

use crate::state::Ports;

/// The kind and the name of the document.
pub(crate) const GEOGRAPHY: (&str, &str) = ("geography", "current");

/// The areas that come with the program.
pub(crate) async fn london() -> Result<Arc<Geography>, JoinError> {
    tokio::task::spawn_blocking(Geography::london).await
}

/// What the next start shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NextGeography {
    /// What it is called.
    pub(crate) name: String,
    /// Meters that are registered in areas that it does not have: kept, and not shown.
    pub(crate) meters_elsewhere: usize,
}

/// Stores a geography as its bytes, or forgets the one that is stored, where `geography` comes with the program. A dry
/// run changes nothing.
pub(crate) async fn replace(
    ports: &Ports,
    geography: &Geography,
    bytes: Option<Vec<u8>>,
    dry_run: bool,
) -> Result<NextGeography, StoreError> {
    let is_elsewhere = |one: &&RegistrationVersion| {
        geography.index_of(&one.area).is_none_or(|area| geography.leaf_number(area).is_none())
    };
    let meters_elsewhere = ports.figures.registrations().await?.iter().filter(is_elsewhere).count();
    let (kind, id) = GEOGRAPHY;
    match bytes {
        _ if dry_run => {}
        Some(body) => ports.documents.put_documents(kind, vec![Document { id: id.to_owned(), body }]).await?,
        None => ports.documents.remove_document(kind, id).await?,
    }
    Ok(NextGeography { name: geography.name().to_owned(), meters_elsewhere })
}
