//! Puts the panel's content in place, and listens to what is pressed in it.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use metering::api::Measure;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::place::Place;
use crate::error::AppError;
use crate::page::Page;
use crate::reactive::watch;
use crate::site_map::{PanelPart, SlimFrame};
use crate::view_state::View;
use crate::{api, format, words};

/// Follows the area and the measure; tells whether content is on its way.
pub(super) fn follow(page: Page, content: NodeRef<Div>) -> RwSignal<bool> {
    let busy = RwSignal::new(false);
    let day = RwSignal::new(String::new());
    let again = RwSignal::new(0_u32);
    let asked = StoredValue::new(0_u32);
    let shown = StoredValue::new(page.area.get_untracked());
    let past = StoredValue::new(None::<(String, u64)>);
    let html = StoredValue::new(String::new());
    // An area that was opened and not told of yet, by where the focus was then.
    let opened_from = StoredValue::new_local(None::<Option<Element>>);
    watch(move || {
        let (area, measure) = (page.area.get(), page.measure.get());
        let (chosen_day, _, _) = (day.get(), again.get(), page.refresh.get());
        let Some(content) = content.get() else { return };
        asked.update_value(|asked| *asked += 1);
        let number = asked.get_value();
        // The first content came with the page.
        if number == 1 {
            close_by_key(page);
            return listen(page, &content, day, again);
        }
        let Some(area) = area else {
            hand_focus_back(&content);
            shown.set_value(None);
            opened_from.set_value(None);
            document().set_title(&words::title(None));
            return;
        };
        // Another area's figures do not stand under the outline of this one.
        let is_other = shown.with_value(|shown| shown.as_ref() != Some(&area));
        if is_other {
            content.set_inner_html(&words::panel_loading());
            html.set_value(String::new());
            shown.set_value(Some(area.clone()));
            opened_from.set_value(Some(document().active_element()));
        }
        let pins = page.view.with_untracked(|view| view.pins.clone());
        let view = View { measure, area: Some(area.clone()), pins, ..View::default() };
        busy.set(true);
        page.waiting.update_value(|waiting| *waiting += 1);
        spawn_local(async move {
            let part = api::get::<PanelPart>(&question(&view, &chosen_day)).await;
            page.waiting.update_value(|waiting| *waiting -= 1);
            if asked.get_value() == number {
                busy.set(false);
                if let Ok(part) = &part {
                    page.open.set(part.open.clone());
                    let question = format!("{area} {chosen_day}");
                    let is_news = |(of, past): &(String, u64)| *of == question && *past != part.past;
                    // Nobody knows how old the first content was.
                    if past.with_value(|before| before.as_ref().is_none_or(is_news)) {
                        page.news.set_value(true);
                    }
                    past.set_value(Some((question, part.past)));
                }
                show(&content, part, html);
                if let Some(from) = opened_from.try_update_value(Option::take).flatten() {
                    introduce(page, &content, from.as_ref());
                }
            }
        });
    });
    // The cards around the panel make room for it, as in the server's first picture.
    watch(move || {
        let open = page.area.get().is_some();
        if let Ok(Some(frame)) = document().query_selector(".map-page") {
            // A plain name cannot be refused.
            let _ = frame.class_list().toggle_with_force("has-area", open);
        }
    });
    watch(move || {
        let now = page.measure.get() == Measure::Now;
        let is_news = page.live.frame.with(|frame| match (now, frame, page.area.get_untracked()) {
            (true, Some(frame), Some(area)) => pulse(frame, &area),
            _ => false,
        });
        if is_news && !busy.get_untracked() {
            again.update(|count| *count += 1);
        }
    });
    busy
}

fn question(view: &View, day: &str) -> String {
    // An area's figures are of the last year, whatever days the map is of.
    let url = api::encode(&View { days: None, ..view.clone() }.url());
    format!("/fn/get_panel?url={url}&day={day}")
}

/// Puts it in place; `html` is what stands there.
fn show(content: &Element, part: Result<PanelPart, AppError>, html: StoredValue<String>) {
    match part {
        Ok(part) if html.with_value(|html| *html == part.html) => {}
        Ok(part) => {
            let place = Place::of(content);
            content.set_inner_html(&part.html);
            place.restore(content);
            document().set_title(&part.title);
            html.set_value(part.html);
        }
        Err(error) => {
            html.set_value(String::new());
            // What could not be had is said in place of it; both texts are ours, the code is the reader's.
            content.set_inner_html(&words::panel_failed());
            if let Ok(Some(said)) = content.query_selector(".note") {
                said.set_text_content(Some(&words::trouble(&error)));
            }
        }
    }
}

