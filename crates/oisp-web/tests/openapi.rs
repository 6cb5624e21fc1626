//! The API's description and the API agree.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use axum::body::Body;
use axum::http::{Method, Request};
use common::{TOKEN, locked, sensor};
use http_body_util::BodyExt;
use oisp_web::router;
use serde_json::Value;
use tower::ServiceExt;

async fn ask(method: Method, path: &str) -> (u16, String, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:7777")
        .header("authorization", format!("Bearer {TOKEN}"));
    let response = router(sensor(2).0, &locked())
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").cloned();
    let kind = kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        kind,
        serde_json::from_slice(&body).unwrap_or(Value::Null),
    )
}

async fn document() -> Value {
    ask(Method::GET, "/api/openapi.json").await.2
}

/// Each operation: method, path, description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| {
                (method.to_uppercase(), path.clone(), operation.clone())
            })
        })
        .collect()
}

/// What there is. A route that is added must be added here, too.
const ROUTES: [&str; 14] = [
    "GET /api/doctor",
    "GET /api/events",
    "GET /api/events/{id}",
    "GET /api/filters",
    "PUT /api/filters",
    "GET /api/health",
    "GET /api/live",
    "GET /api/metrics",
    "GET /api/metrics/processes",
    "GET /api/openapi.json",
    "GET /api/ready",
    "GET /api/sinks",
    "GET /metrics",
    "GET /ws",
];

#[tokio::test]
async fn every_route_is_described() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut found: Vec<_> = operations(&document)
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    found.sort_by_key(|route| route.split_once(' ').unwrap().1.to_owned());
    assert_eq!(found, ROUTES);
}

#[tokio::test]
async fn every_described_route_is_there_and_answers_as_described() {
    let document = document().await;
    for (method, path, operation) in operations(&document) {
        let method: Method = method.parse().unwrap();
        let (status, kind, _) = ask(method.clone(), &path.replace("{id}", "E1")).await;
        let described = &operation["responses"][status.to_string()];
        assert!(described.is_object(), "{method} {path} answered {status}");
        let kinds = described["content"].as_object().unwrap();
        let kind = kind.split(';').next().unwrap();
        assert!(kinds.contains_key(kind), "{method} {path} answered {kind}");
        assert!(operation["summary"].is_string(), "{method} {path}");
    }
}

#[tokio::test]
async fn what_takes_no_token_says_so_and_nothing_else_does() {
    let document = document().await;
    assert!(document["security"].as_array().unwrap().len() == 2);
    let open: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(.., operation)| !operation["responses"]["401"].is_object())
        .map(|(_, path, operation)| {
            assert_eq!(operation["security"], serde_json::json!([{}]), "{path}");
            path
        })
        .collect();
    assert_eq!(open, ["/api/health", "/api/live", "/api/ready"]);
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let document = document().await;
    let text = document.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).collect();
    assert!(references.len() > 20, "{}", references.len());
    for reference in references {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}
