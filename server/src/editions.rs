//! Which edition of the aggregates is in use, and how another one takes its place: all at once, by one note that
//! several who try cannot both write.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use engine::{Edition, Editions, InEdition, StoreError, crash_point};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// How soon a process hears of another edition.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When nobody reads a former edition any more: every process has heard of the new one, and what it had begun to read
/// is read.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// What is noted of editions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Note {
    /// The one in use.
    in_use: u32,
    /// The one that is being made, or was when its maker died.
    #[serde(default)]
    making: Option<u32>,
    /// The last number that was given.
    last: u32,
}

/// A note as it was read.
struct Noted {
    bytes: Option<Vec<u8>>,
    note: Note,
}

async fn read(editions: &dyn Editions) -> Result<Noted, StoreError> {
    let bytes = editions.note().await?;
    let note = match &bytes {
        None => Note::default(),
        Some(bytes) => serde_json::from_slice(bytes)
            .map_err(|error| StoreError::Corrupt(format!("the note of editions is damaged: {error}")))?,
    };
    Ok(Noted { bytes, note })
}

async fn replace(editions: &dyn Editions, noted: &Noted, by: &Note) -> anyhow::Result<()> {
    let written = editions.replace_note(noted.bytes.as_deref(), serde_json::to_vec(by)?).await?;
    ensure!(written, "another `wattmap replay` has begun meanwhile: this one has changed nothing");
    Ok(())
}

/// The edition in use.
pub async fn in_use(editions: &dyn Editions) -> Result<Edition, StoreError> {
    Ok(Edition(read(editions).await?.note.in_use))
}

/// Keeps `in_use` as it is noted, until the shutdown, and calls `changed` when it has become another one.
pub async fn follow(
    editions: Arc<dyn Editions>,
    in_use: InEdition,
    shutdown: CancellationToken,
    changed: impl Fn() + Send,
) {
    while shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        match self::in_use(editions.as_ref()).await {
            Ok(noted) if noted != in_use.get() => {
                tracing::info!(edition = noted.0, "other aggregates are in use");
                in_use.set(noted);
                changed();
            }
            Ok(_) => {}
            // Those that are known are right until they are followed by others.
            Err(error) => tracing::debug!(%error, "the note of editions can't be read"),
        }
    }
}

/// An edition that is being made.
pub struct Making {
    editions: Arc<dyn Editions>,
    noted: Note,
    /// The one in use meanwhile.
    pub from: Edition,
    /// The one that is made.
    pub to: Edition,
}

impl Making {
    /// Begins another edition. What a maker that died has left is removed.
    pub async fn begin(editions: Arc<dyn Editions>) -> anyhow::Result<Making> {
        let noted = read(editions.as_ref()).await?;
        let to = Edition(noted.note.last + 1);
        ensure!(
            to <= Edition::LAST,
            "aggregates were made anew {} times: there is no number left",
            noted.note.last
        );
        let note = Note { in_use: noted.note.in_use, making: Some(to.0), last: to.0 };
        replace(editions.as_ref(), &noted, &note).await?;
        if let Some(left) = noted.note.making {
            editions
                .remove(Edition(left))
                .await
                .context("what an earlier replay has left can't be removed")?;
        }
        Ok(Making { editions, from: Edition(note.in_use), to, noted: note })
    }

    /// What it is made with.
    pub fn editions(&self) -> &Arc<dyn Editions> {
        &self.editions
    }

    /// Puts it in use. From then on the former one is read by nobody who has heard of it.
    pub async fn put_in_use(&self) -> anyhow::Result<()> {
        self.editions.write_out().await?;
        crash_point("replay-made");
        let noted = read(self.editions.as_ref()).await?;
        ensure!(
            noted.note == self.noted,
            "another `wattmap replay` has begun meanwhile: this one has changed nothing"
        );
        // Until it is removed, the former one is what somebody who dies now has left.
        let note = Note { in_use: self.to.0, making: Some(self.from.0), last: self.noted.last };
        replace(self.editions.as_ref(), &noted, &note).await?;
        crash_point("replay-in-use");
        Ok(())
    }

    /// Removes the former one, after nobody reads it any more if others are at work.
    pub async fn remove_former(&self, others_work: bool) -> anyhow::Result<()> {
        if others_work {
            tokio::time::sleep(FORGOTTEN_AFTER).await;
        }
        self.editions.remove(self.from).await?;
        let noted = read(self.editions.as_ref()).await?;
        if noted.note.making == Some(self.from.0) {
            let note = Note { making: None, ..noted.note.clone() };
            // Whoever has begun another one meanwhile has removed it, too.
            let _ = replace(self.editions.as_ref(), &noted, &note).await;
        }
        Ok(())
    }

    /// Removes what was made: what is in use stays so.
    pub async fn give_up(&self) -> anyhow::Result<()> {
        self.editions.remove(self.to).await?;
        Ok(())
    }
}
