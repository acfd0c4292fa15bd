//! The document around every page.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use metering::language::current;

use crate::assets::AssetUrls;
use crate::routes::App;
use crate::words;

/// Brings the islands to life: the map's first, because it sets up what the others share.
/// Where they can't be, the page is as without scripts, and says so.
/// Leaflet's script is deferred and comes before this one, so that it is there when the map is taken
/// over; neither holds the first paint back.
fn start(assets: &AssetUrls) -> String {
    format!(
        "try {{\n\
         const page = await import({js:?});\n\
         await page.default({{ module_or_path: {wasm:?} }});\n\
         page.hydrate();\n\
         const wake = (where) => document.querySelectorAll(where).forEach((it) => page[it.dataset.component](it));\n\
         wake('.map leptos-island');\n\
         wake('leptos-island:not(.map *, .later *)');\n\
         }} catch (error) {{\n\
         document.querySelector('.no-program').hidden = false;\n\
         throw error;\n\
         }}",
        js = assets.js,
        wasm = assets.wasm,
    )
}

/// The whole HTML document, in the theme that the reader has chosen.
pub fn shell(assets: &AssetUrls, theme: Option<&'static str>) -> impl IntoView + use<> {
    if let Some(shared) = Owner::current_shared_context() {
        // Outside of islands nothing is hydrated, so nothing need be sent for it.
        shared.set_is_hydrating(false);
    }
    view! {
        <!DOCTYPE html>
        <html lang=current().tag() data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href=ICON />
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="modulepreload" href=assets.js.clone() />
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" crossorigin="anonymous" />
                <link rel="stylesheet" href=assets.leaflet_css.clone() />
                <script defer src=assets.leaflet_js.clone() nonce=use_nonce()></script>
                <MetaTags />
            </head>
            <body>
                <App />
                <p class="card no-program" role="alert" hidden>{words::no_program()}</p>
                <script type="module" nonce=use_nonce() inner_html=start(assets)></script>
            </body>
        </html>
    }
}

/// The mark, small enough to be in the document.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'%3E\
    %3Crect width='20' height='20' rx='6' fill='%23dc5a5a'/%3E\
    %3Cpath d='M11 3 5 11h4l-1 6 6-8h-4z' fill='%23fff'/%3E%3C/svg%3E";
