//! Zooming without a wheel or two fingers.

use leptos::prelude::*;

use crate::page::{Command, Page};
use crate::words;

/// In, out, and the whole. They need scripts, and are shown only with them.
#[component]
pub(super) fn ZoomButtons() -> impl IntoView {
    let page = Page::get();
    let button = move |label: &'static str, sign: &'static str, command: Command| {
        let ask = move |_| page.command.set(Some(command.clone()));
        view! {
            <button type="button" aria-label=label title=label on:click=ask>
                <span aria-hidden="true">{sign}</span>
            </button>
        }
    };
    view! {
        <div class="card zoom">
            {button(words::zoom_in(), "+", Command::Zoom(1.0))}
            {button(words::zoom_out(), "−", Command::Zoom(-1.0))}
            {button(words::whole(), "⤢", Command::Whole)}
        </div>
    }
}
