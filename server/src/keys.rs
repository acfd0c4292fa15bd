//! Keys: who may send readings, and who may see exact data.
//!
//! A key is `wm_<id>_<secret>`. The id is public and names the key; of the secret, 256 random bits,
//! only the SHA-256 is stored: there is nothing to guess that a slow hash would have to protect.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Document, DocumentStore, StoreError};
use metering::UtcSecond;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

/// The kind of document that keys are.
pub const KIND: &str = "keys";

/// How long a running server may take to hear of a new or revoked key.
const KNOWN_FOR: Duration = Duration::from_millis(900);

/// How long a key is believed while the store is away.
const BELIEVED_FOR: Duration = Duration::from_secs(15 * 60);

/// How long the store may take to say whether a key that is known is still valid; and when it is asked again if it did
/// not say.
const SAYS_WITHIN: Duration = Duration::from_millis(500);
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);

/// How soon an unknown key may make it look again: guessing must not cost a read each.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Sending readings and registrations.
    Ingest,
    /// Exact data, and steering.
    Operator,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Ingest => "ingest",
            Scope::Operator => "operator",
        })
    }
}

impl FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ingest" => Ok(Scope::Ingest),
            "operator" => Ok(Scope::Operator),
            _ => Err(format!("{text:?} is no scope; allowed are ingest and operator")),
        }
    }
}

/// A key as it is stored: without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The public part.
    pub id: String,
    /// Whose it is, in the operator's words.
    pub name: String,
    /// What it is for.
    pub scope: Scope,
    /// When it was made.
    pub created: UtcSecond,
    /// When it ceased to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<UtcSecond>,
    /// SHA-256 of the secret, in hexadecimal.
    secret_sha256: String,
}

/// Why a key may not do what it was shown for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// Not of the form of a key, not known, or revoked: no difference is told.
    #[error("the key is not valid")]
    Invalid,
    /// Valid, but for something else.
    #[error("the key {id} has the scope {has}; this needs {needs}")]
    Scope {
        /// Which.
        id: String,
        /// What it is for.
        has: Scope,
        /// What was asked.
        needs: Scope,
    },
    /// Keys can't be read now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key and stores it; gives it in full, for the only time.
pub async fn create(
    documents: &dyn DocumentStore,
    name: &str,
    scope: Scope,
    now: UtcSecond,
) -> Result<String, CreateError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(CreateError::Name);
    }
    let (id, secret) = (random_hex::<4>()?, random_hex::<32>()?);
    let key = Key {
        id: id.clone(),
        name: name.to_owned(),
        scope,
        created: now,
        revoked: None,
        secret_sha256: sha256_hex(&secret),
    };
    put(documents, &key).await?;
    Ok(format!("wm_{id}_{secret}"))
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A name that nobody could tell it by.
    #[error("a key's name is 1 to 80 characters, none of them a control character")]
    Name,
    /// The system has no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// It can't be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All keys, revoked ones among them, in order of their making.
pub async fn list(documents: &dyn DocumentStore) -> Result<Vec<Key>, StoreError> {
    let mut keys: Vec<Key> =
        documents.documents(KIND).await?.iter().map(understand).collect::<Result<_, _>>()?;
    keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(keys)
}

/// Revokes the key of that id; false if there is none.
pub async fn revoke(documents: &dyn DocumentStore, id: &str, now: UtcSecond) -> Result<bool, StoreError> {
    let Some(mut key) = list(documents).await?.into_iter().find(|key| key.id == id) else {
        return Ok(false);
    };
    if key.revoked.is_none() {
        key.revoked = Some(now);
        put(documents, &key).await?;
    }
    Ok(true)
}

async fn put(documents: &dyn DocumentStore, key: &Key) -> Result<(), StoreError> {
    let body = serde_json::to_vec(key).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    documents.put_documents(KIND, vec![Document { id: key.id.clone(), body }]).await
}

fn understand(document: &Document) -> Result<Key, StoreError> {
    serde_json::from_slice(&document.body)
        .map_err(|error| StoreError::Corrupt(format!("the key {} is damaged: {error}", document.id)))
}

