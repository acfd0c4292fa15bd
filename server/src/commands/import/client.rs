//! One HTTP connection to a wattmap server, made again where it breaks. No TLS: a server across a
//! network is reached through a proxy or a tunnel that has it.
//!
//! A server that is away or busy is tried again with growing pauses, for as long as the user wants; what
//! is waited for is said when the waiting begins, and when it ends.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use tokio::time::{Instant, sleep, timeout};

use crate::commands::connection::connect;
use crate::commands::remark;

/// How long one request may take in all: a server that syncs to a slow disk is slow.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The first pause between two attempts; each one is twice the one before.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest pause, whether it has grown to that or the server asks for it.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Bytes of an answer at most: one that refuses all of a batch has some hundred bytes for each.
const ANSWER_MAX: usize = 16 << 20;

/// A client of one server.
pub(super) struct Client {
    /// `host:port`
    authority: String,
    /// What stands before `/api`, without the slash at its end.
    prefix: String,
    key: String,
    /// How long a server that is away or busy is tried again.
    patience: Duration,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// What the server said.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// What may pass: try again after a while.
struct Passing {
    why: String,
    /// When the server wants to be asked again.
    asked_for: Option<Duration>,
}

impl Client {
    /// Of a server by its URL, `http://host:port`.
    pub(super) fn new(url: &str, key: String, patience: Duration) -> anyhow::Result<Self> {
        let allowed = "allowed is http://HOST:PORT";
        let uri: Uri = url.parse().with_context(|| format!("--server {url:?} is no URL; {allowed}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                bail!(
                    "--server {url:?}: https is not spoken here; go through a proxy or tunnel that does, by http"
                )
            }
            _ => bail!("--server {url:?} is no URL of a server; {allowed}"),
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.with_context(|| format!("--server {url:?} names no host; {allowed}"))?;
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(80));
        let whole = format!("Bearer {key}");
        hyper::header::HeaderValue::from_str(&whole)
            .context("the key is not one: it has characters that none has")?;
        Ok(Client {
            authority,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            key: whole,
            patience,
            connection: None,
        })
    }

    /// Sends, packed, until there is an answer other than "later".
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let packed = gzip(body)?;
        let (began, mut pauses) = (Instant::now(), 0);
        loop {
            let Passing { why, asked_for } =
                match self.attempt(&method, path, content_type, packed.clone()).await? {
                    Err(passing) => passing,
                    Ok(answer) => {
                        if pauses > 0 {
                            let waited = began.elapsed().as_secs();
                            remark(format_args!("{} takes it again, after {waited} s", self.authority));
                        }
                        return Ok(answer);
                    }
                };
            let left = self.patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                let tried = began.elapsed().as_secs();
                bail!("{}: {why}; that has been so for {tried} s (--patience)", self.authority);
            }
            if pauses == 0 {
                let (s, by_whom) = (left.as_secs_f64().ceil(), &self.authority);
                remark(format_args!(
                    "{by_whom}: {why}. Trying again for {s} s (--patience); Ctrl-C loses nothing"
                ));
            }
            sleep(pause(pauses, asked_for).min(left)).await;
            pauses += 1;
        }
    }

    async fn attempt(
        &mut self,
        method: &Method,
        path: &str,
        content_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<Result<Answer, Passing>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, &self.key)
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_ENCODING, "gzip")
            .body(Full::new(body))?;
        match timeout(ANSWER_TIMEOUT, self.exchange(request)).await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(error)) => {
                // Whether the request arrived is unknown; sent again, it counts once.
                self.connection = None;
                Ok(Err(Passing { why: format!("{error:#}"), asked_for: None }))
            }
            Err(_) => {
                self.connection = None;
                let why = format!("no answer in {} s", ANSWER_TIMEOUT.as_secs());
                Ok(Err(Passing { why, asked_for: None }))
            }
        }
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Result<Answer, Passing>> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(connect(&self.authority).await?);
        }
        let Some(connection) = &mut self.connection else { bail!("no connection") };
        connection.ready().await?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        let closes = response.headers().get(CONNECTION).is_some_and(|value| value == "close");
        let asked_for =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
        if closes {
            self.connection = None;
        }
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let asked_for = asked_for.map(Duration::from_secs);
            return Ok(Err(Passing { why: explained(status, &body), asked_for }));
        }
        Ok(Ok(Answer { status, body }))
    }
}

impl Answer {
    /// What is wrong, in the server's words.
    pub(super) fn explained(&self) -> String {
        explained(self.status, &self.body)
    }
}

fn explained(status: StatusCode, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Problem {
        detail: String,
    }
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => format!("{status}: {}", problem.detail),
        Err(_) => status.to_string(),
    }
}

/// How long to wait before the next attempt, the first of which is number 0: longer and longer, and a
/// random part less, so that many who lost the same server do not come back at once.
fn pause(number: u32, asked_for: Option<Duration>) -> Duration {
    let grown = PAUSE.saturating_mul(2_u32.saturating_pow(number)).min(PAUSE_MAX);
    let random = RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
    grown.mul_f64(0.5 + random / 2.0).max(asked_for.unwrap_or_default().min(PAUSE_MAX))
}

fn gzip(body: &[u8]) -> anyhow::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        for number in 0..40 {
            let most = Duration::from_millis(500 << number.min(6)).min(PAUSE_MAX);
            let some: Vec<Duration> = (0..20).map(|_| pause(number, None)).collect();
            assert!(some.iter().all(|&pause| pause >= most / 2 && pause <= most), "{number}: {some:?}");
            assert!(some.iter().any(|pause| pause != &some[0]), "{number}: all the same");
        }
        // What the server asks for is kept, within bounds.
        assert_eq!(pause(0, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(pause(0, Some(Duration::from_secs(7000))), PAUSE_MAX);
    }
}
