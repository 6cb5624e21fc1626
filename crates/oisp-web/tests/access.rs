//! Who may ask for what: without the token nothing that was seen can be had, by
//! any route, and what shows it opens all.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use axum::body::Body;
use axum::http::{Method, Request, Response};
use common::{TOKEN, locked, open, sensor};
use http_body_util::BodyExt;
use oisp_web::{Token, WebConfig, bind, router};
use serde_json::{Value, json};
use tower::ServiceExt;

/// All that there is to ask for, but the three that everybody may have.
const CLOSED: [&str; 14] = [
    "/",
    "/index.html",
    "/assets/index.js",
    "/api",
    "/api/nothing",
    "/api/events",
    "/api/events/E1",
    "/api/doctor",
    "/api/sinks",
    "/api/filters",
    "/api/metrics",
    "/api/metrics/processes",
    "/api/openapi.json",
    "/metrics",
];

async fn ask(
    config: &WebConfig,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:7777");
    }
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let body = Body::from(r#"{"include": ["name:agent"]}"#);
    router(sensor(2).0, config)
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap()
}

async fn get(config: &WebConfig, path: &str, headers: &[(&str, &str)]) -> u16 {
    ask(config, Method::GET, path, headers)
        .await
        .status()
        .as_u16()
}

async fn put(config: &WebConfig, headers: &[(&str, &str)]) -> u16 {
    ask(config, Method::PUT, "/api/filters", headers)
        .await
        .status()
        .as_u16()
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

const WRONG: [&str; 4] = ["", "made-up-toke", "made-up-token2", "MADE-UP-TOKEN"];

#[tokio::test]
async fn without_the_token_no_route_tells_anything() {
    for path in CLOSED {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT] {
            let response = ask(&locked(), method.clone(), path, &[]).await;
            assert_eq!(response.status(), 401, "{method} {path}");
            assert!(!text(response).await.contains("req_1"), "{method} {path}");
        }
        for wrong in WRONG {
            let shown = [("authorization", bearer(wrong))];
            let shown = shown
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            assert_eq!(get(&locked(), path, &shown).await, 401, "{path} {wrong:?}");
            let cookie = format!("oisp_token_7777={wrong}");
            let shown = [("cookie", cookie.as_str())];
            assert_eq!(get(&locked(), path, &shown).await, 401, "{path} {wrong:?}");
        }
    }
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(get(&locked(), "/ws", &upgrade).await, 401);
}

#[tokio::test]
async fn everybody_learns_whether_the_sensor_works_and_nothing_else() {
    for (path, status) in [
        ("/api/health", 200),
        ("/api/live", 200),
        ("/api/ready", 503),
        ("/locked.css", 200),
    ] {
        assert_eq!(get(&locked(), path, &[]).await, status, "{path}");
    }
    let health = ask(&locked(), Method::GET, "/api/health", &[]).await;
    let health = text(health).await;
    assert!(!health.contains("made-up secret"), "{health}");
    let known = [("authorization", bearer(TOKEN))];
    let known = known
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let health = ask(&locked(), Method::GET, "/api/health", &known).await;
    assert!(text(health).await.contains("made-up secret"));
}

#[tokio::test]
async fn the_token_opens_by_header_and_by_cookie() {
    let header = bearer(TOKEN);
    for shown in [
        ("authorization", header.as_str()),
        ("cookie", "oisp_token_7777=made-up-token"),
        (
            "cookie",
            "a=b; oisp_token_9=old; oisp_token_7777=made-up-token",
        ),
    ] {
        assert_eq!(
            get(&locked(), "/api/events", &[shown]).await,
            200,
            "{shown:?}"
        );
        assert_eq!(get(&locked(), "/", &[shown]).await, 200, "{shown:?}");
        assert_eq!(
            get(&locked(), "/api/nothing", &[shown]).await,
            404,
            "{shown:?}"
        );
    }
    let both = [
        ("authorization", "Bearer wrong"),
        ("cookie", "oisp_token_7777=made-up-token"),
    ];
    assert_eq!(get(&locked(), "/api/events", &both).await, 401);
}

