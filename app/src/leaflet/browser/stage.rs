//! The stage: Leaflet's map, our canvases on it, and what they show.

use std::cell::RefCell;
use std::rc::Rc;

use leaflet::{LatLng, Map};
use leptos::prelude::*;
use web_sys::{HtmlElement, Path2d};

use super::draw::Job;
use super::palette::Palette;
use super::scene::{Figures, LevelScene, Shapes};
use super::surface::{Shot, Surface, class};
use crate::geometry::mercator::{self, AREA_ZOOM_MAX, Grid, Placement, surroundings};
use crate::geometry::outline::Outline;
use crate::page::{Hover, Page};
use crate::site_map::{AREAS_MAX, Label, LevelInfo, SlimArea, SlimMap};
use crate::view_state::Camera;
use crate::words;

/// The stage, as its event handlers share it. The browser has one thread, and no handler runs within
/// another, so a borrow is never met by a second one.
pub(super) type Shared = Rc<RefCell<Stage>>;

/// Steps from the zoom at which the whole fits into the window: to the outermost one, and to where the coarsest
/// level begins.
const ZOOM_OUT: f64 = 1.0;
const ZOOM_AFAR: f64 = 0.6;

/// A part of the window: left, top, width and height, pixels.
type Part = (f64, f64, f64, f64);

/// What is outlined of an open area, whatever the level is that is drawn.
pub(super) struct Outlines {
    pub(super) own: Option<Path2d>,
    /// The same, to know where it is.
    pub(super) outline: Option<Outline>,
    /// Of what it is held against.
    pub(super) around: Option<Path2d>,
}

/// Names of places, which are asked for when they are near enough to be read.
pub(super) enum Places {
    Unknown,
    Loading,
    Known(Vec<Label>),
}

pub(super) struct Stage {
    pub(super) page: Page,
    pub(super) map: Map,
    pub(super) grid: Grid,
    pub(super) pane: HtmlElement,
    pub(super) palette: Palette,
    /// The levels, the coarsest first.
    pub(super) levels: Vec<LevelScene>,
    /// The level that is to be shown, as soon as it can be.
    pub(super) wanted: usize,
    /// The level that `front` shows.
    pub(super) shown: Option<usize>,
    pub(super) front: Surface,
    pub(super) back: Surface,
    pub(super) overlay: Surface,
    pub(super) job: Option<Job>,
    /// `front` fades in over the picture before it.
    pub(super) appearing: bool,
    /// Something changed while a picture was being drawn or appeared.
    pub(super) again: bool,
    /// An animated zoom is under way.
    pub(super) zooming: bool,
    /// Counts pictures, so that a late timer knows that it is late.
    pub(super) pictures: u32,
    /// Where the card is that follows the pointer, while it is shown or would be.
    pub(super) pointed: Option<(f64, f64)>,
    pub(super) hovered: Option<(usize, usize)>,
    pub(super) selected: Option<String>,
    /// The selected area's outlines, once they are known.
    pub(super) open: Option<Outlines>,
    pub(super) places: Places,
}

impl Stage {
    pub(super) fn new(page: Page, map: Map, grid: Grid, levels: usize) -> Option<Self> {
        let pane = map.get_pane_by_name("overlayPane");
        let (front, back) = (Surface::new(&pane, class::AREAS)?, Surface::new(&pane, class::BEFORE)?);
        let overlay = Surface::new(&pane, class::OUTLINES)?;
        let wanted = page.zoom_level.get_untracked();
        Some(Self {
            page,
            map,
            grid,
            pane,
            palette: Palette::read()?,
            levels: (0..levels).map(|_| LevelScene::default()).collect(),
            wanted,
            shown: None,
            front,
            back,
            overlay,
            job: None,
            appearing: false,
            again: false,
            zooming: false,
            pictures: 0,
            pointed: None,
            hovered: None,
            selected: None,
            open: None,
            places: Places::Unknown,
        })
    }

    /// The number of a level.
    pub(super) fn number_of(&self, level: &str) -> Option<usize> {
        self.page.start.with_value(|start| start.levels.iter().position(|info| info.name == level))
    }

