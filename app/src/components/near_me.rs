//! A button that shows where the reader is. The place is asked of the browser and stays there: the map moves to it by itself.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::words;

/// What the button does; where a browser tells no place, or no script runs, it is not shown. To a thousandth of a degree: what
/// is in the address may be passed on.
const SCRIPT: &str = "\
    const near = document.querySelector('.near');\n\
    const said = document.querySelector('.near-said');\n\
    const say = (what) => { said.textContent = near.dataset[what] ?? ''; };\n\
    if (isSecureContext && navigator.geolocation) near.hidden = false;\n\
    near.addEventListener('click', () => {\n\
      say('looking');\n\
      navigator.geolocation.getCurrentPosition(({ coords }) => {\n\
        const { latitude: lat, longitude: lng } = coords;\n\
        const [south, west, north, east] = near.dataset.bounds.split(',').map(Number);\n\
        if (lat < south || lat > north || lng < west || lng > east) return say('outside');\n\
        say('');\n\
        const url = new URL(location.href);\n\
        url.searchParams.set('lat', lat.toFixed(3));\n\
        url.searchParams.set('lng', lng.toFixed(3));\n\
        url.searchParams.set('z', '14.5');\n\
        history.pushState(null, '', url);\n\
        dispatchEvent(new PopStateEvent('popstate'));\n\
      }, () => say('denied'), { maximumAge: 600000, timeout: 15000 });\n\
    });";

/// The button, and what became of it.
#[component]
pub(crate) fn NearMe(
    /// The map's south, west, north and east.
    bounds: [f64; 4],
    /// What the map is of.
    name: String,
) -> impl IntoView {
    let bounds = bounds.map(|degrees| format!("{degrees:.4}")).join(",");
    view! {
        <button
            type="button"
            class="card near"
            title=words::near_me()
            aria-label=words::near_me()
            data-bounds=bounds
            data-looking=words::near_looking()
            data-outside=words::near_outside(&name)
            data-denied=words::near_denied()
            hidden
        >
            <svg viewBox="0 0 20 20" aria-hidden="true">
                <circle cx="10" cy="10" r="5.5" />
                <path d="M10 1v4M10 15v4M1 10h4M15 10h4" />
            </svg>
        </button>
        <p class="near-said card" role="status"></p>
        <script type="module" nonce=use_nonce() inner_html=SCRIPT></script>
    }
    .into_any()
}
