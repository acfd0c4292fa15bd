//! Places that a reader keeps in view while they look at others. They are in the address, so a link passes them on.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use metering::AreaCode;
use metering::api::{Measure, Status};

use crate::services::Services;
use crate::view_state::{PINS_MAX, View};
use crate::words;

/// Follows a link that changes the address from where the map is by now: the link itself is of when the page was made.
const SCRIPT: &str = "\
    const most = Number(document.querySelector('.pins').dataset.most);\n\
    document.addEventListener('click', (event) => {\n\
      const link = event.target.closest('[data-pin], [data-open], [data-lang]');\n\
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;\n\
      event.preventDefault();\n\
      const url = new URL(location.href);\n\
      const { pin, open, lang } = link.dataset;\n\
      if (lang) url.searchParams.set('lang', lang);\n\
      if (open) {\n\
        if (url.pathname !== '/') url.pathname = '/';\n\
        url.searchParams.set('area', open);\n\
      }\n\
      if (pin) {\n\
        const pins = (url.searchParams.get('pins') ?? '').split(',').filter(Boolean);\n\
        const at = pins.indexOf(pin);\n\
        if (at < 0) pins.push(pin); else pins.splice(at, 1);\n\
        url.searchParams.set('pins', pins.slice(-most).join(','));\n\
        if (!pins.length) url.searchParams.delete('pins');\n\
      }\n\
      location.assign(url.href.replaceAll('%2C', ','));\n\
    });\n\
    const card = document.querySelector('.pinned');\n\
    if (card && matchMedia('(max-width: 700px)').matches) card.open = false;";

/// A place that is kept in view.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pin {
    code: String,
    title: String,
    /// Its year.
    status: Status,
    kwh: Option<f64>,
}

/// The places of an address, as far as there are such.
pub(crate) async fn pins(services: &Services, view: &View) -> Vec<Pin> {
    let mut pins = Vec::new();
    for code in view.pins.iter().filter_map(|text| AreaCode::parse(text).ok()) {
        let (Some(index), Ok(card)) =
            (services.geography.index_of(&code), services.figures.card(&code).await)
        else {
            continue;
        };
        let year = card.figure(Measure::Annual);
        pins.push(Pin {
            code: code.to_string(),
            title: services.geography.title(index).to_owned(),
            status: year.map_or(Status::NoData, |figure| figure.status),
            kwh: year.and_then(|figure| figure.value),
        });
    }
    pins
}

/// The card with them, where there are any.
#[component]
pub(crate) fn Pinned(
    /// What is shown.
    view: View,
    /// Which they are.
    pins: Vec<Pin>,
) -> impl IntoView {
    let heading = format!("{} ({})", words::pinned(), pins.len());
    let compare = crate::comparison::url(pins.iter().map(|pin| pin.code.as_str()));
    let many = pins.len() > 1;
    let rows = pins.iter().map(|pin| {
        let open = View { area: Some(pin.code.clone()), ..view.clone() }.url();
        let away = view.with_pin_changed(&pin.code).url();
        let remove = format!("{}: {}", words::unpin(), pin.title);
        view! {
            <li>
                <a href=open data-open=pin.code.clone()>{pin.title.clone()}</a>
                <span>{words::figure_or_reason(Measure::Annual, pin.status, pin.kwh)}</span>
                <a class="plain" href=away data-pin=pin.code.clone() aria-label=remove>"×"</a>
            </li>
        }
    });
    let rows = rows.collect_view();
    let card = (!pins.is_empty()).then(|| {
        view! {
            <details class="card pinned" open>
                <summary>{heading}</summary>
                <ul>{rows}</ul>
                {many.then(|| view! { <p><a href=compare>{words::compare_them()}</a></p> })}
            </details>
        }
    });
    view! {
        <div class="pins" data-most=PINS_MAX.to_string()>{card}</div>
        <script type="module" nonce=use_nonce() inner_html=SCRIPT></script>
    }
    .into_any()
}

/// The link in a place's panel that pins it, or takes it off.
#[component]
pub(crate) fn PinLink(
    /// What is shown.
    view: View,
    /// The place.
    code: String,
) -> impl IntoView {
    let text = if view.pins.contains(&code) { words::unpin() } else { words::pin() };
    let href = view.with_pin_changed(&code).url();
    view! { <a href=href data-pin=code>{text}</a> }
}
