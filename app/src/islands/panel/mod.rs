//! The area that is open: on a wide screen a card at the side, on a phone a sheet that is pulled up.
//! What is in it is made on the server, by the same code whether the page is loaded or an area is
//! opened later; here it is put in place.

use std::time::Duration;

use leptos::html::Div;
use leptos::prelude::*;

use crate::page::Page;
use crate::reactive::{text, watch};
use crate::words;

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
mod place;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
use browser as here;
#[cfg(not(feature = "hydrate"))]
use server as here;

/// A pull of fewer pixels than this is a press.
const PULL_PX: i32 = 24;
/// The click of a mouse that has pulled comes at once.
const CLICK_FOLLOWS_WITHIN: Duration = Duration::from_millis(100);

/// The panel. It is there, empty and hidden, also when no area is open.
#[island]
pub fn PanelIsland(
    /// The server's content.
    children: Children,
) -> impl IntoView {
    let page = Page::get();
    let up = RwSignal::new(false);
    let content = NodeRef::<Div>::new();
    let busy = here::follow(page, content);
    let class = text(move || {
        let open = if page.area.get().is_some() { "card panel open" } else { "card panel" };
        let up = if up.get() { " up" } else { "" };
        format!("{open}{up}")
    });
    view! {
        <aside class=class aria-label=words::panel_label() aria-busy=text(move || busy.get().to_string())>
            <Handle up />
            <div class="content" node_ref=content>{children()}</div>
            <Actions page />
        </aside>
    }
}

/// Pulls the sheet up or down, by dragging or by pressing.
#[component]
fn Handle(
    /// Whether the sheet is up.
    up: RwSignal<bool>,
) -> impl IntoView {
    let began = StoredValue::new(None::<i32>);
    let pulled = StoredValue::new(false);
    let begin = move |event: leptos::ev::PointerEvent| {
        began.set_value(Some(event.client_y()));
        pulled.set_value(false);
        here::hold_pointer(&event);
    };
    let end = move |event: leptos::ev::PointerEvent| {
        let by = began.get_value().map_or(0, |from| event.client_y() - from);
        began.set_value(None);
        if by.abs() > PULL_PX {
            up.set(by < 0);
            pulled.set_value(true);
            set_timeout(move || pulled.set_value(false), CLICK_FOLLOWS_WITHIN);
        }
    };
    // A mouse that has pulled clicks besides, a finger does not.
    let press = move |_| {
        if !pulled.get_value() {
            up.update(|up| *up = !*up);
        }
    };
    view! {
        <button
            type="button"
            class="handle"
            aria-label=words::sheet_handle()
            aria-expanded=text(move || up.get().to_string())
            on:pointerdown=begin
            on:pointerup=end
            on:pointercancel=move |_| began.set_value(None)
            on:click=press
        >
            <span aria-hidden="true"></span>
        </button>
    }
}

/// Sharing: the device's own way where there is one, else the link is copied.
#[component]
fn Actions(
    /// The page that is shared.
    page: Page,
) -> impl IntoView {
    let said = RwSignal::new("");
    // It is said of one area's link.
    watch(move || {
        let _ = page.area.get();
        said.set("");
    });
    let share = move |_| here::share(said);
    view! {
        <div class="actions">
            <button type="button" class="primary" on:click=share>{words::share()}</button>
            <p role="status">{text(move || said.get().to_owned())}</p>
        </div>
    }
}
