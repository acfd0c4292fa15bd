//! Which edition of the aggregates is in use, and how another one takes its place: all at once, by one note that
//! several who try cannot both write.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use engine::{Edition, Editions, InEdition, StoreError, crash_point};
use serde::{Deserialize, Serialize};

/// How soon a process hears of another edition.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When nobody reads a former edition any more: every process has heard of the new one, and what it had begun to read
/// is read.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15);

/// What is noted of editions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Note {
    /// The one in use.
    in_use: Edition,
    /// The one that is being made, or was when its maker died.
    making: Option<Edition>,
    /// Those that are to be removed.
    left: Vec<Edition>,
    /// The last number that was given.
    last: Edition,
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

/// Whether it was still as it was read.
async fn replace(editions: &dyn Editions, noted: &Noted, by: &Note) -> anyhow::Result<bool> {
    let bytes = serde_json::to_vec(by)?;
    match editions.replace_note(noted.bytes.as_deref(), bytes.clone()).await {
        Ok(replaced) => Ok(replaced),
        // It may have been written all the same.
        Err(_) if editions.note().await?.as_deref() == Some(&bytes) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// The edition in use.
pub async fn in_use(editions: &dyn Editions) -> Result<Edition, StoreError> {
    Ok(read(editions).await?.note.in_use)
}

/// Keeps `in_use` as it is noted, for as long as it runs.
pub async fn follow(editions: Arc<dyn Editions>, in_use: InEdition) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match self::in_use(editions.as_ref()).await {
            Ok(edition) => {
                if in_use.set(edition) {
                    tracing::info!(edition = edition.0, "other aggregates are in use");
                }
            }
            // Those that are known are right until others are in use.
            Err(error) => tracing::warn!(%error, "whether other aggregates are in use can't be read"),
        }
    }
}

/// An edition that is being made.
pub struct Making {
    editions: Arc<dyn Editions>,
    note: Note,
    /// Whether others work meanwhile.
    shared: bool,
}

impl Making {
    /// Begins another edition. What makers that died have left is removed.
    pub async fn begin(editions: Arc<dyn Editions>, shared: bool) -> anyhow::Result<Making> {
        let noted = read(editions.as_ref()).await?;
        let Note { in_use, making, mut left, last } = noted.note.clone();
        ensure!(last < Edition::LAST, "aggregates were made anew {} times: there is no number left", last.0);
        let to = Edition(last.0 + 1);
        left.extend(making);
        let note = Note { in_use, making: Some(to), left, last: to };
        ensure!(replace(editions.as_ref(), &noted, &note).await?, OVERTAKEN);
        let mut begun = Making { editions, note, shared };
        begun.remove_left().await?;
        Ok(begun)
    }

    /// The one in use meanwhile.
    pub fn from(&self) -> Edition {
        self.note.in_use
    }

    /// The one that is made.
    pub fn to(&self) -> Edition {
        self.note.last
    }

    /// Puts it in use. From then on the former one is read by nobody who has heard of it.
    pub async fn put_in_use(&mut self) -> anyhow::Result<()> {
        self.editions.write_out().await?;
        crash_point("replay-made");
        let Note { in_use, left, last, .. } = self.note.clone();
        let left = left.into_iter().chain([in_use]).collect();
        self.note(Note { in_use: last, making: None, left, last }).await?;
        crash_point("replay-in-use");
        Ok(())
    }

    /// Gives up: what was made is what is left, and is removed.
    pub async fn give_up(mut self) -> anyhow::Result<()> {
        let Note { in_use, mut left, making, last } = self.note.clone();
        left.extend(making);
        self.note(Note { in_use, making: None, left, last }).await?;
        self.remove_left().await
    }

    /// Removes what is left, when nobody reads it any more.
    pub async fn remove_left(&mut self) -> anyhow::Result<()> {
        if self.note.left.is_empty() {
            return Ok(());
        }
        if self.shared {
            tokio::time::sleep(FORGOTTEN_AFTER).await;
        }
        for edition in &self.note.left {
            self.editions.remove(*edition).await.context("aggregates that nobody reads can't be removed")?;
        }
        self.editions.write_out().await?;
        self.note(Note { left: Vec::new(), ..self.note.clone() }).await
    }

    /// Notes something else, unless somebody else has.
    async fn note(&mut self, note: Note) -> anyhow::Result<()> {
        let noted = read(self.editions.as_ref()).await?;
        ensure!(noted.note == self.note && replace(self.editions.as_ref(), &noted, &note).await?, OVERTAKEN);
        self.note = note;
        Ok(())
    }
}

const OVERTAKEN: &str = "another `wattmap replay` has begun meanwhile, or a generation of the log has: this one ends, and has changed nothing";

/// Has no edition put in use that was begun before a generation of the log (rule 16). Says whether one was being made.
pub async fn end_what_is_made(editions: &dyn Editions) -> anyhow::Result<bool> {
    loop {
        let noted = read(editions).await?;
        let Note { in_use, making: Some(making), mut left, last } = noted.note.clone() else {
            return Ok(false);
        };
        left.push(making);
        if replace(editions, &noted, &Note { in_use, making: None, left, last }).await? {
            return Ok(true);
        }
    }
}