    /// Takes in a level's outlines; figures that came first are asked for again by the caller.
    pub(super) fn set_shapes(&mut self, level: usize, shapes: Shapes) {
        if let Some(scene) = self.levels.get_mut(level) {
            scene.shapes = Some(shapes);
        }
    }

    /// Whether a level's outlines are neither there nor on their way.
    pub(super) fn lacks(&self, level: usize) -> bool {
        self.levels.get(level).is_some_and(|scene| scene.shapes.is_none() && !scene.loading)
    }

    pub(super) fn set_loading(&mut self, level: usize, loading: bool) {
        if let Some(scene) = self.levels.get_mut(level) {
            scene.loading = loading;
        }
    }

    /// Takes in a level's figures. Without its outlines they wait for them where they come from.
    pub(super) fn set_figures(&mut self, map: &SlimMap) {
        let Some(scene) = self.number_of(&map.level).and_then(|level| self.levels.get_mut(level)) else {
            return;
        };
        if let Some(shapes) = &scene.shapes {
            scene.figures = Some(Figures::new(map, shapes));
        }
    }

    /// Takes in what the feed says of a level; tells whether the picture changes.
    pub(super) fn update(&mut self, level: &str, areas: &[SlimArea]) -> bool {
        let number = self.number_of(level);
        let Some(scene) = number.and_then(|level| self.levels.get_mut(level)) else { return false };
        match (&scene.shapes, &mut scene.figures) {
            (Some(shapes), Some(figures)) => figures.update(shapes, areas) && number == self.shown,
            _ => false,
        }
    }

    /// The level to draw: the wanted one if all of it is there, else the one that is shown already.
    pub(super) fn drawable(&self) -> Option<usize> {
        let whole = |level: usize| {
            let scene = self.levels.get(level)?;
            let figures = scene.figures.as_ref()?;
            (scene.shapes.is_some() && self.is_asked_for(figures)).then_some(level)
        };
        whole(self.wanted).or(self.shown)
    }

    /// Whether figures are of the measure and the days that are chosen.
    fn is_asked_for(&self, figures: &Figures) -> bool {
        (figures.measure, figures.days) == (self.page.measure.get_untracked(), self.page.days.get_untracked())
    }

    /// Whether a level's figures are of something else than what is chosen, which cannot be had or takes its
    /// time: then the areas have no colours, rather than those of something else.
    pub(super) fn is_mute(&self, level: usize) -> bool {
        let figures = self.levels.get(level).and_then(|scene| scene.figures.as_ref());
        let other = figures.is_some_and(|figures| !self.is_asked_for(figures));
        let waits = || self.page.slow.get_untracked() || !self.page.trouble.with_untracked(String::is_empty);
        other && waits()
    }

    /// How the grid lies in the window now.
    pub(super) fn placement(&self) -> Placement {
        let (centre, size) = (self.map.get_center(), self.map.get_size());
        self.grid.placed(centre.lat(), centre.lng(), self.map.get_zoom(), size.x(), size.y())
    }

