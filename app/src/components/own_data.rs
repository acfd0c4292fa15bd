//! The place where somebody's own meter data is held against what the page says. The program for it is not the page's: it is
//! loaded when the place is opened, or where it was used before in the same tab.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use own_data::{OwnData, Place, Settings};

use crate::services::services;

/// Brings the place to life once somebody has use for it.
const WAKE: &str = "\
    const place = document.querySelector('details.later');\n\
    const wake = async () => {\n\
      try {\n\
        const page = await import(place.dataset.js);\n\
        await page.default({ module_or_path: place.dataset.wasm });\n\
        page.hydrate();\n\
        place.querySelectorAll('leptos-island').forEach((it) => page[it.dataset.component](it));\n\
      } catch (error) {\n\
        place.querySelector('.not-loaded').hidden = false;\n\
        throw error;\n\
      }\n\
    };\n\
    let used = false;\n\
    try { used = sessionStorage.getItem(place.dataset.kept) !== null; } catch {}\n\
    if (used) place.open = true;\n\
    if (place.open) wake(); else place.addEventListener('toggle', wake, { once: true });";

/// It is not there where the site was built without its programs.
#[component]
pub(crate) fn OwnDataPlace(
    /// What own use is held against.
    places: Vec<Place>,
    /// Whether they are where the household is now and where it would be.
    #[prop(optional)]
    is_move: bool,
) -> impl IntoView {
    let services = services().ok()?;
    let (js, wasm) = (services.assets.own_data_js.clone(), services.assets.own_data_wasm.clone());
    if js.is_empty() {
        return None;
    }
    let mut local = services.figures.local_prices();
    for tariff in &mut local.tariffs {
        tariff.name = crate::words::tariff_name(&tariff.name).to_owned();
    }
    let settings =
        Settings { zone: local.zone, currency: local.currency, tariffs: local.tariffs, places, is_move };
    Some(view! {
        <details class="later card" data-js=js data-wasm=wasm data-kept=own_data::KEPT_AS>
            <summary><h2>{own_data::words::heading()}</h2></summary>
            <noscript><p class="note">{own_data::words::needs_scripts()}</p></noscript>
            <p class="not-loaded failed" role="alert" hidden>{own_data::words::failed()}</p>
            <OwnData settings />
        </details>
        <script type="module" nonce=use_nonce() inner_html=WAKE></script>
    })
}
