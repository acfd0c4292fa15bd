//! The handle of the sheet that the panel is on a phone.

use leptos::prelude::*;

use crate::words;

/// A pull of fewer pixels than this is a tap.
const PULL_PX: i32 = 24;

/// Pulls the sheet up or down, by dragging or by pressing.
#[component]
pub fn Handle(
    /// Whether the sheet is up.
    up: RwSignal<bool>,
) -> impl IntoView {
    let began = StoredValue::new(None::<i32>);
    let begin = move |event: leptos::ev::PointerEvent| began.set_value(Some(event.client_y()));
    let end = move |event: leptos::ev::PointerEvent| {
        let pulled = began.get_value().map_or(0, |from| event.client_y() - from);
        began.set_value(None);
        if pulled.abs() > PULL_PX {
            up.set(pulled < 0);
        }
    };
    // A click follows a press without a pull, also one from the keyboard.
    let press = move |_| up.update(|up| *up = !*up);
    view! {
        <button
            type="button"
            class="handle"
            aria-label=words::SHEET_HANDLE
            aria-expanded=move || if up.get() { "true" } else { "false" }
            on:pointerdown=begin
            on:pointerup=end
            on:click=press
        >
            <span aria-hidden="true"></span>
        </button>
    }
}
