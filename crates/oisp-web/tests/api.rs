//! The JSON API: what each path answers, and how it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use common::{TOKEN, open, sensor};
use http_body_util::BodyExt;
use oisp_web::{WebConfig, router};
use serde_json::{Value, json};
use tower::ServiceExt;

async fn send(router: &Router, method: Method, path: &str) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:7777")
        .header("authorization", format!("Bearer {TOKEN}"));
    let response = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/json",
        "{path}"
    );
    assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(router: &Router, path: &str) -> (u16, Value) {
    send(router, Method::GET, path).await
}

fn ids(events: &Value) -> Vec<&str> {
    events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event_id"].as_str().unwrap())
        .collect()
}

fn app(count: usize) -> Router {
    router(sensor(count).0, &open())
}

#[tokio::test]
async fn events_are_newest_first_filtered_and_paged() {
    let app = app(6);
    assert_eq!(
        ids(&get(&app, "/api/events").await.1),
        ["E6", "E5", "E4", "E3", "E2", "E1"]
    );
    assert_eq!(
        ids(&get(&app, "/api/events?limit=2&type=ai.response").await.1),
        ["E6", "E4"]
    );
    assert_eq!(
        ids(
            &get(&app, "/api/events?type=ai.response,ai.request&before=E3")
                .await
                .1
        ),
        ["E2", "E1"]
    );
    assert_eq!(
        ids(&get(&app, "/api/events?request_id=req_2").await.1),
        ["E4", "E3"]
    );
    assert_eq!(
        get(&app, "/api/events?type=file.write").await,
        (200, json!([]))
    );
}

#[tokio::test]
async fn the_limit_has_a_default_and_a_maximum() {
    let app = app(1_100);
    assert_eq!(ids(&get(&app, "/api/events").await.1).len(), 100);
    assert_eq!(
        ids(&get(&app, "/api/events?limit=99999").await.1).len(),
        1_000
    );
    assert_eq!(get(&app, "/api/events?limit=0").await.1, json!([]));
}

#[tokio::test]
async fn one_event_comes_as_the_log_holds_it() {
    let (state, _) = sensor(3);
    let expected: Value = serde_json::from_str(state.log.get("E2").unwrap().event.json()).unwrap();
    let app = router(state, &open());
    assert_eq!(get(&app, "/api/events/E2").await, (200, expected));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_a_reason() {
    let app = app(3);
    for (path, status, code) in [
        ("/api/events/E9", 404, "event_not_found"),
        ("/api/events?before=E9", 404, "event_not_found"),
        ("/api/events?limit=many", 400, "bad_request"),
        ("/api/events?limit=-1", 400, "bad_request"),
        ("/api/nothing", 404, "not_found"),
        ("/api", 404, "not_found"),
        ("/ws", 400, "not_a_websocket"),
    ] {
        let (found, body) = get(&app, path).await;
        assert_eq!(
            (found, body["error"]["code"].as_str().unwrap()),
            (status, code),
            "{path}"
        );
        assert!(
            body["error"]["message"].as_str().unwrap().len() > 10,
            "{path}"
        );
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    let app = app(1);
    for path in ["/", "/api/events", "/api/health", "/api/events/E1"] {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
        ] {
            assert_eq!(send(&app, method, path).await.0, 405, "{path}");
        }
    }
}

#[tokio::test]
async fn ready_turns_with_the_sensor() {
    let (state, paper) = sensor(0);
    let app = router(state, &open());
    let (status, body) = get(&app, "/api/ready").await;
    assert_eq!((status, &body["ready"]), (503, &json!(false)));
    assert!(body["reason"].as_str().unwrap().contains("capture"));
    paper.ready.store(true, Ordering::SeqCst);
    assert_eq!(get(&app, "/api/ready").await, (200, json!({"ready": true})));
}

#[tokio::test]
async fn health_and_doctor_are_the_sensor_s_own_words() {
    let app = app(0);
    let (status, health) = get(&app, "/api/health").await;
    assert_eq!((status, &health["version"]), (200, &json!("0.1.0")));
    assert_eq!(health["counters"], json!({"pipeline.stored": 3}));
    assert_eq!(
        get(&app, "/api/doctor").await,
        (200, json!({"kernel": "6.1.0"}))
    );
}

const CHANGE: &str = r#"{"include": ["name:agent"], "exclude": ["pid:7"]}"#;

/// PUT with that token; the status and the answer.
async fn put(router: &Router, token: Option<&str>, body: &'static str) -> (u16, Value) {
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri("/api/filters")
        .header("host", "localhost:7777");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn rules_are_changed_only_with_the_token() {
    let app = router(sensor(0).0, &open());
    for wrong in [None, Some(""), Some("made-up-toke"), Some("made-up-token2")] {
        let (status, answer) = put(&app, wrong, CHANGE).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (401, &json!("token_needed"))
        );
    }
    assert_eq!(get(&app, "/api/filters").await.1["include"], json!([]));
    let (status, answer) = put(&app, Some("made-up-token"), CHANGE).await;
    assert_eq!((status, &answer["include"]), (200, &json!(["name:agent"])));
    assert_eq!(
        get(&app, "/api/filters").await.1["exclude"],
        json!(["pid:7"])
    );
    for wrong in [
        "{",
        "[]",
        r#"{"includes": []}"#,
        r#"{"include": ["pid:x"]}"#,
    ] {
        let (status, answer) = put(&app, Some("made-up-token"), wrong).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!("bad_request")),
            "{wrong}"
        );
    }
    let without = router(sensor(0).0, &WebConfig::default());
    assert_eq!(put(&without, Some("made-up-token"), CHANGE).await.0, 403);
}
