//! In the browser there is one page, and the URL is the window's.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use leptos::leptos_dom::helpers::set_timeout_with_handle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{Command, Page};
use crate::live::Connection;
use crate::reactive::watch;
use crate::site_map::SlimMap;
use crate::view_state::View;
use crate::{api, live, words};

/// A reader waits this long without a word.
const PATIENCE: Duration = Duration::from_millis(700);

thread_local! {
    static PAGE: Cell<Option<Page>> = const { Cell::new(None) };
}

pub(super) fn keep(page: Page) {
    PAGE.set(Some(page));
    follow_history(page);
    follow_figures(page);
    live::follow(page);
    tell_of_the_feed(page);
}

#[expect(clippy::expect_used, reason = "the map's island sets the page up, and is woken first")]
pub(super) fn get() -> Page {
    PAGE.get().expect("the map's island is woken first")
}

pub(super) fn push(url: &str) {
    if let Ok(history) = window().history() {
        // A browser that refuses keeps the old address; the page is right nevertheless.
        let _ = history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(url));
    }
}

/// The back button changes the URL under the page.
fn follow_history(page: Page) {
    let changed = Closure::<dyn FnMut()>::new(move || {
        let location = window().location();
        let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        let view = View::parse(&(path + &query));
        let camera = view.camera;
        page.view.set(view);
        // Also where the map seems to be there: it may be on its way elsewhere.
        page.command.set(Some(Command::Place(camera)));
    });
    let _ = window().add_event_listener_with_callback("popstate", changed.as_ref().unchecked_ref());
    changed.forget();
}

/// The chip shows it; this is for those who do not see it.
fn tell_of_the_feed(page: Page) {
    let lost = StoredValue::new(false);
    watch(move || {
        let connection = page.live.connection.get();
        let told = match (connection, lost.get_value()) {
            (Connection::Lost, false) => words::FEED_LOST,
            (Connection::Open, true) => words::FEED_BACK,
            _ => return,
        };
        lost.set_value(connection == Connection::Lost);
        page.said.set(told.to_owned());
    });
}

/// Asks for the figures of what is shown. An answer that comes after another question is dropped.
fn follow_figures(page: Page) {
    let asked = StoredValue::new(0_u32);
    watch(move || {
        let (level, measure, _) = (page.level.get(), page.measure.get(), page.refresh.get());
        asked.update_value(|asked| *asked += 1);
        let number = asked.get_value();
        let is_last = move || asked.get_value() == number;
        let wonder = move || {
            if is_last() {
                page.slow.set(true);
            }
        };
        let patience = set_timeout_with_handle(wonder, PATIENCE).ok();
        page.waiting.update_value(|waiting| *waiting += 1);
        spawn_local(async move {
            let path = format!("/api/v1/map?level={level}&measure={}", measure.as_str());
            let answer = api::get::<SlimMap>(&path).await;
            page.waiting.update_value(|waiting| *waiting -= 1);
            if let Some(patience) = patience {
                patience.clear();
            }
            if is_last() {
                page.slow.set(false);
                match answer {
                    Ok(map) => {
                        page.trouble.set(String::new());
                        let was_news = |before: &Arc<SlimMap>| map.is_news_after(before);
                        if page.figures.with_untracked(|before| before.as_ref().is_some_and(was_news)) {
                            page.news.set_value(true);
                        }
                        page.figures.set(Some(Arc::new(map)));
                    }
                    Err(error) => page.trouble.set(error.to_string()),
                }
            }
        });
    });
}