fn random_hex<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256_hex(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The keys of a running server: read anew about once a second.
pub struct Keys {
    documents: Arc<dyn DocumentStore>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<String, Arc<Key>>,
    read_at: Option<Instant>,
    /// Since then the store has not answered.
    away_since: Option<Instant>,
}

impl Keys {
    /// Of a store; nothing is read yet.
    pub fn new(documents: Arc<dyn DocumentStore>) -> Self {
        Keys { documents, known: Mutex::default() }
    }

    /// The key that `text` is, if it is valid and for `scope`.
    pub async fn check(&self, text: &str, scope: Scope) -> Result<Arc<Key>, KeyError> {
        let (id, secret) =
            text.strip_prefix("wm_").and_then(|rest| rest.split_once('_')).ok_or(KeyError::Invalid)?;
        let key = self.find(id).await?.ok_or(KeyError::Invalid)?;
        let same = sha256_hex(secret).as_bytes().ct_eq(key.secret_sha256.as_bytes());
        if !bool::from(same) || key.revoked.is_some() {
            return Err(KeyError::Invalid);
        }
        if key.scope != scope {
            return Err(KeyError::Scope { id: key.id.clone(), has: key.scope, needs: scope });
        }
        Ok(key)
    }

    async fn find(&self, id: &str) -> Result<Option<Arc<Key>>, KeyError> {
        let mut known = self.known.lock().await;
        let age = known.read_at.map_or(Duration::MAX, |at| at.elapsed());
        let found = known.by_id.get(id).cloned();
        if age < if found.is_some() { KNOWN_FOR } else { LOOK_AGAIN_AFTER } {
            return Ok(found);
        }
        let Some(found) = found.filter(|_| age < BELIEVED_FOR) else {
            known.take(list(self.documents.as_ref()).await?);
            return Ok(known.by_id.get(id).cloned());
        };
        // What was accepted a second ago is not refused because the store is away: the log may take it all the same.
        if known.away_since.is_some_and(|since| since.elapsed() < ASK_AGAIN_AFTER) {
            return Ok(Some(found));
        }
        match tokio::time::timeout(SAYS_WITHIN, list(self.documents.as_ref())).await {
            Ok(Ok(keys)) => known.take(keys),
            Ok(Err(error @ StoreError::Corrupt(_))) => return Err(error.into()),
            Ok(Err(StoreError::Unavailable(_))) | Err(_) => {
                known.away_since = Some(Instant::now());
                return Ok(Some(found));
            }
        }
        Ok(known.by_id.get(id).cloned())
    }
}

impl Known {
    fn take(&mut self, keys: Vec<Key>) {
        self.by_id = keys.into_iter().map(|key| (key.id.clone(), Arc::new(key))).collect();
        (self.read_at, self.away_since) = (Some(Instant::now()), None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    #[tokio::test]
    async fn a_key_from_its_making_to_its_end() {
        let memory = Arc::new(Memory::default());
        let keys = Keys::new(memory.clone());
        let now = UtcSecond(1_795_341_600);
        let text = create(memory.as_ref(), "head-end", Scope::Ingest, now).await.unwrap();
        let key = keys.check(&text, Scope::Ingest).await.unwrap();
        assert_eq!((key.name.as_str(), key.scope), ("head-end", Scope::Ingest));
        assert!(matches!(keys.check(&text, Scope::Operator).await, Err(KeyError::Scope { .. })));

        let stored = memory.documents(KIND).await.unwrap().remove(0).body;
        let secret = text.rsplit('_').next().unwrap();
        assert!(!String::from_utf8(stored).unwrap().contains(secret), "the secret itself is stored");

        let mut wrong = text.clone();
        let last = if wrong.pop() == Some('0') { '1' } else { '0' };
        wrong.push(last);
        for text in [wrong.as_str(), "", "wm_", "wm_x", "wm__", &text[..20], &text.replace("wm_", "")] {
            assert!(matches!(keys.check(text, Scope::Ingest).await, Err(KeyError::Invalid)), "{text}");
        }

        assert!(revoke(memory.as_ref(), &key.id, now).await.unwrap());
        assert!(!revoke(memory.as_ref(), "nobody", now).await.unwrap());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(matches!(keys.check(&text, Scope::Ingest).await, Err(KeyError::Invalid)));
        assert_eq!(list(memory.as_ref()).await.unwrap()[0].revoked, Some(now));
    }

    #[tokio::test]
    async fn a_new_key_is_known_within_a_second() {
        let memory = Arc::new(Memory::default());
        let keys = Keys::new(memory.clone());
        assert!(keys.check("wm_00000000_0", Scope::Ingest).await.is_err());
        let text = create(memory.as_ref(), "later", Scope::Operator, UtcSecond(0)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(keys.check(&text, Scope::Operator).await.is_ok());
        assert!(create(memory.as_ref(), " ", Scope::Operator, UtcSecond(0)).await.is_err());
    }
}
