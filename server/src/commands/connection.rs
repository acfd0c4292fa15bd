//! HTTP as a client: what commands ask of a running server.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take to be made: nobody at all is often a silence.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a short answer at most.
const SHORT_ANSWER_MAX: usize = 1 << 20;

/// A connection to `host:port`, for one request after the other. It ends with the handle.
pub(super) async fn connect(authority: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(authority)).await;
    let connected =
        connecting.map_err(|_| anyhow::anyhow!("no sign of life in {} s", CONNECT_TIMEOUT.as_secs()));
    let stream = connected.and_then(|stream| Ok(stream?)).context("nobody answers there")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // What goes wrong with it is seen where a request is sent.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// Asks once, without a key, for something short.
pub(super) async fn get(
    authority: &str,
    path: &str,
    within: Duration,
) -> anyhow::Result<(StatusCode, Bytes)> {
    let asked = async {
        let mut connection = connect(authority).await?;
        let request = Request::builder().uri(path).header(HOST, authority).body(Full::default())?;
        let response = connection.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), SHORT_ANSWER_MAX).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?.to_bytes();
        anyhow::Ok((status, body))
    };
    match timeout(within, asked).await {
        Ok(answer) => answer,
        Err(_) => anyhow::bail!("no answer in {} s", within.as_secs()),
    }
}
