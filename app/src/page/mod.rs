//! What the islands of the map page share. The URL is the truth of what is shown; the rest is what the
//! browser adds while the page is open.

use std::sync::Arc;

use leptos::prelude::*;
use metering::api::Measure;

use crate::live::Live;
use crate::site_map::{MapHead, OpenArea, SlimMap, Start};
use crate::times::Days;
use crate::view_state::{Camera, View};
use crate::words;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use browser as here;
#[cfg(not(feature = "hydrate"))]
use server as here;

/// What the pointer is over.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hover {
    /// The area's name as people know it.
    pub(crate) title: String,
    /// Its official name, where that is another.
    pub(crate) detail: String,
    /// Its figure in words.
    pub(crate) figure: String,
}

#[cfg(feature = "hydrate")]
impl Hover {
    /// All of it, to be read aloud.
    pub(crate) fn said(&self) -> String {
        let parts = [&self.title, &self.detail, &self.figure];
        parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
    }
}

/// What a button asks of the map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    /// Zoom by this many steps.
    Zoom(f64),
    /// Show the whole.
    Whole,
    /// Show what a link shows that names a place, or none.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser has a history"))]
    Place(Option<Camera>),
    /// Go to an area of a level.
    Reveal {
        /// The area's code.
        code: String,
        /// Its level.
        level: String,
    },
}

/// The state of the map page.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    /// What the page began with.
    pub(crate) start: StoredValue<Arc<Start>>,
    /// What the URL says.
    pub(crate) view: RwSignal<View>,
    /// What is shown: the URL's.
    pub(crate) measure: Memo<Measure>,
    /// Of which days: the URL's; none: of the last year.
    pub(crate) days: Memo<Option<Days>>,
    /// Whether it goes on through the days by itself.
    pub(crate) playing: RwSignal<bool>,
    /// The area that is open: the URL's.
    pub(crate) area: Memo<Option<String>>,
    /// The level that the zoom asks for, by its number.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only in a browser does a map zoom"))]
    pub(crate) zoom_level: RwSignal<usize>,
    /// The level that is shown or on its way.
    pub(crate) level: Memo<String>,
    /// What the server has said of the open area; still of the one before while that is asked for.
    #[cfg_attr(
        not(feature = "hydrate"),
        expect(dead_code, reason = "only in a browser does a map outline it")
    )]
    pub(crate) open: RwSignal<Option<OpenArea>>,
    /// Where the reader has moved the map; none where it is as the address without a place shows it.
    pub(crate) camera: StoredValue<Option<Camera>>,
    /// Where the map is, moved or not; none before the browser has taken it over.
    pub(crate) here: StoredValue<Option<Camera>>,
    /// The newest figures that could be had, in the browser.
    pub(crate) figures: RwSignal<Option<Arc<SlimMap>>>,
    /// The legend's part of the figures that are drawn: others may be there before their outlines are.
    pub(crate) drawn: RwSignal<Option<MapHead>>,
    /// Why the figures asked for last could not be had, in words; empty where they could.
    pub(crate) trouble: RwSignal<String>,
    /// The answer takes so long that a reader wonders.
    pub(crate) slow: RwSignal<bool>,
    /// What the pointer is over.
    pub(crate) hover: RwSignal<Option<Hover>>,
    /// What is told to those who use the map by its keys and do not see it.
    pub(crate) said: RwSignal<String>,
    /// What a button asks of the map.
    pub(crate) command: RwSignal<Option<Command>>,
    /// Counts up when figures should be asked for again.
    pub(crate) refresh: RwSignal<u32>,
    /// Questions that are not answered yet.
    #[cfg_attr(
        not(feature = "hydrate"),
        expect(dead_code, reason = "only in a browser are they asked for again")
    )]
    pub(crate) waiting: StoredValue<u32>,
    /// Whether they were others than before when they were asked for last.
    #[cfg_attr(
        not(feature = "hydrate"),
        expect(dead_code, reason = "only in a browser are they asked for again")
    )]
    pub(crate) news: StoredValue<bool>,
    /// The live feed.
    pub(crate) live: Live,
}

impl Page {
    /// Sets the page up: the first of its islands does.
    pub(crate) fn set_up(start: Start) -> Self {
        if let Some(currency) = &start.currency {
            crate::format::costs_are_in(currency);
        }
        let open = RwSignal::new(start.open.clone());
        let trouble = RwSignal::new(start.trouble.clone());
        let drawn = RwSignal::new(start.head.clone());
        let start = Arc::new(start);
        let view = RwSignal::new(View::parse(&start.url));
        let begin = start.levels.iter().position(|level| level.name == start.level).unwrap_or(0);
        let zoom_level = RwSignal::new(begin);
        let level = {
            let start = start.clone();
            Memo::new(move |_| {
                let known = |name: &String| start.levels.iter().any(|level| level.name == *name);
                let by_zoom = start.levels.get(zoom_level.get()).map_or("", |level| level.name.as_str());
                view.with(|view| view.level.clone()).filter(known).unwrap_or_else(|| by_zoom.to_owned())
            })
        };
        let page = Self {
            live: Live::new(start.age_s),
            start: StoredValue::new(start),
            view,
            measure: Memo::new(move |_| view.with(View::shown)),
            days: Memo::new(move |_| view.with(|view| view.days)),
            playing: RwSignal::new(false),
            area: Memo::new(move |_| view.with(|view| view.area.clone())),
            zoom_level,
            level,
            open,
            camera: StoredValue::new(view.with_untracked(|view| view.camera)),
            here: StoredValue::new(None),
            figures: RwSignal::new(None),
            drawn,
            trouble,
            slow: RwSignal::new(false),
            hover: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            command: RwSignal::new(None),
            refresh: RwSignal::new(0),
            waiting: StoredValue::new(0),
            news: StoredValue::new(false),
        };
        here::keep(page);
        page
    }

    /// The page's state, in any of its islands.
    pub(crate) fn get() -> Self {
        here::get()
    }

    /// Changes the view, as a step that the browser's back button undoes.
    pub(crate) fn change(&self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.get_untracked();
        view.camera = self.camera.get_value();
        let before = view.area.clone();
        change(&mut view);
        // A link that names an area and no place goes to the area: this one says that the map has not moved.
        if view.area != before {
            view.camera = self.here.get_value();
        }
        here::push(&view.url());
        self.view.set(view);
    }

    /// The legend's part of the figures that are drawn. None while those are of another measure, or of other days.
    pub(crate) fn head(&self) -> Option<MapHead> {
        self.drawn.get().filter(|head| (head.measure, head.days) == (self.measure.get(), self.days.get()))
    }

    /// What is wrong with the map's figures, in words; empty where nothing is.
    pub(crate) fn complaint(&self) -> String {
        let (trouble, missing) = (self.trouble.get(), self.head().is_none());
        match (trouble.is_empty(), missing) {
            (true, true) if self.slow.get() => words::loading().to_owned(),
            (false, true) => format!("{trouble} {}", words::no_colours()),
            _ => trouble,
        }
    }
}
