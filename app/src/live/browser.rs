//! The connection to `/live`: kept while the page is seen, made again with patience when it is lost.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use metering::api::Measure;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{MessageEvent, WebSocket};

use super::Connection;
use crate::page::Page;
use crate::reactive::watch;
use crate::site_map::SlimFrame;

/// The pause before the first new attempt. Each is doubled up to a few seconds, because most outages are short: a
/// server that is started again. Who has been away for a minute may stay away: then pauses are longer. A random
/// part is taken off, so that a thousand pages do not come back in the same second.
const PAUSE_MS: f64 = 500.0;
const PAUSE_MS_MAX: f64 = 4_000.0;
const FAILURES_SHORT: i32 = 20;
const PAUSE_MS_LONG: f64 = 15_000.0;
/// A frame comes every ten seconds at least. A connection that brings none for so long leads nowhere.
const SILENT_MS: f64 = 25_000.0;
/// But what it begins with is all of a level, 400 kB of street areas: a slow connection takes its time.
const SNAPSHOT_MS: f64 = 60_000.0;
/// A hidden page keeps its connection this long: a look at another tab costs nothing.
const HIDDEN_MS: f64 = 10_000.0;
/// Figures are asked for again so soon while they change: classes and what the feed does not carry, such as a past that
/// is just being imported. Each time that nothing has changed, which is a short answer, the next pause is twice as long.
const REFRESH_MS: f64 = 4_000.0;
const REFRESH_MS_MAX: f64 = 64_000.0;
/// And this often while there are none yet, though the feed has some: an answer may be a few seconds old.
const FIRST_LIGHT_MS: f64 = 2_000.0;

struct Feed {
    page: Page,
    socket: Option<WebSocket>,
    /// When to connect again; none while connected or hidden.
    retry_at: Option<f64>,
    failures: i32,
    /// The same for figures that could not be had: the connection may have outlived the trouble.
    ask_at: Option<f64>,
    refusals: i32,
    hidden_since: Option<f64>,
    /// When something was last heard: milliseconds since the page was opened, before that as the server said.
    heard_at: Option<f64>,
    /// When the connection leads nowhere if it brings nothing until then.
    silent_at: f64,
    refreshed_at: f64,
    /// How long after that they are asked for again.
    refresh_ms: f64,
    /// What the open connection is subscribed to.
    level: Option<String>,
    /// The feed has had a figure.
    light: bool,
}

type Shared = Rc<RefCell<Feed>>;

/// Follows the feed for as long as the page is there.
pub(crate) fn follow(page: Page) {
    let now = now_ms();
    let heard_at = page.live.age_s.get_untracked().map(|age| now - age as f64 * 1000.0);
    let feed = Rc::new(RefCell::new(Feed {
        page,
        socket: None,
        retry_at: Some(now),
        failures: 0,
        ask_at: None,
        refusals: 0,
        hidden_since: None,
        heard_at,
        silent_at: now,
        refreshed_at: now,
        refresh_ms: REFRESH_MS,
        level: None,
        light: false,
    }));
    let ticking = feed.clone();
    set_interval(move || tick(&ticking), Duration::from_secs(1));
    wake_by(&feed);
    // Another level, or another measure, is another subscription.
    watch(move || {
        let _ = (page.level.get(), page.measure.get());
        subscribe(&feed);
    });
}

/// What a browser says when waiting has become pointless: the network is back, or the page is looked at again; or gone,
/// which a connection may not notice for minutes.
fn wake_by(feed: &Shared) {
    let woken = feed.clone();
    let wake = Closure::<dyn FnMut()>::new(move || {
        {
            let (mut feed, now) = (woken.borrow_mut(), now_ms());
            (feed.failures, feed.refusals) = (0, 0);
            feed.retry_at = feed.retry_at.map(|_| now);
            feed.ask_at = feed.ask_at.map(|_| now);
        }
        tick(&woken);
    });
    let callback = wake.as_ref().unchecked_ref();
    let _ = window().add_event_listener_with_callback("online", callback);
    let _ = document().add_event_listener_with_callback("visibilitychange", callback);
    let offline = feed.clone();
    let hang_up = Closure::<dyn FnMut()>::new(move || hang_up(&offline));
    let _ = window().add_event_listener_with_callback("offline", hang_up.as_ref().unchecked_ref());
    // As long as the page.
    wake.forget();
    hang_up.forget();
}

