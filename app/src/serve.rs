//! The page's routes, ready for the server to mount.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, REFERRER_POLICY};
use axum::http::request::Parts;
use leptos::nonce::use_nonce;
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

use crate::policy::policy;
use crate::routes::App;
use crate::services::{Services, services};
use crate::shell::shell;

/// All pages and server functions. Its fallback answers unknown paths with the designed 404 page, so
/// it belongs at the end: `Router::new().merge(api).fallback_service(app::serve::pages(services))`.
pub fn pages(services: Services) -> Router {
    let options = LeptosOptions::builder().output_name("wattmap").build();
    let assets = services.assets.clone();
    let provide = move || {
        provide_context(services.clone());
        crate::language::spoken();
    };
    let document = move || {
        protect();
        shell(&assets, chosen_theme())
    };
    let unknown = leptos_axum::render_app_async_with_context(provide.clone(), document.clone());
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), provide, {
            let document = document.clone();
            move || document()
        })
        .fallback(unknown)
        .with_state(options)
        .layer(axum::middleware::from_fn(crate::language::choose))
}

/// Sends the page's content security policy, and keeps caches from giving one reader's page to another.
fn protect() {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let tiles = services().ok().and_then(|services| services.figures.status().tile_url);
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    if let Ok(policy) = HeaderValue::from_str(&policy(&nonce, tiles.as_deref())) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // Addresses say what somebody looks at, and where: no request that a page makes tells it again.
    response.insert_header(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
}

/// The theme that the reader has chosen, from the request's cookie: so the first paint has it.
fn chosen_theme() -> Option<&'static str> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
    let theme = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("theme="))?;
    ["light", "dark"].into_iter().find(|known| *known == theme)
}
