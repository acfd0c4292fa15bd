//! The entry point in the browser.

use wasm_bindgen::prelude::wasm_bindgen;

// The islands are exported from there.
use app as _;

/// Gets the page ready for its islands, which the document's own script then brings to life one by one.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
