//! Keeps the reader's place in the panel when its figures are replaced by newer ones.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement};

const SCROLLED: &str = ".body";
const FOLDS: &str = "details";
const FOCUSABLE: &str = "a, button, input, summary";

/// How far the reader had scrolled the content, what of it was unfolded, and what had the focus.
pub(super) struct Place {
    scrolled_px: i32,
    unfolded: Vec<String>,
    focused: Option<String>,
}

impl Place {
    pub(super) fn of(content: &Element) -> Self {
        let focused = document().active_element();
        let unfolded = all(content, FOLDS).filter(|fold| fold.has_attribute("open"));
        let mut focusable = all(content, FOCUSABLE);
        Self {
            scrolled_px: all(content, SCROLLED).next().map_or(0, |body| body.scroll_top()),
            unfolded: unfolded.map(|fold| name(&fold)).collect(),
            focused: focusable.find(|it| focused.as_ref() == Some(it)).map(|it| name(&it)),
        }
    }

    /// Finds it again in newer content, where it is still there.
    pub(super) fn restore(self, content: &Element) {
        for fold in all(content, FOLDS).filter(|fold| self.unfolded.contains(&name(fold))) {
            // A plain name cannot be refused.
            let _ = fold.set_attribute("open", "");
        }
        if let Some(focused) = self.focused
            && let Some(element) = all(content, FOCUSABLE).find(|it| name(it) == focused)
        {
            let stay = FocusOptions::new();
            stay.set_prevent_scroll(true);
            let _ = element.unchecked_into::<HtmlElement>().focus_with_options(&stay);
        }
        if let Some(body) = all(content, SCROLLED).next() {
            body.set_scroll_top(self.scrolled_px);
        }
    }
}

/// What tells an element of the content from its others, whichever of them are there.
fn name(element: &Element) -> String {
    let own = |element: &Element, name: &str| element.get_attribute(name).unwrap_or_default();
    let section = element.closest("section").ok().flatten().map(|section| own(&section, "class"));
    [element.tag_name(), own(element, "href"), own(element, "value"), section.unwrap_or_default()].join(" ")
}

fn all(content: &Element, selector: &str) -> impl Iterator<Item = Element> {
    let found = content.query_selector_all(selector).ok();
    let length = found.as_ref().map_or(0, |found| found.length());
    (0..length).filter_map(move |at| found.as_ref()?.item(at)?.dyn_into().ok())
}