/// The pause after so many failures in a row.
fn pause_ms(failures: i32) -> f64 {
    let pause = match failures {
        FAILURES_SHORT.. => PAUSE_MS_LONG,
        short => (PAUSE_MS * 2_f64.powi(short)).min(PAUSE_MS_MAX),
    };
    pause * (0.5 + js_sys::Math::random() / 2.0)
}

fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// Once a second: the clock, and whatever is due.
fn tick(feed: &Shared) {
    let now = now_ms();
    let connect_now = {
        let mut feed = feed.borrow_mut();
        let live = feed.page.live;
        let hidden = document().hidden();
        match (hidden, feed.hidden_since) {
            (true, None) => feed.hidden_since = Some(now),
            (true, Some(since)) if now - since > HIDDEN_MS => close(&mut feed),
            (false, Some(_)) => {
                feed.hidden_since = None;
                if feed.socket.is_none() {
                    (feed.failures, feed.retry_at) = (0, Some(now));
                }
            }
            _ => {}
        }
        if !hidden {
            let age = feed.heard_at.map(|at| ((now - at) / 1000.0) as i64);
            if live.age_s.get_untracked() != age {
                live.age_s.set(age);
            }
            feed.watch_trouble(now);
            if feed.page.news.get_value() {
                feed.page.news.set_value(false);
                feed.refresh_ms = REFRESH_MS;
            }
            // The feed has a figure where the map has none at all: then there are classes to ask for. Or somebody was
            // heard where there is no home yet.
            let lags = feed.light && is_dark(&feed.page) || feed.heard_at.is_some() && is_empty(&feed.page);
            let pause = if lags { FIRST_LIGHT_MS } else { feed.refresh_ms };
            // An answer that takes its time is waited for: another question would have it dropped.
            let pause = if feed.page.waiting.get_value() > 0 { REFRESH_MS_MAX } else { pause };
            if now - feed.refreshed_at > pause || feed.ask_at.is_some_and(|at| now >= at) {
                (feed.refreshed_at, feed.ask_at) = (now, None);
                feed.refresh_ms = (2.0 * feed.refresh_ms).min(REFRESH_MS_MAX);
                feed.page.refresh.update(|count| *count += 1);
            }
        }
        !hidden && feed.socket.is_none() && feed.retry_at.is_some_and(|at| now >= at)
    };
    if connect_now {
        connect(feed);
    }
    let is_silent = {
        let feed = feed.borrow();
        feed.socket.is_some() && now > feed.silent_at
    };
    if is_silent {
        hang_up(feed);
    }
}

impl Feed {
    /// Figures that could not be had are asked for again after a pause.
    fn watch_trouble(&mut self, now: f64) {
        let trouble = self.page.trouble.with_untracked(|trouble| !trouble.is_empty());
        match (trouble, self.ask_at) {
            (true, None) => {
                self.ask_at = Some(now + pause_ms(self.refusals));
                self.refusals += 1;
            }
            (false, _) => (self.ask_at, self.refusals) = (None, 0),
            _ => {}
        }
    }
}

/// While the map shows what homes draw now: its level. Else the coarsest, which is enough to know that
/// the feed lives.
fn wanted(page: &Page) -> String {
    if page.measure.get_untracked() == Measure::Now {
        return page.level.get_untracked();
    }
    page.start.with_value(|start| start.levels.first().map(|level| level.name.clone()).unwrap_or_default())
}

