//! What search engines are told.

use axum::http::Method;

use crate::support::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_in_the_sitemap() {
    let app = App::start().await;
    let origin = format!("http://{}", app.http.address);
    let robots = app.get("/robots.txt").await.text();
    assert!(robots.contains(&format!("Sitemap: {origin}/sitemap.xml\n")), "{robots}");
    assert!(robots.contains("Disallow: /api/v1/ops/\n"), "{robots}");
    let sitemap = app.get("/sitemap.xml").await;
    assert_eq!(sitemap.header("content-type"), "application/xml");
    let sitemap = sitemap.text();
    assert_eq!(sitemap.matches("<loc>").count(), 7 + 33 + 983 + 4_835);
    for page in
        ["/", "/estimate", "/compare", "/about", "/data", "/api", "/area/E09000012", "/area/E01000001"]
    {
        assert!(sitemap.contains(&format!("<loc>{origin}{page}</loc>")), "{page}");
        assert_eq!(app.get(page).await.status, 200, "{page}");
    }
    let strange = app.send(Method::GET, "/sitemap.xml", &[("host", "a<b")], "").await;
    assert!(strange.problem(400).contains("Host is \"a<b\""));
    app.stop().await;

    let app = App::with(&[("public-url", "https://watts.example")]).await;
    assert!(app.get("/sitemap.xml").await.text().contains("<loc>https://watts.example/about</loc>"));
    app.stop().await;
}
