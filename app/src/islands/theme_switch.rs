//! Light, dark, or as the device is set.

use leptos::prelude::*;

use crate::reactive::{text, watch};
use crate::words;

/// Sent to the window when the reader has chosen: the map's colours follow.
pub(crate) const EVENT: &str = "wattmap-theme";

/// A button that goes through the three. The choice is a cookie, so that the server's first picture
/// has it already. Without scripts the device decides, so the button is shown only with them.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new("");
    watch(move || theme.set(browser::current()));
    let said = move || {
        let chosen = match theme.get() {
            "light" => words::THEME_LIGHT,
            "dark" => words::THEME_DARK,
            _ => words::THEME_AUTO,
        };
        format!("{}: {chosen}", words::THEME_LABEL)
    };
    let next = move |_| {
        let next = match theme.get_untracked() {
            "" => "light",
            "light" => "dark",
            _ => "",
        };
        browser::choose(next);
        theme.set(next);
    };
    view! {
        <button type="button" class="theme" title=text(said) on:click=next>
            <span class="icon" aria-hidden="true"></span>
            <span class="sr">{text(said)}</span>
        </button>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::{document, window};
    use wasm_bindgen::JsCast;

    const YEAR_S: u32 = 31_536_000;

    pub(super) fn current() -> &'static str {
        let theme = document().document_element().and_then(|root| root.get_attribute("data-theme"));
        ["light", "dark"].into_iter().find(|known| theme.as_deref() == Some(known)).unwrap_or("")
    }

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
        if let Ok(event) = web_sys::Event::new(super::EVENT) {
            let _ = window().dispatch_event(&event);
        }
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    pub(super) fn current() -> &'static str {
        ""
    }

    pub(super) fn choose(_: &str) {}
}
