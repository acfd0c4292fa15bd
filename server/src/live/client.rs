//! One client of `/live`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures::{SinkExt, StreamExt};
use geography::LevelIndex;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use metering::AreaCode;
use metering::api::{LiveFrame, LiveRequest};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{
    Error, Message, protocol::CloseFrame, protocol::frame::coding::CloseCode,
};
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, SIGN_OF_LIFE_EVERY};
use super::news::{News, Text};

/// A client that takes nothing for so long is gone...
const SEND_WITHIN: Duration = Duration::from_secs(10);

/// ...and one that takes so long for all of a message: slow connections have some seconds for each hundred kilobytes.
const SEND_ALL_WITHIN: Duration = Duration::from_secs(60);

/// How long a client may take to hear why it is cut off before the connection goes away under it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often a client is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a client may stay silent, answers to pings included.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// What a client is spoken to through.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A client, while it is connected.
pub(super) struct Client {
    socket: Socket,
    hub: Arc<Hub>,
    level: LevelIndex,
    /// Only these areas, if it asked for some.
    only: Option<HashSet<AreaCode>>,
    /// When the last frame was sent to it.
    spoke: Instant,
    changes: broadcast::Receiver<Arc<News>>,
    /// The last change that it knows.
    version: u64,
    seq: u64,
}

/// Why a connection ends.
enum End {
    Gone,
    Left,
    Silent,
    Closing,
    Misbehaved(&'static str),
    TooLong,
}

impl Client {
    /// Serves it until one of the two ends it; `place` is one of the places that there are for clients.
    pub(super) async fn serve(
        socket: Socket,
        hub: Arc<Hub>,
        shutdown: CancellationToken,
        level: LevelIndex,
        place: OwnedSemaphorePermit,
    ) {
        let (changes, everything) = hub.subscribe(level);
        let mut client = Client {
            socket,
            hub,
            level,
            only: None,
            spoke: Instant::now(),
            changes,
            version: everything.version,
            seq: 0,
        };
        let end = match client.send_news(&everything).await {
            Ok(()) => client.follow(shutdown).await,
            Err(end) => end,
        };
        client.close(end).await;
        drop(place);
    }

