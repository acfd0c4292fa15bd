//! Light, dark, or as the device is set.

use leptos::prelude::*;

use crate::reactive::{text, watch};
use crate::words;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use browser as here;
#[cfg(feature = "hydrate")]
pub(crate) use browser::EVENT;
#[cfg(not(feature = "hydrate"))]
use server as here;

/// A button that goes through the three. The choice is a cookie, so that the server's first picture
/// has it already. Without scripts the device decides, so the button is shown only with them.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new("");
    watch(move || theme.set(here::current()));
    let said = move || {
        let chosen = match theme.get() {
            "light" => words::theme_light(),
            "dark" => words::theme_dark(),
            _ => words::theme_auto(),
        };
        format!("{}: {chosen}", words::theme_label())
    };
    let next = move |_| {
        let next = match theme.get_untracked() {
            "" => "light",
            "light" => "dark",
            _ => "",
        };
        here::choose(next);
        theme.set(next);
    };
    view! {
        <button type="button" class="theme" title=text(said) on:click=next>
            <span class="icon" aria-hidden="true"></span>
            <span class="sr">{text(said)}</span>
        </button>
    }
}
