//! The entry point, in the browser, of what reads somebody's own meter data.

use wasm_bindgen::prelude::wasm_bindgen;

// The island is exported from there.
use own_data as _;

/// Gets the page ready for the island, which the document's own script then brings to life.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