    /// The level and the area under a point of the window.
    pub(super) fn area_at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let level = self.shown?;
        let (x, y) = self.placement().to_units(x, y);
        Some((level, self.levels.get(level)?.shapes.as_ref()?.at(x, y)?))
    }

    /// The middle of the window.
    pub(super) fn middle(&self) -> (f64, f64) {
        let size = self.map.get_size();
        (size.x() / 2.0, size.y() / 2.0)
    }

    /// Whether the reader moves the map by its keys.
    pub(super) fn is_used_by_keys(&self) -> bool {
        let container = self.map.get_container();
        let focused =
            document().active_element().is_some_and(|focused| container.is_same_node(Some(&focused)));
        focused && !container.class_list().contains(class::BY_POINTER)
    }

    /// The box around an area, in pixels of the window: left, top, right, bottom.
    pub(super) fn box_in_window(&self, (level, at): (usize, usize)) -> Option<[f64; 4]> {
        let bounds = self.levels.get(level)?.shapes.as_ref()?.list.get(at)?.outline.bounds;
        let placement = self.placement();
        let (x0, y0) = placement.to_px(bounds.x0.into(), bounds.y0.into());
        let (x1, y1) = placement.to_px(bounds.x1.into(), bounds.y1.into());
        Some([x0, y0, x1, y1])
    }

    pub(super) fn code_of(&self, (level, at): (usize, usize)) -> Option<String> {
        Some(self.levels.get(level)?.shapes.as_ref()?.list.get(at)?.code.clone())
    }

    /// The card of an area under the pointer.
    pub(super) fn hover_card(&self, (level, at): (usize, usize)) -> Option<Hover> {
        let scene = self.levels.get(level)?;
        let shape = scene.shapes.as_ref()?.list.get(at)?;
        let figures = scene.figures.as_ref()?;
        let figure = figures
            .list
            .get(at)
            .filter(|_| !self.is_mute(level))
            .map(|(status, value)| words::figure_or_reason(figures.measure, *status, *value));
        Some(Hover {
            title: shape.title().to_owned(),
            detail: shape.near.as_ref().map(|_| shape.name.clone()).unwrap_or_default(),
            figure: figure.unwrap_or_default(),
        })
    }

    /// Where the open part of the window is, beside the cards.
    pub(super) fn free_window(&self) -> Part {
        self.part(".free")
    }

    /// The part of the window that an element of the page marks; all of it where that is next to nothing.
    fn part(&self, selector: &str) -> Part {
        let size = self.map.get_size();
        let whole = (0.0, 0.0, size.x(), size.y());
        let Ok(Some(part)) = document().query_selector(selector) else { return whole };
        let (part, frame) =
            (part.get_bounding_client_rect(), self.map.get_container().get_bounding_client_rect());
        if part.width() < 40.0 || part.height() < 40.0 {
            return whole;
        }
        (part.left() - frame.left(), part.top() - frame.top(), part.width(), part.height())
    }

    /// The camera that shows a box of the grid in a part of the window.
    fn camera_in(&self, (left, top, w, h): Part, [x0, y0, x1, y1]: [f64; 4], zoom_max: f64) -> Camera {
        let size = self.map.get_size();
        let shown = Grid { w: (x1 - x0).max(1.0), h: (y1 - y0).max(1.0), ..self.grid };
        let zoom = shown.zoom_to_fit(w, h).min(zoom_max);
        let (lat, lng) = self.grid.degrees((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        let (x, y) = mercator::project(lat, lng, zoom);
        let (dx, dy) = (left + w / 2.0 - size.x() / 2.0, top + h / 2.0 - size.y() / 2.0);
        let (lat, lng) = mercator::unproject(x - dx, y - dy, zoom);
        Camera { lat, lng, zoom }
    }

    /// The camera that shows everything.
    pub(super) fn whole(&self) -> Camera {
        self.camera_in(self.free_window(), [0.0, 0.0, self.grid.w, self.grid.h], f64::INFINITY)
    }

    /// The open area's outline, if it is known.
    pub(super) fn open_outline(&self) -> Option<&Outline> {
        let told = self.open.as_ref().and_then(|open| open.outline.as_ref());
        let drawn = || {
            let (level, at) = self.find(self.selected.as_deref()?)?;
            Some(&self.levels.get(level)?.shapes.as_ref()?.list.get(at)?.outline)
        };
        told.or_else(drawn)
    }

    /// The camera that shows an area and what is around it, if the area is known.
    pub(super) fn camera_of(&self, code: &str) -> Option<Camera> {
        let told = self
            .page
            .open
            .with_untracked(|open| open.as_ref().filter(|open| open.code == code).map(|open| open.bounds));
        let drawn = || {
            let (level, at) = self.find(code)?;
            let bounds = self.levels.get(level)?.shapes.as_ref()?.list.get(at)?.outline.bounds;
            Some([bounds.x0, bounds.y0, bounds.x1, bounds.y1])
        };
        let bounds = told.or_else(drawn)?;
        Some(self.camera_in(self.free_window(), surroundings(bounds), AREA_ZOOM_MAX))
    }

    /// The camera of a link that names no place: where the style sheet puts the server's picture. It is the open
    /// area's, or shows the whole.
    pub(super) fn home(&self) -> Camera {
        let area = self.page.area.get_untracked().and_then(|code| self.camera_of(&code));
        let whole = [0.0, 0.0, self.grid.w, self.grid.h];
        area.unwrap_or_else(|| self.camera_in(self.part(".fit"), whole, f64::INFINITY))
    }

    /// The zoom at which the whole just fits into the window, whatever lies on it.
    fn fitting_zoom(&self) -> f64 {
        let size = self.map.get_size();
        self.grid.zoom_to_fit(size.x(), size.y())
    }

    /// How far out the map goes: until the whole takes up half of the window, or what the cards leave of it.
    pub(super) fn zoom_min(&self) -> f64 {
        (self.fitting_zoom() - ZOOM_OUT).min(self.whole().zoom)
    }

    /// Whether the map is where a link that names no place would put it, to a pixel or two.
    pub(super) fn is_home(&self) -> bool {
        let (now, home) = (self.camera(), self.home());
        let (x, y) = mercator::project(now.lat, now.lng, home.zoom);
        let (home_x, home_y) = mercator::project(home.lat, home.lng, home.zoom);
        (now.zoom - home.zoom).abs() < 0.01 && (x - home_x).abs() < 2.0 && (y - home_y).abs() < 2.0
    }

    /// Where the map is now.
    pub(super) fn camera(&self) -> Camera {
        let centre = self.map.get_center();
        Camera { lat: centre.lat(), lng: centre.lng(), zoom: self.map.get_zoom() }
    }

    /// The level for the zoom: the finest whose areas are large enough to be told apart, and the coarsest where
    /// the whole is seen from afar. Where a link to an area puts the map, none is finer than the area's own level and
    /// the server's picture: so the colours are those that the panel speaks of, and do not change when the browser
    /// takes the map over.
    pub(super) fn level_for_zoom(&self) -> usize {
        if self.map.get_zoom() < self.fitting_zoom() - ZOOM_AFAR {
            return 0;
        }
        let scale = self.placement().scale;
        let counts: Vec<usize> =
            self.page.start.with_value(|start| start.levels.iter().map(|level| level.areas).collect());
        let by_zoom = level_for(self.grid.w * scale, self.grid.h * scale, &counts);
        match self.level_of_open() {
            Some(own) if self.is_home() => by_zoom.min(own.max(self.level_at_first())),
            _ => by_zoom,
        }
    }

    /// The level of the open area, if it is known.
    fn level_of_open(&self) -> Option<usize> {
        let code = self.page.area.get_untracked()?;
        let told = self.page.open.with_untracked(|open| {
            open.as_ref().filter(|open| open.code == code).and_then(|open| self.number_of(&open.level))
        });
        told.or_else(|| self.find(&code).map(|(level, _)| level))
    }

    /// The level that the server draws where the address says nothing else.
    fn level_at_first(&self) -> usize {
        self.page.start.with_value(|start| {
            let drawn = |level: &LevelInfo| level.areas <= AREAS_MAX;
            start.levels.iter().rposition(drawn).unwrap_or(0)
        })
    }

    pub(super) fn shot(&self) -> Shot {
        Shot::of(&self.map)
    }

    /// Moves Leaflet's map.
    pub(super) fn go(map: &Map, camera: Camera) {
        Self::set_view(map, camera, !still());
    }

    /// Moves Leaflet's map without a way between.
    pub(super) fn go_at_once(map: &Map, camera: Camera) {
        Self::set_view(map, camera, false);
    }

    fn set_view(map: &Map, camera: Camera, animate: bool) {
        let options = super::interop::options(&[("animate", animate.into())]);
        map.set_view_with_options(&LatLng::new(camera.lat, camera.lng), camera.zoom, &options);
    }
}

/// Whether the reader wants nothing to move by itself.
pub(super) fn still() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// Areas of the finest level are shown from this mean width on, pixels: small ones can then be hit.
const FINEST_PX: f64 = 34.0;
/// Areas of levels between the coarsest and the finest.
const MIDDLE_PX: f64 = 7.5;
/// A country fills about this part of its bounding box.
const FILLED: f64 = 0.6;

fn level_for(w: f64, h: f64, counts: &[usize]) -> usize {
    let wide_enough = |&level: &usize| {
        let side = (w * h * FILLED / counts[level].max(1) as f64).sqrt();
        side >= if level + 1 == counts.len() && counts.len() > 2 { FINEST_PX } else { MIDDLE_PX }
    };
    (1..counts.len()).rev().find(wide_enough).unwrap_or(0)
}