#[tokio::test]
async fn the_link_gives_the_cookie_and_leaves_no_token_in_the_address() {
    for path in ["/?token=made-up-token", "//evil/?x=1&token=made-up-token"] {
        let response = ask(&locked(), Method::GET, path, &[("sec-fetch-site", "none")]).await;
        assert_eq!(response.status(), 303, "{path}");
        assert_eq!(response.headers()["location"], "/", "{path}");
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            cookie,
            "oisp_token_7777=made-up-token; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"
        );
        let (pair, _) = cookie.split_once(';').unwrap();
        assert_eq!(
            get(&locked(), "/api/events", &[("cookie", pair)]).await,
            200
        );
    }
}

#[tokio::test]
async fn the_link_on_another_site_is_followed_by_a_step_of_our_own() {
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    let response = ask(&locked(), Method::GET, "/?token=made-up-token", &link).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("set-cookie"));
    assert!(text(response).await.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn a_wrong_link_gives_no_cookie() {
    for wrong in WRONG {
        let path = format!("/?token={wrong}");
        let response = ask(&locked(), Method::GET, &path, &[]).await;
        assert_eq!(response.status(), 401, "{wrong:?}");
        assert!(!response.headers().contains_key("set-cookie"), "{wrong:?}");
        assert!(text(response).await.contains("another token"), "{wrong:?}");
    }
    let path = "/api/events?token=made-up-token";
    assert_eq!(
        get(&locked(), path, &[]).await,
        401,
        "no address of the API takes it"
    );
}

#[tokio::test]
async fn a_stranger_s_browser_is_told_what_to_do() {
    let response = ask(&locked(), Method::GET, "/", &[]).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    let page = text(response).await;
    assert!(page.contains("oisp-sensor status"), "{page}");
    assert!(!page.contains("{WHY}"), "{page}");
    let response = ask(&locked(), Method::GET, "/api/events", &[]).await;
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    let error: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(error["error"]["code"], json!("token_needed"));
}

#[tokio::test]
async fn a_change_by_cookie_comes_from_our_page_only() {
    let cookie = ("cookie", "oisp_token_7777=made-up-token");
    assert_eq!(put(&locked(), &[cookie]).await, 403);
    for (site, status) in [
        ("same-origin", 200),
        ("same-site", 403),
        ("cross-site", 403),
        ("none", 403),
    ] {
        let headers = [cookie, ("sec-fetch-site", site)];
        assert_eq!(put(&locked(), &headers).await, status, "{site}");
    }
    let own = [cookie, ("origin", "http://localhost:7777")];
    assert_eq!(put(&locked(), &own).await, 200);
    let other = [cookie, ("origin", "http://localhost:3000")];
    assert_eq!(put(&locked(), &other).await, 403);
}

#[tokio::test]
async fn open_reads_open_reads_and_no_changes() {
    assert_eq!(get(&open(), "/api/events", &[]).await, 200);
    assert_eq!(get(&open(), "/metrics", &[]).await, 200);
    assert_eq!(put(&open(), &[]).await, 401);
    let wrong = [("authorization", "Bearer wrong")];
    assert_eq!(put(&open(), &wrong).await, 401);
    let right = bearer(TOKEN);
    assert_eq!(put(&open(), &[("authorization", &right)]).await, 200);
}

#[tokio::test]
async fn without_any_token_nothing_but_open_reads_can_be_had() {
    let none = WebConfig::default();
    assert_eq!(get(&none, "/api/events", &[]).await, 403);
    let open = WebConfig {
        open_reads: true,
        ..WebConfig::default()
    };
    assert_eq!(get(&open, "/api/events", &[]).await, 200);
    assert_eq!(put(&open, &[("authorization", "Bearer ")]).await, 403);
}

#[tokio::test]
async fn no_other_machine_may_read_without_a_token() {
    let everywhere = ([0, 0, 0, 0], 0).into();
    for config in [open(), WebConfig::default()] {
        let config = WebConfig {
            addr: everywhere,
            ..config
        };
        let error = bind(config).await.unwrap_err().to_string();
        assert!(error.contains("--open-reads"), "{error}");
    }
}

#[test]
fn a_token_cannot_be_printed() {
    let config = WebConfig {
        token: Some(Token::new(TOKEN)),
        ..WebConfig::default()
    };
    assert!(!format!("{config:?}").contains(TOKEN));
}
