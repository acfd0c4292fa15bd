//! The theme of the document, and the cookie that remembers it.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;

/// Sent to the window when the reader has chosen: the map's colours follow.
pub(crate) const EVENT: &str = "wattmap-theme";

const YEAR_S: u32 = 31_536_000;

/// `light`, `dark`, or nothing where the device decides.
pub(super) fn current() -> &'static str {
    let theme = document().document_element().and_then(|root| root.get_attribute("data-theme"));
    ["light", "dark"].into_iter().find(|known| theme.as_deref() == Some(known)).unwrap_or("")
}

/// Shows a theme, and remembers it.
pub(super) fn choose(theme: &str) {
    let Some(root) = document().document_element() else { return };
    // Neither can fail for these names and values.
    let _ = match theme {
        "" => root.remove_attribute("data-theme"),
        theme => root.set_attribute("data-theme", theme),
    };
    if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
        let age = if theme.is_empty() { 0 } else { YEAR_S };
        let _ = document.set_cookie(&format!("theme={theme}; path=/; max-age={age}; samesite=lax"));
    }
    if let Ok(event) = web_sys::Event::new(EVENT) {
        let _ = window().dispatch_event(&event);
    }
}
