//! The entry point in the browser.

use wasm_bindgen::prelude::wasm_bindgen;

/// Gets the page ready for its islands, which the document's own script then brings to life one by one.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // The islands are exported from there, too.
    app::speak_as_the_page();
    leptos::mount::hydrate_islands();
}
