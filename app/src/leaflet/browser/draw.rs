//! Drawing: a new picture is drawn beside the one that is shown, in slices of a few milliseconds, and
//! takes its place when it is whole. So nothing is ever half drawn, and nothing waits for it.

use std::rc::Rc;

use leptos::prelude::{Set, WithUntracked, request_animation_frame, set_timeout};
use web_sys::{CanvasRenderingContext2d, Path2d};

use super::events::point_again;
use super::load::now_ms;
use super::scene::Figures;
use super::stage::{Shared, Stage};
use super::surface::class;
use crate::classes::Fill;
use crate::geometry::outline::Bounds;

/// Milliseconds of a frame that drawing may take.
const SLICE_MS: f64 = 7.0;
/// Corners drawn in a slice at most: the browser's own part of the work comes after ours, unmeasured.
const SLICE_CORNERS: usize = 3000;
/// How long a changed colour takes to appear; the style sheet's `appear` takes as long.
const FADE: std::time::Duration = std::time::Duration::from_millis(640);

const SEAM_PX: f64 = 0.7;
const INK_PX: f64 = 2.2;
const HALO_PX: f64 = 5.5;
/// As in the style sheet's `around`.
const DOTS_PX: [f64; 2] = [2.0, 4.0];

/// A picture that is being drawn.
pub(super) struct Job {
    level: usize,
    /// Areas by their fill: a change of colour costs more than an area.
    order: Vec<usize>,
    next: usize,
    fade: bool,
    mute: bool,
    scale: f64,
    last: Option<Fill>,
}

/// Begins a new picture of what is to be seen. With `fade` the changes appear slowly.
pub(super) fn redraw(stage: &Shared, fade: bool) {
    let begun = {
        let mut stage = stage.borrow_mut();
        // A picture for another reason than a move can wait for the one that is under way, until it is all there.
        if stage.zooming || (fade && (stage.job.is_some() || stage.appearing)) {
            stage.again = true;
            return;
        }
        stage.begin_job(fade)
    };
    if begun {
        schedule(stage);
    }
}

fn schedule(stage: &Shared) {
    let weak = Rc::downgrade(stage);
    request_animation_frame(move || {
        if let Some(stage) = weak.upgrade() {
            step(&stage);
        }
    });
}

fn step(stage: &Shared) {
    let picture = {
        let mut stage = stage.borrow_mut();
        if stage.zooming || stage.job.is_none() {
            return;
        }
        stage.draw_slice().then(|| stage.show())
    };
    match picture {
        None => schedule(stage),
        Some(picture) => {
            let weak = Rc::downgrade(stage);
            let late = move || {
                if let Some(stage) = weak.upgrade() {
                    stage.borrow_mut().settle(picture);
                    draw_what_waited(&stage);
                }
            };
            set_timeout(late, FADE);
            draw_what_waited(stage);
        }
    }
}

/// What changed meanwhile; if the picture is still appearing, that waits on.
fn draw_what_waited(stage: &Shared) {
    let waited = std::mem::take(&mut stage.borrow_mut().again);
    if waited {
        redraw(stage, true);
    }
}

impl Stage {
    fn begin_job(&mut self, fade: bool) -> bool {
        let Some(level) = self.drawable() else { return false };
        // The picture before is drawn over now: what was to appear over it has to hide it.
        self.finish_appearing();
        let shot = self.shot();
        let placement = self.back.begin(shot, &self.grid);
        let Some((shapes, figures)) =
            self.levels.get(level).and_then(|l| Some((l.shapes.as_ref()?, l.figures.as_ref()?)))
        else {
            return false;
        };
        let (x0, y0) = placement.to_units(0.0, 0.0);
        let (x1, y1) = placement.to_units(shot.w, shot.h);
        let seen = Bounds { x0: x0 as i32, y0: y0 as i32, x1: x1 as i32, y1: y1 as i32 };
        let mut order: Vec<usize> = shapes.within(seen).collect();
        order.sort_by_key(|at| figures.fills.get(*at).copied().unwrap_or(Fill::Empty));
        let context = &self.back.context;
        context.set_line_width(SEAM_PX / placement.scale);
        context.set_line_join("round");
        context.set_stroke_style_str(&self.palette.seam);
        self.job = Some(Job {
            level,
            order,
            next: 0,
            fade,
            mute: self.is_mute(level),
            scale: placement.scale,
            last: None,
        });
        true
    }

