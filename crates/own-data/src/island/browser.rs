//! The file in the browser: read a part at a time, and what it comes to kept for as long as the tab is open.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::tz::TimeZone;
use js_sys::{Promise, Uint8Array};
use leptos::ev::{DragEvent, Event};
use leptos::prelude::{RwSignal, Set, document, event_target, window};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement, HtmlSelectElement};

use super::State;
use crate::KEPT_AS;
use crate::own_use::OwnUse;
use crate::reading::{FileReader, MB_MAX, Unreadable};
use crate::words;

/// Speaks as the document that the program is of.
pub fn speak_as_the_page() {
    let tag = document().document_element().and_then(|root| root.get_attribute("lang"));
    metering::language::is_always(tag.as_deref());
}

/// Readings that are read before the page may answer again: some hundredths of a second.
const AT_ONCE: usize = 5_000;

thread_local! {
    /// The file that was read last, for whoever wants another meter of it.
    static FILE: RefCell<Option<(String, Rc<[u8]>)>> = const { RefCell::new(None) };
}

pub(super) fn remembered() -> Option<OwnUse> {
    let storage = window().session_storage().ok()??;
    serde_json::from_str(&storage.get_item(KEPT_AS).ok()??).ok()
}

/// Where the browser keeps nothing, it is shown all the same.
fn remember(own: &OwnUse) {
    let Ok(Some(storage)) = window().session_storage() else { return };
    if let Ok(text) = serde_json::to_string(own) {
        let _ = storage.set_item(KEPT_AS, &text);
    }
}

pub(super) fn forget(state: RwSignal<State>) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(KEPT_AS);
    }
    FILE.set(None);
    state.set(State::Forgotten);
}

pub(super) fn has_file() -> bool {
    FILE.with_borrow(Option::is_some)
}

pub(super) fn read_chosen(event: &Event, zone: &str, state: RwSignal<State>) {
    let input: HtmlInputElement = event_target(event);
    if let Some(file) = input.files().and_then(|files| files.get(0)) {
        take(file, zone, state);
    }
    // So that the same file can be chosen again.
    input.set_value("");
}

pub(super) fn read_dropped(event: &DragEvent, zone: &str, state: RwSignal<State>) {
    let files = event.data_transfer().and_then(|dropped| dropped.files());
    if let Some(file) = files.and_then(|files| files.get(0)) {
        take(file, zone, state);
    }
}

pub(super) fn read_meter(event: &Event, zone: &str, state: RwSignal<State>) {
    let meter = event_target::<HtmlSelectElement>(event).value();
    let Some((name, bytes)) = FILE.with_borrow(Clone::clone) else { return };
    start(name, bytes, Some(meter), zone, state);
}

fn take(file: File, zone: &str, state: RwSignal<State>) {
    state.set(State::Reading(0));
    let megabytes = (file.size() / f64::from(1 << 20)) as usize;
    if megabytes > MB_MAX {
        state.set(State::Failed(words::unreadable(&Unreadable::TooLarge(megabytes))));
        return;
    }
    let zone = zone.to_owned();
    spawn_local(async move {
        let Ok(buffer) = JsFuture::from(file.array_buffer()).await else {
            state.set(State::Failed(words::unreadable(&Unreadable::Broken(
                "the browser does not give it".to_owned(),
            ))));
            return;
        };
        let bytes: Rc<[u8]> = Uint8Array::new(&buffer).to_vec().into();
        FILE.set(Some((file.name(), bytes.clone())));
        start(file.name(), bytes, None, &zone, state);
    });
}

fn start(name: String, bytes: Rc<[u8]>, meter: Option<String>, zone: &str, state: RwSignal<State>) {
    let zone = TimeZone::posix(zone).unwrap_or(TimeZone::UTC);
    spawn_local(async move {
        match read(&name, bytes, meter.as_deref(), zone, state).await {
            Ok(own) => {
                remember(&own);
                state.set(State::Known(Box::new(own)));
            }
            Err(why) => state.set(State::Failed(words::unreadable(&why))),
        }
    });
}

async fn read(
    name: &str,
    bytes: Rc<[u8]>,
    meter: Option<&str>,
    zone: TimeZone,
    state: RwSignal<State>,
) -> Result<OwnUse, Unreadable> {
    let mut reader = FileReader::new(name, bytes, meter, zone)?;
    while let Some(share) = reader.step(AT_ONCE)? {
        state.set(State::Reading((share * 100.0) as u32));
        breathe().await;
    }
    reader.finish()
}

/// Lets the browser do what else there is.
async fn breathe() {
    let timeout = Promise::new(&mut |resolve, _| {
        // A timer that can't be had is no reason to stop.
        if window().set_timeout_with_callback(&resolve).is_err() {
            let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
        }
    });
    let _ = JsFuture::from(timeout).await;
}
