//! In the browser there is one page, and the URL is the window's.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::{Command, Page};
use crate::live::Connection;
use crate::reactive::watch;
use crate::site_map::SlimMap;
use crate::times::{Days, Span};
use crate::view_state::View;
use crate::{api, live, times, words};

/// How long a slider rests before what it shows is asked for.
const REST: Duration = Duration::from_millis(150);

/// How long a month, a week or a day is seen when they are gone through.
const STEP: Duration = Duration::from_millis(900);

/// A reader waits this long without a word.
const PATIENCE: Duration = Duration::from_millis(700);

thread_local! {
    static PAGE: Cell<Option<Page>> = const { Cell::new(None) };
    /// The next step through the days.
    static NEXT: Cell<Option<TimeoutHandle>> = const { Cell::new(None) };
}

pub(super) fn keep(page: Page) {
    PAGE.set(Some(page));
    follow_history(page);
    follow_figures(page);
    times::follow(page);
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

fn replace(url: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(url));
    }
}

impl Page {
    /// The days that are known, and those of them that are looked at.
    fn times(&self) -> Option<(Days, Days)> {
        self.start.with_value(|start| start.history).zip(self.days.get_untracked())
    }

    /// Shows the month, week or day of that number, whichever are looked at. It is no step to go back to.
    pub(crate) fn go_to(&self, number: i64) {
        let Some((known, days)) = self.times() else { return };
        let mut view = self.view.get_untracked();
        view.camera = self.camera.get_value();
        view.days = Some(times::days_of(known, Span::of(days), number));
        replace(&view.url());
        self.view.set(view);
    }

    /// Goes through the days that are known, from where it is, or from the first ones where it is at the end; or stops.
    pub(crate) fn play(&self) {
        let Some((known, days)) = self.times() else { return };
        let plays = !self.playing.get_untracked();
        self.playing.set(plays);
        if plays {
            if times::number_of(known, days) + 1 >= times::count(known, Span::of(days)) {
                self.go_to(0);
            }
            play(*self);
        }
    }

    /// The next of them. False where there is none.
    fn go_on(&self) -> bool {
        let Some((known, days)) = self.times() else { return false };
        let next = times::number_of(known, days) + 1;
        let is_there = next < times::count(known, Span::of(days));
        if is_there {
            self.go_to(next);
        }
        is_there
    }
}

/// Goes on when what is shown has arrived and was seen for a moment.
fn play(page: Page) {
    let step = move || {
        if !page.playing.get_untracked() {
            return;
        }
        if page.waiting.get_value() > 0 || page.go_on() {
            play(page);
        } else {
            page.playing.set(false);
        }
    };
    // One step at a time, however often it is begun and stopped.
    if let Some(before) = NEXT.replace(set_timeout_with_handle(step, STEP).ok()) {
        before.clear();
    }
}

/// The back button changes the URL under the page.
fn follow_history(page: Page) {
    let changed = Closure::<dyn FnMut()>::new(move || {
        let location = window().location();
        let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        let view = View::parse(&(path + &query));
        let camera = view.camera;
        page.playing.set(false);
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
            (Connection::Lost, false) => words::feed_lost(),
            (Connection::Open, true) => words::feed_back(),
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
        let days = page.days.get();
        let dates =
            page.view.with_untracked(View::dates).map(|dates| format!("&{dates}")).unwrap_or_default();
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
        let answered = move || {
            page.waiting.update_value(|waiting| *waiting -= 1);
            if let Some(patience) = patience {
                patience.clear();
            }
        };
        let ask = move || {
            // What a slider only passed is not asked for.
            if !is_last() {
                return answered();
            }
            spawn_local(async move {
                let path = format!("/api/v1/map?level={level}&measure={}{dates}", measure.as_str());
                let answer = api::get::<SlimMap>(&path).await;
                answered();
                if is_last() {
                    page.slow.set(false);
                    match answer {
                        Ok(map) => {
                            let map = SlimMap { days, ..map };
                            page.trouble.set(String::new());
                            let was_news = |before: &Arc<SlimMap>| map.is_news_after(before);
                            if page.figures.with_untracked(|before| before.as_ref().is_some_and(was_news)) {
                                page.news.set_value(true);
                            }
                            page.figures.set(Some(Arc::new(map)));
                        }
                        Err(error) => page.trouble.set(words::trouble(&error)),
                    }
                }
            });
        };
        match days {
            Some(_) => set_timeout(ask, REST),
            None => ask(),
        }
    });
}
