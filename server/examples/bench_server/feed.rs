//! From the receipt of a reading to the frame that shows it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use futures::StreamExt;
use geography::Geography;
use metering::UtcSecond;
use metering::api::{LiveArea, LiveFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::Client;
use crate::load::gzip;

/// Homes of the watched area: as many as a live figure needs, and some more.
const HOMES: usize = 40;

/// How often the watched homes send.
const PROBES: usize = 60;

/// A socket of the live feed, as a page has one.
pub(crate) struct Feed {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Feed {
    pub(crate) async fn open(address: &str, level: &str) -> anyhow::Result<Feed> {
        let (socket, _) = connect_async(format!("ws://{address}/live?level={level}")).await?;
        Ok(Feed { socket })
    }

    /// Reads and forgets for a while, as a page does that shows something else: who does not answer pings is closed.
    async fn rest(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + time;
        while let Ok(message) = tokio::time::timeout_at(until, self.socket.next()).await {
            message.context("the feed has ended")??;
        }
        Ok(())
    }

    async fn frame(&mut self) -> anyhow::Result<Vec<LiveArea>> {
        loop {
            let message = self.socket.next().await.context("the feed has ended")??;
            let Message::Text(text) = message else { continue };
            match serde_json::from_str(&text)? {
                LiveFrame::Snapshot { areas, .. } | LiveFrame::Delta { areas, .. } => return Ok(areas),
                LiveFrame::Error { message, .. } => anyhow::bail!(message),
            }
        }
    }
}

pub(crate) struct Latencies {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Measures under 5,000 readings a second of other homes.
pub(crate) async fn latencies(node: &Client, meters: usize) -> anyhow::Result<Latencies> {
    let geography = Geography::london();
    let msoa = geography.areas_of(geography.level_named("msoa").context("London has MSOAs")?)[7].code.clone();
    let area = geography.index_of(&msoa).context("it is one")?;
    let leaf = &geography.area(geography.leaf(geography.leaves(area).start)).code;
    let registrations: Vec<String> =
        (0..HOMES).map(|home| format!(r#"{{"meter_id":"P{home:03}","area":"{leaf}"}}"#)).collect();
    node.post("/meters", gzip(&format!("{{\"meters\":[{}]}}", registrations.join(",")))?, HOMES as u64)
        .await?;
    let mut feed = Feed::open(&node.address, "msoa").await?;
    let measured = probe(node, &mut feed, msoa.as_str());
    let mut took_ms: Vec<f64> = tokio::select! {
        measured = measured => measured?,
        failed = background(node, meters) => return Err(failed.err().context("the load ended")?),
    };
    took_ms.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| took_ms[((took_ms.len() - 1) as f64 * share).round() as usize];
    Ok(Latencies { p50_ms: at(0.5), p99_ms: at(0.99) })
}

/// Lets the watched homes send, now much and now little, and waits for the frame that shows it.
async fn probe(node: &Client, feed: &mut Feed, msoa: &str) -> anyhow::Result<Vec<f64>> {
    let mut took_ms = Vec::new();
    let mut last_start = 0;
    let mut high = true;
    while took_ms.len() < PROBES {
        // The last ten seconds that are over, never the same twice, and not just before a window ends.
        let start = (now_s() / 10 - 1) * 10;
        if start == last_start || start % 1800 > 1760 {
            feed.rest(Duration::from_millis(200)).await?;
            continue;
        }
        last_start = start;
        let wh = if high { 100.0 } else { 0.5 };
        let one = |home: usize| {
            let start = UtcSecond(start);
            format!(r#"{{"meter_id":"P{home:03}","start":"{start}","duration_s":10,"energy_wh":{wh}}}"#)
        };
        let all: Vec<String> = (0..HOMES).map(one).collect();
        node.post("/readings", gzip(&format!("{{\"readings\":[{}]}}", all.join(",")))?, HOMES as u64).await?;
        let accepted = Instant::now();
        high = !high;
        loop {
            let areas = tokio::time::timeout(Duration::from_secs(30), feed.frame()).await??;
            if areas.iter().any(|area| area.code.as_str() == msoa && area.mean_w.is_some()) {
                break;
            }
            ensure!(accepted.elapsed() < Duration::from_secs(60), "no frame shows the watched area");
        }
        took_ms.push(accepted.elapsed().as_secs_f64() * 1000.0);
        // Not in step with the frames.
        feed.rest(Duration::from_millis(137 * (took_ms.len() as u64 % 11))).await?;
    }
    Ok(took_ms)
}

/// 5,000 readings a second of the registered meters, in the current window, until it is dropped.
async fn background(node: &Client, meters: usize) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    for number in 0_usize.. {
        tick.tick().await;
        let start = UtcSecond((now_s() / 10 - 2) * 10);
        let first = number * 1000 % meters;
        let one = |meter: usize| {
            format!(r#"{{"meter_id":"B{meter:06}","start":"{start}","duration_s":10,"energy_wh":1.5}}"#)
        };
        let all: Vec<String> = (first..first + 1000).map(one).collect();
        node.post("/readings", gzip(&format!("{{\"readings\":[{}]}}", all.join(",")))?, 1000).await?;
    }
    Ok(())
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
