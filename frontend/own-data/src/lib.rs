//! The entry point, in the browser, of what reads somebody's own meter data.

use wasm_bindgen::prelude::wasm_bindgen;

/// Gets the page ready for the island, which the document's own script then brings to life.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // The island is exported from there, too.
    own_data::speak_as_the_page();
    leptos::mount::hydrate_islands();
}