fn connect(feed: &Shared) {
    let level = wanted(&feed.borrow().page);
    let location = window().location();
    let (Ok(protocol), Ok(host)) = (location.protocol(), location.host()) else { return };
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    let Ok(socket) = WebSocket::new(&format!("{scheme}://{host}/live?level={level}")) else {
        return lost(feed);
    };
    let opened = {
        let feed = Rc::downgrade(feed);
        Closure::<dyn FnMut()>::new(move || {
            if let Some(feed) = feed.upgrade() {
                feed.borrow_mut().silent_at = now_ms() + SNAPSHOT_MS;
            }
        })
    };
    let message = {
        let feed = Rc::downgrade(feed);
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let (Some(feed), Some(text)) = (feed.upgrade(), event.data().as_string()) {
                heard(&feed, &text);
            }
        })
    };
    let ended = {
        let (feed, this) = (Rc::downgrade(feed), socket.clone());
        Closure::<dyn FnMut()>::new(move || {
            if let Some(feed) = feed.upgrade() {
                let current = feed.borrow().socket.as_ref() == Some(&this);
                if current {
                    lost(&feed);
                }
            }
        })
    };
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(ended.as_ref().unchecked_ref()));
    // The socket's: they live as long as it may call them.
    opened.forget();
    message.forget();
    ended.forget();
    let mut feed = feed.borrow_mut();
    (feed.socket, feed.retry_at, feed.level) = (Some(socket), None, Some(level));
    feed.silent_at = now_ms() + SILENT_MS;
}

fn heard(feed: &Shared, text: &str) {
    let Ok(frame) = serde_json::from_str::<SlimFrame>(text) else { return };
    let live = {
        let mut feed = feed.borrow_mut();
        (feed.failures, feed.silent_at) = (0, now_ms() + SILENT_MS);
        // A frame is a sign of the server's life; only the server knows when a meter was last heard.
        feed.heard_at = frame.heard_s.map(|seconds| now_ms() - seconds as f64 * 1000.0);
        feed.page.live
    };
    if live.age_s.get_untracked() != frame.heard_s {
        live.age_s.set(frame.heard_s);
    }
    feed.borrow_mut().light |= frame.areas.iter().any(|area| area.value.is_some());
    let before = live.connection.get_untracked();
    if before != Connection::Open {
        live.connection.set(Connection::Open);
    }
    // What changed while nothing was heard, and what could not be had.
    if before == Connection::Lost {
        let page = feed.borrow().page;
        page.refresh.update(|count| *count += 1);
    }
    live.frame.set(Some(frame));
}

/// Whether the map of what homes draw now has no figure at all.
fn is_dark(page: &Page) -> bool {
    page.figures.with_untracked(|figures| match figures {
        Some(map) => map.measure == Measure::Now && map.areas.iter().all(|area| area.value.is_none()),
        _ => false,
    })
}

/// Whether the page says that there are no homes yet.
fn is_empty(page: &Page) -> bool {
    page.figures.with_untracked(|figures| match figures {
        Some(map) => map.real_homes.is_none() && map.simulated_homes == 0,
        _ => false,
    })
}

fn lost(feed: &Shared) {
    let connection = {
        let mut feed = feed.borrow_mut();
        (feed.socket, feed.level) = (None, None);
        feed.retry_at = Some(now_ms() + pause_ms(feed.failures));
        feed.failures += 1;
        feed.page.live.connection
    };
    connection.set(Connection::Lost);
}

/// Gives a connection up that is open only by name.
fn hang_up(feed: &Shared) {
    let was_open = feed.borrow().socket.is_some();
    if was_open {
        close(&mut feed.borrow_mut());
        lost(feed);
    }
}

fn close(feed: &mut Feed) {
    (feed.retry_at, feed.level) = (None, None);
    if let Some(socket) = feed.socket.take() {
        socket.set_onopen(None);
        socket.set_onclose(None);
        socket.set_onmessage(None);
        let _ = socket.close();
    }
}

fn subscribe(feed: &Shared) {
    let mut feed = feed.borrow_mut();
    let level = wanted(&feed.page);
    let Some(socket) = feed.socket.clone() else { return };
    if socket.ready_state() != WebSocket::OPEN || feed.level.as_ref() == Some(&level) {
        return;
    }
    // A level's name is plain letters, digits and hyphens: nothing to escape.
    if socket.send_with_str(&format!(r#"{{"subscribe":{{"level":"{level}"}}}}"#)).is_ok() {
        (feed.level, feed.silent_at) = (Some(level), now_ms() + SNAPSHOT_MS);
    }
}
