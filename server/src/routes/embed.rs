//! An area for other sites to show in a frame of theirs: `/embed/{code}`. Whoever may is told by configuration.

use std::fmt::Write as _;

use app::error::AppError;
use app::services::PublicFigures;
use app::words;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use metering::AreaCode;
use metering::api::Comparison;

use super::public::{NoQuery, PublicState, problem};
use super::query::QueryOf;
use crate::pictures::{self, InBrief};

/// How long it may stand, seconds.
const CACHING: &str = "public, max-age=300";

/// Small, and in the reader's own light or dark; its sum is in the policy.
const STYLE: &str = "\
:root{color-scheme:light dark;--card:#fff;--ink:#14201c;--soft:#55635d;--green:#0d6b4d}\
@media(prefers-color-scheme:dark){:root{--card:#17201d;--ink:#f0f4f2;--soft:#a3b0aa;--green:#52d3a2}}\
*{box-sizing:border-box}body{margin:0;padding:16px;background:var(--card);color:var(--ink);\
font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;display:flex;flex-wrap:wrap;gap:16px}\
main{flex:0 1 22rem}h1{margin:0;font-size:1.25rem;line-height:1.2}p{margin:6px 0 0}.soft{color:var(--soft)}\
.big{font-size:1.75rem;font-weight:700}a{color:var(--green)}svg{flex:0 1 240px;height:auto;border-radius:8px}";

#[derive(Clone)]
struct Embedded {
    public: PublicState,
    policy: HeaderValue,
    /// Where the public finds the site, without a slash at its end; nothing where that is where the frame is from.
    origin: String,
}

/// `embedders` are origins, separated by blanks, or `*`; nothing lets nobody.
pub(super) fn routes(public: PublicState, embedders: &str, public_url: Option<&str>) -> Router {
    let ancestors = if embedders.is_empty() { "'none'" } else { embedders };
    let policy = format!(
        "default-src 'none'; style-src '{}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}",
        sum(STYLE)
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let origin = public_url.unwrap_or_default().to_owned();
    Router::new().route("/embed/{code}", get(embedded)).with_state(Embedded { public, policy, origin })
}

/// A style's digest, as a policy names it.
fn sum(style: &str) -> String {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style)))
}

async fn embedded(
    State(Embedded { public, policy, origin }): State<Embedded>,
    Path(code): Path<String>,
    _: QueryOf<NoQuery>,
) -> Response {
    let document = async {
        let no_such = || AppError::NotFound { what: format!("area called {code}") };
        let area = AreaCode::parse(&code).map_err(|_| no_such())?;
        let index = public.figures.geography().index_of(&area).ok_or_else(no_such)?;
        let said = public.figures.compare(std::slice::from_ref(&area)).await?;
        let map = pictures::where_it_is(public.figures.geography(), index);
        let title = public.figures.geography().title(index).to_owned();
        Ok(document(&title, &area, &said, &map, &origin))
    };
    match document.await {
        Ok(html) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::CACHE_CONTROL, HeaderValue::from_static(CACHING)),
            ];
            (headers, Html(html)).into_response()
        }
        Err(error) => problem(error),
    }
}

fn document(title: &str, code: &AreaCode, said: &Comparison, map: &str, origin: &str) -> String {
    let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
    let mut lines = String::new();
    if let Some(area) = said.areas.first() {
        let parents: Vec<&str> = area.card.parents.iter().map(|parent| parent.name.as_str()).collect();
        // Writing to a String cannot fail.
        let _ = write!(lines, "<p class=\"soft\">{}</p>", escape(&parents.join(" · ")));
        let InBrief { a_year, a_month, status, .. } = InBrief::of(area, said.prices.as_ref());
        let _ = write!(lines, "<p class=\"big\">{}</p>", escape(&a_year));
        if let Some(a_month) = a_month {
            let _ = write!(lines, "<p>{}</p>", escape(&a_month));
        }
        if let Some(status) = status {
            let _ = write!(lines, "<p class=\"soft\">{}</p>", escape(status));
        }
    }
    format!(
        "<!DOCTYPE html><html lang=\"en-GB\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{lines}\
         <p><a href=\"{}/area/{code}\" target=\"_blank\" rel=\"noopener\">{}</a></p></main>{map}</body></html>",
        escape(origin),
        escape(words::embed_more()),
        title = escape(title),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_named_by_its_digest() {
        assert_eq!(sum(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
