//! What search engines ask for: `/robots.txt` and `/sitemap.xml`.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use geography::Geography;

use crate::problem::Problem;

/// How long both may be taken for what they were, seconds.
const FRESH: &str = "public, max-age=86400";

/// Pages that are no area's.
const PAGES: [&str; 7] = ["/", "/list", "/estimate", "/compare", "/about", "/data", "/api"];

#[derive(Clone)]
struct Crawled {
    geography: Arc<Geography>,
    /// Where the public finds the site; where whoever asks has found it, if that is not configured.
    public_url: Option<Arc<str>>,
}

/// Both.
pub(super) fn routes(geography: Arc<Geography>, public_url: Option<&str>) -> Router {
    let public_url = public_url.map(Arc::from);
    Router::new()
        .route("/robots.txt", get(robots))
        .route("/sitemap.xml", get(sitemap))
        .with_state(Crawled { geography, public_url })
}

async fn robots(State(site): State<Crawled>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let text = format!(
        "User-agent: *\nDisallow: /api/v1/ops/\nDisallow: /admin\nSitemap: {}/sitemap.xml\n",
        site.origin(&uri, &headers)?
    );
    Ok(answer("text/plain; charset=utf-8", text))
}

/// Every area has a page of its own.
async fn sitemap(State(site): State<Crawled>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let origin = site.origin(&uri, &headers)?;
    let areas = site.geography.areas().iter().map(|area| format!("/area/{}", area.code));
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for page in PAGES.map(str::to_owned).into_iter().chain(areas) {
        // Neither codes of areas nor names of hosts have anything that XML would take for its own.
        let _ = writeln!(text, "<url><loc>{origin}{page}</loc></url>");
    }
    text.push_str("</urlset>\n");
    Ok(answer("application/xml", text))
}

impl Crawled {
    fn origin(&self, uri: &Uri, headers: &HeaderMap) -> Result<String, Problem> {
        if let Some(url) = &self.public_url {
            return Ok(url.to_string());
        }
        // HTTP/2 has it in the URI.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(Problem::parameter("Host", host, "allowed is a name or an address, with a port"));
        }
        Ok(format!("http://{host}"))
    }
}

fn answer(content_type: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, FRESH)], text).into_response()
}
