//! One HTTP connection to a wattmap server, made again where it breaks. No TLS: a server across a
//! network is reached through a proxy or a tunnel that has it.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long one request may take in all: a server that syncs to a slow disk is slow.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a server that is away or busy is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two attempts, if the server does not say.
const WAIT: Duration = Duration::from_secs(1);

/// The longest wait that a server may ask for at once.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Bytes of an answer at most: one that refuses all of a batch has some hundred bytes for each.
const ANSWER_MAX: usize = 16 << 20;

/// A client of one server.
pub(super) struct Client {
    /// `host:port`
    authority: String,
    /// What stands before `/api`, without the slash at its end.
    prefix: String,
    key: String,
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
    wait: Duration,
}

impl Client {
    /// Of a server by its URL, `http://host:port`.
    pub(super) fn new(url: &str, key: String) -> anyhow::Result<Self> {
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
        let began = Instant::now();
        loop {
            let Passing { why, wait } =
                match self.attempt(&method, path, content_type, packed.clone()).await? {
                    Ok(answer) => return Ok(answer),
                    Err(passing) => passing,
                };
            if began.elapsed() + wait > PATIENCE {
                let hint = "start the import again later and it goes on where it was";
                bail!("the server at {} does not take it: {why}; {hint}", self.authority);
            }
            tracing::info!(%why, wait_ms = wait.as_millis() as u64, "trying again");
            sleep(wait).await;
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
                Ok(Err(Passing { why: format!("{error:#}"), wait: WAIT }))
            }
            Err(_) => {
                self.connection = None;
                Ok(Err(Passing { why: format!("no answer in {} s", ANSWER_TIMEOUT.as_secs()), wait: WAIT }))
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
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
        if closes {
            self.connection = None;
        }
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let wait = wait.map_or(WAIT, Duration::from_secs).clamp(Duration::from_millis(100), WAIT_MAX);
            return Ok(Err(Passing { why: explained(status, &body), wait }));
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

async fn connect(authority: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(authority).await.with_context(|| format!("no server at {authority}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what goes wrong with it is seen where a request is sent.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn gzip(body: &[u8]) -> anyhow::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?.into())
}