    async fn follow(&mut self, shutdown: CancellationToken) -> End {
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.reset();
        let mut heard = Instant::now();
        loop {
            let done = tokio::select! {
                () = shutdown.cancelled() => return End::Closing,
                _ = pings.tick() => {
                    if heard.elapsed() > IDLE_MAX {
                        return End::Silent;
                    }
                    self.send(Message::Ping(Bytes::new())).await
                }
                received = self.changes.recv() => match received {
                    Ok(change) => self.send_change(&change).await,
                    Err(RecvError::Lagged(_)) => self.start_over().await,
                    Err(RecvError::Closed) => return End::Closing,
                },
                message = self.socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.request(&text).await,
                        Some(Ok(Message::Binary(_))) => Err(End::Misbehaved("text frames are expected")),
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(()),
                        Some(Err(Error::Capacity(_))) => return End::TooLong,
                        Some(Ok(Message::Close(_))) => return End::Left,
                        Some(Err(_)) | None => return End::Gone,
                    }
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn request(&mut self, text: &str) -> Result<(), End> {
        let subscription = match serde_json::from_str::<LiveRequest>(text) {
            Ok(request) => request.subscribe,
            Err(error) => {
                let message = format!("not {{\"subscribe\":{{\"level\":...,\"areas\":[...]}}}}: {error}");
                return self.complain(message).await;
            }
        };
        let Some(level) = self.hub.figures().geography().level_named(&subscription.level) else {
            return self.complain(unknown_level(&self.hub, &subscription.level)).await;
        };
        if let Some(message) = subscription.areas.as_deref().and_then(|areas| self.not_there(level, areas)) {
            return self.complain(message).await;
        }
        self.level = level;
        self.only = subscription.areas.map(|areas| areas.into_iter().collect());
        self.start_over().await
    }

    /// What is wrong with areas that are asked for: the first that the level does not have.
    fn not_there(&self, level: LevelIndex, areas: &[AreaCode]) -> Option<String> {
        let geography = self.hub.figures().geography();
        let level_of = |code: &AreaCode| geography.index_of(code).map(|area| geography.area(area).level);
        let mut wrong = areas.iter().filter(|code| level_of(code) != Some(level));
        let first = wrong.next()?;
        let name = |level| geography.level(level).name();
        let is = match level_of(first) {
            Some(other) => format!("is of level {}, not {}", name(other), name(level)),
            None => format!("is not on the map of {}", geography.name()),
        };
        let more = match wrong.count() {
            0 => String::new(),
            more => format!("; {more} more are not there either"),
        };
        Some(format!("area {first} {is}{more}"))
    }

    /// Subscribes again and sends everything.
    async fn start_over(&mut self) -> Result<(), End> {
        let (changes, everything) = self.hub.subscribe(self.level);
        self.changes = changes;
        self.version = everything.version;
        self.send_news(&everything).await
    }

    /// As far as it asked for it.
    async fn send_news(&mut self, news: &News) -> Result<(), End> {
        let Some(only) = &self.only else {
            return self.send_text(news.to_all()).await;
        };
        let frame = news.of_some(|area| only.contains(&area.code));
        self.send_text(Text::of(&frame).as_ref()).await
    }

    async fn send_change(&mut self, change: &News) -> Result<(), End> {
        if change.version <= self.version {
            return Ok(());
        }
        self.version = change.version;
        let says_something =
            |only: &HashSet<AreaCode>| change.areas.iter().any(|area| only.contains(&area.code));
        // What changed elsewhere is nothing to whoever asked for some areas, but for a sign of life.
        if !self.only.as_ref().is_none_or(says_something) && self.spoke.elapsed() < SIGN_OF_LIFE_EVERY {
            return Ok(());
        }
        self.send_news(change).await
    }

    async fn complain(&mut self, message: String) -> Result<(), End> {
        self.send_text(Text::of(&LiveFrame::Error { seq: 0, message }).as_ref()).await
    }

    async fn send_text(&mut self, text: Option<&Text>) -> Result<(), End> {
        let text = text.ok_or(End::Closing)?;
        self.spoke = Instant::now();
        self.seq += 1;
        let (socket, fragments) = (&mut self.socket, text.numbered(self.seq));
        let sent = async {
            for fragment in fragments {
                timeout(SEND_WITHIN, socket.send(Message::Frame(fragment))).await.ok()?.ok()?;
            }
            Some(())
        };
        timeout(SEND_ALL_WITHIN, sent).await.ok().flatten().ok_or(End::Gone)
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_WITHIN, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn close(mut self, end: End) {
        let (code, reason) = match end {
            End::Gone => return,
            End::Left => {
                // The answer to a goodbye repeats its code. It waits in the connection, which sends it when read again.
                let _ = timeout(SEND_WITHIN, self.socket.next()).await;
                return;
            }
            End::Silent => (CloseCode::Policy, "silent for too long"),
            End::Closing => (CloseCode::Away, "the server is stopping"),
            End::Misbehaved(reason) => (CloseCode::Unsupported, reason),
            End::TooLong => (CloseCode::Size, "a message may have 256 KiB"),
        };
        let frame = CloseFrame { code, reason: reason.into() };
        // The client may be gone: there is nobody left to tell.
        let _ = timeout(SEND_WITHIN, self.socket.send(Message::Close(Some(frame)))).await;
        if code == CloseCode::Size {
            // The rest of what it sends is not read. A connection with unread bytes is not closed but reset, and
            // a reset overtakes the reason: so it is given a moment to arrive.
            tokio::time::sleep(LAST_WORDS).await;
        }
    }
}

/// What is wrong with a level that is asked for.
pub(super) fn unknown_level(hub: &Hub, name: &str) -> String {
    let names: Vec<&str> = hub.figures().geography().levels().iter().map(geography::Level::name).collect();
    format!("level is {name:?}; allowed are {}", names.join(", "))
}
