//! What can be done with an open area.

use leptos::prelude::*;

use crate::words;

/// Sharing: the device's own way where there is one, else the link is copied.
#[component]
pub fn Actions() -> impl IntoView {
    let said = RwSignal::new("");
    let share = move |_| share::share(said);
    view! {
        <div class="actions">
            <button type="button" class="primary" on:click=share>{words::SHARE}</button>
            <p role="status">{said}</p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod share {
    use leptos::prelude::{RwSignal, Set, window};
    use leptos::task::spawn_local;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    use crate::words;

    pub(super) fn share(said: RwSignal<&'static str>) {
        let navigator = window().navigator();
        let Ok(url) = window().location().href() else { return };
        let has = |name: &str| js_sys::Reflect::get(&navigator, &JsValue::from_str(name)).is_ok_and(|it| it.is_truthy());
        let coarse = window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches());
        if has("share") && coarse {
            let data = web_sys::ShareData::new();
            data.set_url(&url);
            // The reader may close the device's sheet: that is an answer too.
            let _ = navigator.share_with_data(&data);
            return;
        }
        if !has("clipboard") {
            return said.set(words::SHARE_FAILED);
        }
        let copied = navigator.clipboard().write_text(&url);
        spawn_local(async move {
            let copied = JsFuture::from(copied.unchecked_into::<js_sys::Promise>()).await;
            said.set(if copied.is_ok() { words::SHARED } else { words::SHARE_FAILED });
        });
    }
}

#[cfg(not(feature = "hydrate"))]
mod share {
    use leptos::prelude::RwSignal;

    pub(super) fn share(_: RwSignal<&'static str>) {}
}
