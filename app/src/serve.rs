//! The page's routes, ready for the server to mount.

use axum::Router;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use leptos::prelude::{LeptosOptions, provide_context, use_context};
use leptos_axum::{LeptosRoutes, generate_route_list};

use crate::routes::App;
use crate::services::Services;
use crate::shell::shell;

/// All pages and server functions. Its fallback answers unknown paths with the designed 404 page, so
/// it belongs at the end: `Router::new().merge(api).fallback_service(app::serve::pages(services))`.
pub fn pages(services: Services) -> Router {
    let options = LeptosOptions::builder().output_name("wattmap").build();
    let assets = services.assets.clone();
    let provide = move || provide_context(services.clone());
    let document = move || shell(&assets, chosen_theme());
    let unknown = leptos_axum::render_app_async_with_context(provide.clone(), document.clone());
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), provide, {
            let document = document.clone();
            move || document()
        })
        .fallback(unknown)
        .with_state(options)
}

/// The theme that the reader has chosen, from the request's cookie: so the first paint has it.
fn chosen_theme() -> Option<&'static str> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
    let theme = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("theme="))?;
    ["light", "dark"].into_iter().find(|known| *known == theme)
}
