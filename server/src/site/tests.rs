use axum::body::to_bytes;
use axum::http::Request;
use tower::ServiceExt;

use super::*;

async fn ask(url: &str, headers: &[(header::HeaderName, &str)]) -> Response {
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    routes::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn header_of(response: &Response, name: header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for url in ["/pkg/nothing.js", "/pkg/..%2fmanifest.json", "/pkg/%2e%2e%2f%2e%2e%2fCargo.toml"] {
        assert_eq!(ask(url, &[]).await.status(), StatusCode::NOT_FOUND, "{url}");
    }
}

/// A file as `cargo xtask site` leaves it. Tests run without optimisation and so read from disk, where this one puts
/// it under a name that the site's build would not choose, and takes it away again.
struct OneFile(std::path::PathBuf);

const NAME: &str = "site-test.0000000000000000.js";

impl OneFile {
    fn put() -> Self {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site/pkg");
        std::fs::create_dir_all(&directory).unwrap();
        let file = Self(directory.join(NAME));
        std::fs::write(&file.0, "raw").unwrap();
        std::fs::write(file.0.with_extension("js.br"), "brotli").unwrap();
        std::fs::write(file.0.with_extension("js.gz"), "gzip").unwrap();
        file
    }
}

impl Drop for OneFile {
    fn drop(&mut self) {
        for extension in ["js", "js.br", "js.gz"] {
            let _ = std::fs::remove_file(self.0.with_extension(extension));
        }
    }
}

#[tokio::test]
async fn a_file_comes_in_the_encoding_that_is_welcome_and_once() {
    let _file = OneFile::put();
    let url = format!("/pkg/{NAME}");
    for (accepted, encoding, content) in
        [("", "", "raw"), ("gzip", "gzip", "gzip"), ("gzip, br", "br", "brotli")]
    {
        let response = ask(&url, &[(header::ACCEPT_ENCODING, accepted)]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header_of(&response, header::CONTENT_ENCODING), encoding);
        assert_eq!(header_of(&response, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert!(header_of(&response, header::CACHE_CONTROL).contains("immutable"));
        assert_eq!(header_of(&response, header::VARY), "accept-encoding");
        let etag = header_of(&response, header::ETAG).to_owned();
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), content);
        let again = ask(&url, &[(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, &etag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header_of(&again, header::ETAG), etag);
    }
    assert_eq!(ask(&format!("{url}.br"), &[]).await.status(), StatusCode::NOT_FOUND);
}
