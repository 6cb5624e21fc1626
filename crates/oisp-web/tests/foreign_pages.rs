//! No other web page can read anything: each attack, against each route.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use common::sensor;
use oisp_web::{WebConfig, router};
use tower::ServiceExt;

const ROUTES: [&str; 10] = [
    "/",
    "/index.html",
    "/assets/none.js",
    "/processes",
    "/api/health",
    "/api/ready",
    "/api/events",
    "/api/events/E1",
    "/api/doctor",
    "/ws",
];

fn app() -> Router {
    router(sensor(2).0, &common::open())
}

/// Asks with these headers; a Host of ours goes along where none is given.
async fn ask(path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:7777");
    }
    if path == "/ws" {
        let upgrade = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
        ];
        request = upgrade.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    }
    request = headers
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .fold(request, |r, (name, value)| r.header(*name, *value));
    app()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn status(path: &str, headers: &[(&str, &str)]) -> u16 {
    ask(path, headers).await.status().as_u16()
}

#[tokio::test]
async fn a_rebound_name_reaches_no_route() {
    for path in ROUTES {
        for host in [
            "evil.example:7777",
            "localhost.evil.example:7777",
            "10.0.0.7:7777",
            "",
        ] {
            assert_eq!(
                status(path, &[("host", host)]).await,
                421,
                "{path} as {host:?}"
            );
        }
        assert_eq!(
            status(path, &[("host", "localhost"), ("host", "evil.example")]).await,
            421,
            "{path}: two hosts"
        );
        let absolute = format!("http://evil.example{path}");
        assert_eq!(status(&absolute, &[]).await, 421, "{absolute}");
    }
}

#[tokio::test]
async fn another_origin_reaches_no_route() {
    for path in ROUTES {
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:3000",
            "http://localhost",
            "https://localhost:7777.evil.example",
            "file://localhost:7777",
            "http://127.0.0.1:7777",
        ] {
            assert_eq!(
                status(path, &[("origin", origin)]).await,
                403,
                "{path} from {origin}"
            );
        }
        let twice = [
            ("origin", "http://localhost:7777"),
            ("origin", "http://evil.example"),
        ];
        assert_eq!(status(path, &twice).await, 403, "{path}: two origins");
    }
}

#[tokio::test]
async fn another_site_without_an_origin_reaches_no_route() {
    for path in ROUTES {
        for site in ["cross-site", "same-site", "strange"] {
            let image = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "no-cors"),
                ("sec-fetch-dest", "image"),
            ];
            assert_eq!(status(path, &image).await, 403, "{path} from {site}");
            let frame = [
                ("sec-fetch-site", site),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "iframe"),
            ];
            assert_eq!(status(path, &frame).await, 403, "{path} framed by {site}");
        }
    }
}

#[tokio::test]
async fn a_link_opens_the_page_and_nothing_else() {
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(status("/", &link).await, 200);
    assert_eq!(status("/api/events", &link).await, 403);
    assert_eq!(status("/ws", &link).await, 403);
}

#[tokio::test]
async fn the_dashboard_and_local_programs_are_let_in() {
    for host in [
        "localhost:7777",
        "127.0.0.1:7777",
        "[::1]:7777",
        "localhost:9000",
    ] {
        let origin = format!("http://{host}");
        let own = [
            ("host", host),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(status("/api/events", &own).await, 200, "{host}");
        assert_eq!(
            status("/api/events", &[("host", host)]).await,
            200,
            "{host}"
        );
        assert_eq!(
            status("/", &[("host", host), ("sec-fetch-site", "none")]).await,
            200,
            "{host}"
        );
    }
}

#[tokio::test]
async fn a_configured_name_is_let_in() {
    let config = WebConfig {
        allowed_hosts: vec![String::from("sensor.internal")],
        ..common::open()
    };
    let request = Request::builder()
        .uri("/api/health")
        .header("host", "sensor.internal");
    let response = router(sensor(0).0, &config)
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_also_a_refusal() {
    for path in ROUTES {
        for host in ["localhost:7777", "evil.example"] {
            let response = ask(path, &[("host", host)]).await;
            let header = |name: &str| {
                response
                    .headers()
                    .get(name)
                    .map_or("", |value| value.to_str().unwrap())
            };
            assert!(
                header("content-security-policy").contains("default-src 'none'"),
                "{path}"
            );
            assert!(
                !header("content-security-policy").contains("unsafe"),
                "{path}"
            );
            assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(header("x-frame-options"), "DENY", "{path}");
            assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
            assert!(!header("cache-control").is_empty(), "{path}");
            let cors = response
                .headers()
                .keys()
                .find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(cors, None, "{path}");
        }
    }
}