/// Tells that another area is open, and what its figure is. Who opened it by keys goes on in the panel;
/// who has gone elsewhere since, or is at a list of suggestions again, is left there.
fn introduce(page: Page, content: &Element, asked_from: Option<&Element>) {
    let find = |selector: &str| content.query_selector(selector).ok().flatten();
    let text = |element: Option<Element>| element.and_then(|it| it.text_content()).unwrap_or_default();
    let heading = find("h2");
    page.said.set(format!("{}: {}", text(heading.clone()), text(find(".answer"))));
    let is_free =
        |it: &Element| it.matches(":focus-visible:not(.by-pointer, [aria-expanded=true])").unwrap_or(false);
    let focused = document().active_element();
    let by_keys = focused.as_ref() == asked_from && focused.as_ref().is_some_and(is_free);
    if by_keys && let Some(heading) = heading {
        let _ = heading.set_attribute("tabindex", "-1");
        let _ = heading.unchecked_into::<HtmlElement>().focus();
    }
}

/// The headline figure of what homes draw now follows the feed. True where the panel has no figure yet
/// and the feed has one: then its words change too.
fn pulse(frame: &SlimFrame, area: &str) -> bool {
    let news = frame.areas.iter().find(|news| news.code.as_str() == area);
    let Some(value) = news.and_then(|news| news.value) else { return false };
    match document().query_selector(".answer.now strong") {
        Ok(Some(figure)) => {
            figure.set_text_content(Some(&format::figure(Measure::Now, value)));
            false
        }
        _ => true,
    }
}

/// Escape closes the panel wherever the reader is, but in the search box, where it has a meaning of its own.
fn close_by_key(page: Page) {
    let handler = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let is_free = event.key() == "Escape" && within(&event, ".search").is_none();
        if is_free && page.area.with_untracked(Option::is_some) {
            page.change(|view| view.area = None);
        }
    });
    let _ = window().add_event_listener_with_callback("keydown", handler.as_ref().unchecked_ref());
    handler.forget();
}

/// Who closes the panel from within stands on the map then, not nowhere.
fn hand_focus_back(content: &Element) {
    let panel = content.closest(".panel").ok().flatten();
    let is_within = |focused: Element| panel.is_some_and(|panel| panel.contains(Some(&focused)));
    if document().active_element().is_some_and(is_within)
        && let Ok(Some(stage)) = document().query_selector(".stage")
    {
        let _ = stage.unchecked_into::<HtmlElement>().focus();
    }
}

/// What is pressed and chosen in the content. The closing cross is a link, so that it works without
/// scripts; here it closes in place.
fn listen(page: Page, content: &Element, day: RwSignal<String>, again: RwSignal<u32>) {
    on(content, "click", move |event| {
        if within(&event, ".close").is_some() {
            event.prevent_default();
            page.change(|view| view.area = None);
        } else if within(&event, ".again").is_some() {
            again.update(|count| *count += 1);
        }
    });
    on(content, "change", move |event| {
        if let Some(chosen) = within(&event, "input[name=day]") {
            day.set(chosen.unchecked_into::<HtmlInputElement>().value());
        }
    });
}

fn within(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

/// A listener for as long as the page.
fn on(element: &Element, name: &str, handler: impl FnMut(Event) + 'static) {
    let handler = Closure::<dyn FnMut(Event)>::new(handler);
    let _ = element.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// A pull may end outside of the handle.
pub(super) fn hold_pointer(event: &leptos::ev::PointerEvent) {
    if let Some(handle) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
        let _ = handle.set_pointer_capture(event.pointer_id());
    }
}

/// Shares the address: the device's own way on a phone, else it is copied.
pub(super) fn share(said: RwSignal<&'static str>) {
    let navigator = window().navigator();
    let Ok(url) = window().location().href() else { return };
    let has = |name: &str| {
        js_sys::Reflect::get(&navigator, &JsValue::from_str(name)).is_ok_and(|it| it.is_truthy())
    };
    let coarse =
        window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches());
    if has("share") && coarse {
        let data = web_sys::ShareData::new();
        data.set_url(&url);
        // The reader may close the device's sheet: that is an answer too.
        let _ = navigator.share_with_data(&data);
        return;
    }
    if !has("clipboard") {
        return said.set(words::share_failed());
    }
    let copied = navigator.clipboard().write_text(&url);
    spawn_local(async move {
        let copied = JsFuture::from(copied).await;
        said.set(if copied.is_ok() { words::shared() } else { words::share_failed() });
    });
}
