//! What the parts of the map page share.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::{NavigateOptions, location::Location};
use metering::api::{MapAnswer, Measure, Status};

use crate::error::AppError;
use crate::live::Live;
use crate::server_fns::figures::get_map;
use crate::site_map::{FirstMap, MapHead};
use crate::view_state::{Camera, View};

/// What the pointer is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Hover {
    /// Where the card goes, pixels from the window's corner.
    pub x: f64,
    /// Where the card goes, pixels from the window's corner.
    pub y: f64,
    /// The area's name as people know it.
    pub title: String,
    /// Its official name, where that is another.
    pub detail: String,
    /// Its figure in words.
    pub figure: String,
}

/// What a button asks of the map.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Zoom by this many steps.
    Zoom(f64),
    /// Show the whole.
    Whole,
    /// Go to an area of a level.
    Reveal {
        /// The area's code.
        code: String,
        /// Its level.
        level: String,
    },
}

type Go = Callback<(View, bool)>;

/// The state that the parts of the map page share. The URL is the truth of what is shown; the rest is
/// what the browser adds while the page is open.
#[derive(Clone, Copy)]
pub struct Page {
    /// What the page began with.
    pub first: StoredValue<Arc<FirstMap>>,
    /// What the URL says.
    pub view: Memo<View>,
    /// What is measured: the URL's.
    pub measure: Memo<Measure>,
    /// The level that the zoom asks for, by its number.
    pub zoom_level: RwSignal<usize>,
    /// The level that is shown or on its way.
    pub level: Memo<String>,
    /// Where the reader has moved the map.
    pub camera: StoredValue<Option<Camera>>,
    /// The figures of what is shown, in the browser.
    pub figures: LocalResource<Result<Arc<MapAnswer>, AppError>>,
    /// What the pointer is over.
    pub hover: RwSignal<Option<Hover>>,
    /// What a button asks of the map.
    pub command: RwSignal<Option<Command>>,
    /// The live feed.
    pub live: Live,
    go: Go,
}

impl Page {
    /// Sets the page up, inside the router.
    pub fn new(first: FirstMap, view: Memo<View>) -> Self {
        let first = Arc::new(first);
        let begin = first.levels.iter().position(|level| level.name == first.level).unwrap_or(0);
        let zoom_level = RwSignal::new(begin);
        let measure = Memo::new(move |_| view.with(|view| view.measure));
        let level = {
            let first = first.clone();
            Memo::new(move |_| {
                let known = |name: &String| first.levels.iter().any(|level| level.name == *name);
                let by_zoom = first.levels.get(zoom_level.get()).map_or("", |level| level.name.as_str());
                view.with(|view| view.level.clone()).filter(known).unwrap_or_else(|| by_zoom.to_owned())
            })
        };
        let live = Live::new(&first.status);
        let figures = LocalResource::new(move || {
            let (level, measure, _) = (level.get(), measure.get(), live.refresh.get());
            async move { get_map(level, measure).await.map(Arc::new) }
        });
        let page = Self {
            first: StoredValue::new(first),
            view,
            measure,
            zoom_level,
            level,
            camera: StoredValue::new(view.with_untracked(|view| view.camera)),
            figures,
            hover: RwSignal::new(None),
            command: RwSignal::new(None),
            live,
            go: go(),
        };
        provide_context(page);
        page
    }

    /// The page's state, anywhere under the map page.
    pub fn get() -> Self {
        expect_context()
    }

    /// Changes the view, as a step that the browser's back button undoes.
    pub fn change(&self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.get_untracked();
        view.camera = self.camera.get_value();
        change(&mut view);
        self.go.run((view, false));
    }

    /// The legend's part of the figures: the newest there are, or what the page began with.
    pub fn head(&self) -> Result<MapHead, AppError> {
        match self.figures.get() {
            Some(Ok(map)) => Ok(MapHead::from(&*map)),
            Some(Err(error)) => Err(error),
            None => self.first.with_value(|first| first.head.clone()),
        }
    }

    /// One area's figure, where the browser has it.
    pub fn figure_of(&self, code: &str) -> Option<(Status, Option<f64>)> {
        let map = self.figures.get()?.ok()?;
        map.areas.iter().find(|area| area.code.as_str() == code).map(|area| (area.status, area.value))
    }
}

fn go() -> Go {
    let navigate = use_navigate();
    Callback::new(move |(view, replace): (View, bool)| {
        let options = NavigateOptions { scroll: false, replace, ..Default::default() };
        navigate(&view.url(), options);
    })
}

/// The view that the URL names.
pub fn view_of_url() -> Memo<View> {
    let Location { pathname, search, .. } = use_location();
    Memo::new(move |_| View::parse(&format!("{}?{}", pathname.get(), search.get().trim_start_matches('?'))))
}