    /// Draws for a few milliseconds; tells whether the picture is whole.
    fn draw_slice(&mut self) -> bool {
        let Some(job) = &mut self.job else { return false };
        let Some(scene) = self.levels.get(job.level) else { return true };
        let (Some(shapes), Some(figures)) = (&scene.shapes, &scene.figures) else { return true };
        let context = &self.back.context;
        let (began, mut corners) = (now_ms(), 0);
        while let Some(&at) = job.order.get(job.next) {
            job.next += 1;
            let Some(shape) = shapes.list.get(at) else { continue };
            let known = figures.fills.get(at).filter(|_| !job.mute);
            let fill = known.copied().unwrap_or(Fill::Empty);
            if job.last != Some(fill) {
                self.palette.fill(context, fill, 1.0 / (job.scale * self.back.density));
                job.last = Some(fill);
            }
            context.fill_with_path_2d(&shape.path);
            context.stroke_with_path(&shape.path);
            corners += shape.outline.corners();
            if corners > SLICE_CORNERS || (job.next % 16 == 0 && now_ms() - began > SLICE_MS) {
                return job.next >= job.order.len();
            }
        }
        true
    }

    /// Puts the new picture in place of the old one; gives its number.
    fn show(&mut self) -> u32 {
        let Some(job) = self.job.take() else { return self.pictures };
        std::mem::swap(&mut self.front, &mut self.back);
        self.pictures += 1;
        self.shown = Some(job.level);
        self.front.place_now(&self.map);
        let _ = self.front.canvas.style().remove_property("display");
        self.appearing = job.fade;
        self.front.canvas.set_class_name(if job.fade { class::APPEARING } else { class::AREAS });
        self.back.canvas.set_class_name(class::BEFORE);
        if !job.fade {
            self.hide_back();
        }
        self.draw_overlay();
        self.tell_legend(job.level);
        point_again(self);
        self.pictures
    }

    /// The legend is of what is drawn.
    fn tell_legend(&self, level: usize) {
        let figures = self.levels.get(level).and_then(|scene| scene.figures.as_ref());
        let head = figures.and_then(Figures::head);
        let drawn = self.page.drawn;
        if head.is_some() && drawn.with_untracked(|drawn| *drawn != head) {
            drawn.set(head);
        }
    }

    /// The fade is over.
    fn settle(&mut self, picture: u32) {
        if picture == self.pictures {
            self.finish_appearing();
            if self.job.is_none() {
                self.hide_back();
            }
        }
    }

    fn finish_appearing(&mut self) {
        self.appearing = false;
        self.front.canvas.set_class_name(class::AREAS);
    }

    fn hide_back(&self) {
        let _ = self.back.canvas.style().set_property("display", "none");
    }

    /// A zoom begins: what is shown is enlarged, and nothing else is drawn until it ends.
    pub(super) fn begin_zoom(&mut self) {
        self.zooming = true;
        self.job = None;
        self.finish_appearing();
        self.hide_back();
    }

    /// The outlines of what is pointed at, of what is open and, dotted, of what that is held against; and over them
    /// the names, which can be read across a line.
    pub(super) fn draw_overlay(&mut self) {
        let placement = self.overlay.begin(self.front.shot, &self.grid);
        self.overlay.place_now(&self.map);
        let context = &self.overlay.context;
        context.set_line_join("round");
        let path = |(level, at): (usize, usize)| {
            let shapes = self.levels.get(level)?.shapes.as_ref()?;
            Some(&shapes.list.get(at)?.path)
        };
        let outline = |path: Option<&Path2d>, dash: Option<[f64; 2]>, width: f64, halo: f64| {
            let Some(path) = path else { return };
            line(context, path, &self.palette.halo, halo / placement.scale);
            dashed(context, dash.map(|dash| dash.map(|px| px / placement.scale)));
            line(context, path, &self.palette.ink, width / placement.scale);
            dashed(context, None);
        };
        // What was selected in the browser is drawn at once, before the server has told of it.
        let selected = || self.selected.as_deref().and_then(|code| self.find(code)).and_then(path);
        let open = self.open.as_ref();
        outline(open.and_then(|open| open.around.as_ref()), Some(DOTS_PX), INK_PX, HALO_PX * 0.7);
        outline(self.hovered.and_then(path), None, INK_PX * 0.6, HALO_PX * 0.6);
        outline(open.and_then(|open| open.own.as_ref()).or_else(selected), None, INK_PX, HALO_PX);
        self.overlay.in_pixels();
        super::labels::draw(self, placement);
    }

    /// An area of any level that is loaded, the finest first.
    pub(super) fn find(&self, code: &str) -> Option<(usize, usize)> {
        let levels = self.levels.iter().enumerate().rev();
        levels.filter_map(|(level, scene)| Some((level, scene.shapes.as_ref()?.find(code)?))).next()
    }
}

/// A dash and the gap after it; without them a line is whole.
fn dashed(context: &CanvasRenderingContext2d, dash: Option<[f64; 2]>) {
    let dash: js_sys::Array = dash.iter().flatten().copied().map(wasm_bindgen::JsValue::from_f64).collect();
    // Two finite lengths cannot be refused.
    let _ = context.set_line_dash(&dash);
}

fn line(context: &CanvasRenderingContext2d, path: &Path2d, colour: &str, width: f64) {
    context.set_stroke_style_str(colour);
    context.set_line_width(width);
    context.stroke_with_path(path);
}
