//! The page and its files, embedded when the crate was built.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Vite names these files by a hash of their content.
const HASHED: &str = "assets/";

/// What `/` serves where the dashboard was not built in.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OISP Sensor</title>\
<h1>OISP Sensor</h1>\
<p>The sensor runs. This build of it has no dashboard inside: <code>make build</code> makes one that has.</p>\
<p>The same data as JSON: <a href=\"/api/events\">events</a>, <a href=\"/api/health\">health</a>, \
<a href=\"/api/doctor\">what is captured and why</a>.</p></html>";

/// Any path that is not of the API.
pub(crate) async fn page(uri: Uri) -> Response {
    answer(ASSETS, uri.path().trim_start_matches('/'))
}

fn answer(assets: &'static [(&str, &[u8])], path: &str) -> Response {
    if let Some(bytes) = find(assets, path) {
        return file(path, bytes);
    }
    if is_file_name(path) {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    }
    match find(assets, "index.html") {
        Some(bytes) => file("index.html", bytes),
        None => Html(NOT_BUILT).into_response(),
    }
}

fn find(assets: &'static [(&str, &[u8])], path: &str) -> Option<&'static [u8]> {
    assets
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, bytes)| *bytes)
}

/// A path that names a file; any other is a place inside the page.
fn is_file_name(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'))
}

fn file(path: &str, bytes: &'static [u8]) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let cache = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(path)),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    static BUILT: &[(&str, &[u8])] = &[
        ("assets/index-a1b2.js", b"js"),
        ("favicon.svg", b"svg"),
        ("index.html", b"page"),
    ];

    async fn get(assets: &'static [(&str, &[u8])], path: &str) -> (u16, String, String, String) {
        let (head, body) = answer(assets, path).into_parts();
        let header = |name| {
            head.headers
                .get(name)
                .map_or("", |value: &HeaderValue| value.to_str().unwrap())
                .to_owned()
        };
        let body = body.collect().await.unwrap().to_bytes();
        (
            head.status.as_u16(),
            header(header::CONTENT_TYPE),
            header(header::CACHE_CONTROL),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn hashed_files_are_kept_and_the_page_is_asked_for_again() {
        let (status, kind, cache, body) = get(BUILT, "assets/index-a1b2.js").await;
        assert_eq!(
            (status, kind.as_str(), body.as_str()),
            (200, "text/javascript; charset=utf-8", "js")
        );
        assert!(cache.contains("immutable"));
        let (status, kind, cache, body) = get(BUILT, "").await;
        assert_eq!(
            (status, kind.as_str(), cache.as_str(), body.as_str()),
            (200, "text/html; charset=utf-8", "no-cache", "page")
        );
    }

    #[tokio::test]
    async fn a_place_inside_the_page_is_the_page_and_a_missing_file_is_missing() {
        assert_eq!(get(BUILT, "processes").await.3, "page");
        assert_eq!(get(BUILT, "assets/gone.js").await.0, 404);
    }

    #[tokio::test]
    async fn without_a_dashboard_the_page_tells_how_to_get_one() {
        let (status, _, _, body) = get(&[], "").await;
        assert_eq!(status, 200);
        assert!(body.contains("make build") && body.contains("/api/events"));
    }
}
