//! The figures: what calls are counted as, and that nothing counts twice.

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
use common::{open, sensor};
use http_body_util::BodyExt;
use oisp_core::SafeEvent;
use oisp_store::EventLog;
use oisp_web::router;
use serde_json::{Value, json};
use tower::ServiceExt;

async fn text(router: &Router, path: &str, accept: &str) -> (String, String) {
    let request = Request::builder()
        .uri(path)
        .header("host", "localhost:7777")
        .header("accept", accept);
    let response = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (kind, String::from_utf8(body.to_vec()).unwrap())
}

async fn json(router: &Router, path: &str) -> Value {
    serde_json::from_str(&text(router, path, "*/*").await.1).unwrap()
}

struct Call {
    pid: u32,
    model: &'static str,
    side: &'static str,
    success: bool,
}

fn call(log: &EventLog, id: usize, call: &Call) {
    let related = json!([{"event_id": "E0", "relationship": "related"}]);
    let process = json!({"pid": call.pid, "name": "agent", "start_time": "2026-01-01T00:00:00Z"});
    let attrs = json!({"oisp.side": call.side, "gen_ai.provider.name": "made.up"});
    for (kind, data) in [
        ("ai.request", json!({"model": {"id": "alias"}})),
        (
            "ai.response",
            json!({
                "model": {"id": call.model}, "success": call.success,
                "provider": {"name": "other"},
                "usage": {"prompt_tokens": 10, "completion_tokens": 3, "total_cost_usd": 0.5},
            }),
        ),
    ] {
        let mut event = json!({
            "event_id": format!("{kind}{id}"), "event_type": kind, "ts": "2026-01-01T00:00:01Z",
            "process": process, "attrs": attrs, "data": data,
        });
        if call.side == "server" {
            event["related_events"] = related.clone();
        }
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
}

/// A sensor that was there before its first call.
fn app(calls: &[Call]) -> Router {
    let (state, _) = sensor(3);
    let log = state.log.clone();
    let app = router(state, &open());
    for (id, each) in calls.iter().enumerate() {
        call(&log, id, each);
    }
    // Neither a call nor an event of the known shape may hurt.
    log.append(common::event(9));
    for odd in [
        json!({"event_id": "odd", "event_type": "ai.response", "data": 7}),
        json!({"event_id": "exec", "event_type": "process.exec", "process": {"pid": 1}}),
    ] {
        log.append(SafeEvent::from_redacted(odd.as_object().unwrap()));
    }
    app
}

const CLIENT: Call = Call {
    pid: u32::MAX,
    model: "one",
    side: "client",
    success: true,
};

fn three() -> [Call; 3] {
    [
        CLIENT,
        Call {
            pid: u32::MAX - 1,
            model: "two",
            success: false,
            ..CLIENT
        },
        Call {
            side: "server",
            pid: u32::MAX - 2,
            ..CLIENT
        },
    ]
}

#[tokio::test]
async fn calls_are_counted_once_though_both_ends_were_seen() {
    let metrics = json(&app(&three()), "/api/metrics").await;
    // The two calls, and the paper sensor's bare request.
    assert_eq!(metrics["ai"]["requests"], 3);
    assert_eq!(
        (&metrics["ai"]["responses"], &metrics["ai"]["errors"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&metrics["ai"]["input_tokens"], &metrics["ai"]["cost_usd"]),
        (&json!(20), &json!(1.0))
    );
    let models = metrics["models"].as_array().unwrap();
    let names: Vec<_> = models.iter().map(|each| &each["model"]).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(models[0]["provider"], "made.up");
    assert_eq!(metrics["counters"]["pipeline.stored"], 3);
}

#[tokio::test]
async fn each_process_has_its_own_calls_and_one_that_is_gone_uses_nothing() {
    let app = app(&three());
    let processes = json(&app, "/api/metrics/processes").await;
    let processes = processes.as_array().unwrap();
    let pids: Vec<_> = processes
        .iter()
        .map(|each| each["pid"].as_u64().unwrap())
        .collect();
    let newest_first = [u32::MAX - 2, u32::MAX - 1, u32::MAX].map(u64::from);
    assert_eq!(pids, newest_first);
    for process in processes {
        assert_eq!(
            (&process["requests"], &process["responses"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(process["usage"], Value::Null);
        assert_eq!(process["last_call"], "2026-01-01T00:00:01Z");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_runs_is_told_with_what_it_uses() {
    let here = Call {
        pid: std::process::id(),
        ..CLIENT
    };
    let processes = json(&app(&[here]), "/api/metrics/processes").await;
    assert_eq!(processes[0]["running"], true);
    assert!(processes[0]["usage"]["memory_rss_bytes"].as_u64().unwrap() > 64 << 10);
}

#[tokio::test]
async fn models_are_bounded() {
    let (state, _) = sensor(0);
    let log = state.log.clone();
    let app = router(state, &open());
    for index in 0..300 {
        let data = json!({"model": {"id": format!("model-{index}")}});
        let event =
            json!({"event_id": format!("R{index}"), "event_type": "ai.response", "data": data});
        log.append(SafeEvent::from_redacted(event.as_object().unwrap()));
    }
    let metrics = json(&app, "/api/metrics").await;
    let models = metrics["models"].as_array().unwrap();
    assert_eq!(models.len(), 201);
    let other = models.iter().find(|each| each["model"] == "other").unwrap();
    assert_eq!(other["responses"], 100);
}

#[tokio::test]
async fn prometheus_gets_its_own_format_and_openmetrics_who_asks_for_it() {
    let app = app(&three());
    let (kind, page) = text(&app, "/metrics", "*/*").await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE oisp_ai_requests_total counter",
        "oisp_ai_tokens_total{provider=\"made.up\",model=\"two\",kind=\"input\"} 10.0",
        "oisp_pipeline_events_stored_total 3.0",
        "oisp_ready 0.0",
    ] {
        assert!(page.lines().any(|each| each == line), "{line}\n{page}");
    }
    let (kind, page) = text(
        &app,
        "/metrics",
        "application/openmetrics-text;version=1.0.0",
    )
    .await;
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(page.ends_with("# EOF\n"), "{page}");
}
