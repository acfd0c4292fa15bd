//! The document around every page.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::assets::AssetUrls;
use crate::routes::App;

/// The whole HTML document. Leaflet's script is deferred and comes before the page's own, so that it
/// is there when the page takes the map over; neither holds the first paint back.
pub fn shell(assets: &AssetUrls, theme: Option<&'static str>) -> impl IntoView + use<> {
    let start = format!(
        "import init, {{ hydrate }} from {:?};\nawait init({{ module_or_path: {:?} }});\nhydrate();",
        assets.js, assets.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang="en-GB" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="modulepreload" href=assets.js.clone() />
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" crossorigin="anonymous" />
                <link rel="stylesheet" href=assets.leaflet_css.clone() />
                <script defer src=assets.leaflet_js.clone()></script>
                <MetaTags />
            </head>
            <body>
                <App />
                <script type="module" nonce=leptos::nonce::use_nonce()>{start}</script>
            </body>
        </html>
    }
}
