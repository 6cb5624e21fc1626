//! Events sent to a real OpenTelemetry Collector, and read back from the file
//! that it wrote, field by field. `make test-services ARGS=collector` builds the
//! Collector; without it this is skipped, and says so.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test states its assumptions by panicking, and says what it skips"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use oisp_core::SafeEvent;
use oisp_export::Sink;
use oisp_export::otlp::{OtlpConfig, OtlpSink, Settings};
use oisp_store::Stored;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A Collector that runs, and what it writes.
struct Collector {
    child: Child,
    grpc: u16,
    http: u16,
    dir: tempfile::TempDir,
}

impl Collector {
    fn start(program: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let [grpc, http] = [free_port(), free_port()];
        let config = dir.path().join("config.yaml");
        std::fs::write(&config, config_of(dir.path(), grpc, http)).unwrap();
        let mut child = Command::new(program)
            .arg("--config")
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the Collector did not start: {said}")
            };
            said.push_str(&line);
            if line.contains("Everything is ready") {
                break;
            }
        }
        // Its further words are for nobody, but must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            grpc,
            http,
            dir,
        }
    }

    fn endpoint(&self, protocol: &str) -> String {
        let port = if protocol == "grpc" {
            self.grpc
        } else {
            self.http
        };
        format!("http://127.0.0.1:{port}")
    }

    /// Stops it, which has it write all it has, and reads that.
    fn wrote(mut self) -> BTreeMap<&'static str, Vec<Value>> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let read = |signal| {
            (
                signal,
                lines_of(&self.dir.path().join(format!("{signal}.json"))),
            )
        };
        ["logs", "traces", "metrics"].map(read).into()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // After a clean end there is nothing left to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn config_of(dir: &Path, grpc: u16, http: u16) -> String {
    let signals = ["logs", "traces", "metrics"];
    let exporters = signals.map(|signal| {
        let path = dir.join(format!("{signal}.json"));
        format!("  file/{signal}:\n    path: {}\n", path.display())
    });
    let pipelines = signals
        .map(|signal| format!("    {signal}: {{receivers: [otlp], exporters: [file/{signal}]}}\n"));
    format!(
        "receivers:\n  otlp:\n    protocols:\n      grpc: {{endpoint: \"127.0.0.1:{grpc}\"}}\n      \
         http: {{endpoint: \"127.0.0.1:{http}\"}}\nexporters:\n{}service:\n  telemetry:\n    \
         metrics: {{level: none}}\n  pipelines:\n{}",
        exporters.concat(),
        pipelines.concat()
    )
}

fn lines_of(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn events() -> Vec<Arc<Stored>> {
    let provider =
        json!({"name": "openai", "endpoint": "https://api.openai.com/v1/chat/completions"});
    let context = json!({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "trace_flags": 1});
    let attrs = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "oisp.side": "client",
        "oisp.streamed": true, "gen_ai.response.finish_reasons": ["stop"]});
    let common = json!({"oisp_version": "0.1", "host": {"hostname": "box", "os": "linux", "arch": "x86_64"},
        "process": {"pid": 4_000_000_000_u32, "name": "python3", "cmdline": "python3 \"ä\" 'b'"},
        "source": {"collector": "oisp-sensor"}, "confidence": {"level": "high", "completeness": "full"}});
    let own = [
        json!({"event_id": "01ASKED", "event_type": "ai.request", "ts": "2026-03-04T05:06:07.000001Z",
            "attrs": attrs, "trace_context": context,
            "data": {"request_id": "req_01ASKED", "conversation_id": "conv_a", "provider": provider,
                "model": {"id": "gpt-4o"}, "streaming": true, "parameters": {"temperature": 0.25},
                "messages": [{"role": "user", "content": "Grüße 👋 \u{1}"}]}}),
        json!({"event_id": "01ANSWERED", "event_type": "ai.response", "ts": "2026-03-04T05:06:08.500001Z",
            "attrs": attrs, "trace_context": context,
            "related_events": [{"event_id": "01ASKED", "relationship": "parent"}],
            "data": {"request_id": "req_01ASKED", "conversation_id": "conv_a", "provider": provider,
                "model": {"id": "gpt-4o-2024-08-06"}, "status_code": 200, "success": true,
                "usage": {"prompt_tokens": 9_007_199_254_740_993_u64, "completion_tokens": 3},
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hallo"}, "finish_reason": "stop"}],
                "latency_ms": 1500, "time_to_first_token_ms": 250}}),
        json!({"event_id": "01CONNECT", "event_type": "network.connect", "ts": "2026-03-04T05:06:09Z",
            "data": {"dest": {"ip": "2001:db8::7", "port": 443}, "protocol": "tcp", "success": false,
                "error": "ETIMEDOUT", "latency_ms": 1.5}}),
    ];
    let numbered = own.into_iter().zip(1..);
    numbered
        .map(|(mut event, seq)| {
            let event = event.as_object_mut().unwrap();
            event.extend(common.as_object().unwrap().clone());
            Arc::new(Stored {
                seq,
                event: SafeEvent::from_redacted(event),
            })
        })
        .collect()
}

/// The one item of a list that is at each of these keys.
fn down<'a>(value: &'a Value, keys: &[&str]) -> &'a Value {
    keys.iter().fold(value, |value, key| match &value[key] {
        Value::Array(items) if items.len() == 1 => &items[0],
        other => other,
    })
}

fn attributes(of: &Value) -> BTreeMap<String, Value> {
    let pairs = of["attributes"].as_array().unwrap().iter();
    pairs
        .map(|pair| {
            (
                pair["key"].as_str().unwrap().to_owned(),
                pair["value"].clone(),
            )
        })
        .collect()
}

/// Deletes what a run of its own makes different.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.remove("startTimeUnixNano");
            object.remove("timeUnixNano");
            object.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

fn check_logs(logs: &Value) {
    let resource = attributes(down(logs, &["resourceLogs", "resource"]));
    assert_eq!(
        resource["service.name"],
        json!({"stringValue": "oisp-sensor"})
    );
    assert_eq!(resource["host.name"], json!({"stringValue": "box"}));
    assert_eq!(resource["host.arch"], json!({"stringValue": "amd64"}));
    let scope = down(logs, &["resourceLogs", "scopeLogs"]);
    assert_eq!(scope["scope"]["name"], "oisp-sensor");
    assert_eq!(
        scope["schemaUrl"],
        "https://opentelemetry.io/schemas/1.41.0"
    );
    let records = scope["logRecords"].as_array().unwrap();
    assert_eq!(records.len(), 3);
    let [asked, answered, connect] = [&records[0], &records[1], &records[2]];
    assert_eq!(asked["timeUnixNano"], "1772600767000001000");
    assert_eq!(asked["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(asked["spanId"], answered["spanId"]);
    assert_eq!(asked["eventName"], "oisp.ai.request");
    assert_eq!(
        (&asked["severityNumber"], &asked["severityText"]),
        (&json!(9), &json!("INFO"))
    );
    assert_eq!(
        asked["body"],
        json!({"stringValue": "ai.request openai gpt-4o python3"})
    );
    let asked = attributes(asked);
    assert_eq!(asked["log.record.uid"], json!({"stringValue": "01ASKED"}));
    assert_eq!(asked["process.pid"], json!({"intValue": "4000000000"}));
    assert_eq!(
        asked["process.command_line"],
        json!({"stringValue": "python3 \"ä\" 'b'"})
    );
    assert_eq!(
        asked["gen_ai.request.temperature"],
        json!({"doubleValue": 0.25})
    );
    assert_eq!(asked["gen_ai.request.stream"], json!({"boolValue": true}));
    let part = |value: &str| json!({"key": "content", "value": {"stringValue": value}});
    let message = &asked["gen_ai.input.messages"]["arrayValue"]["values"][0];
    assert!(
        message
            .to_string()
            .contains(&part("Grüße 👋 \u{1}").to_string()),
        "{message}"
    );
    let answered = attributes(answered);
    assert_eq!(
        answered["gen_ai.usage.input_tokens"],
        json!({"intValue": "9007199254740993"})
    );
    assert_eq!(
        answered["gen_ai.response.finish_reasons"],
        json!({"arrayValue": {"values": [{"stringValue": "stop"}]}})
    );
    assert_eq!(connect.get("traceId").unwrap_or(&json!("")), "");
    assert_eq!(connect["severityText"], "WARN");
    let connect = attributes(connect);
    assert_eq!(
        connect["network.peer.address"],
        json!({"stringValue": "2001:db8::7"})
    );
    assert_eq!(
        connect["oisp.network.latency_ms"],
        json!({"doubleValue": 1.5})
    );
    assert_eq!(connect["oisp.network.success"], json!({"boolValue": false}));
    assert_eq!(connect["error.type"], json!({"stringValue": "ETIMEDOUT"}));
}

fn check_span(traces: &Value) {
    let span = down(traces, &["resourceSpans", "scopeSpans", "spans"]);
    assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(span["name"], "chat gpt-4o");
    assert_eq!(span["kind"], 3);
    assert_eq!(span["flags"], 0x301);
    assert_eq!(span["startTimeUnixNano"], "1772600767000001000");
    assert_eq!(span["endTimeUnixNano"], "1772600768500001000");
    assert_eq!(span["status"], json!({}));
    let attributes = attributes(span);
    for (name, value) in [
        ("gen_ai.request.model", json!({"stringValue": "gpt-4o"})),
        (
            "gen_ai.response.model",
            json!({"stringValue": "gpt-4o-2024-08-06"}),
        ),
        ("server.address", json!({"stringValue": "api.openai.com"})),
        ("server.port", json!({"intValue": "443"})),
        (
            "gen_ai.response.time_to_first_chunk",
            json!({"doubleValue": 0.25}),
        ),
        ("http.response.status_code", json!({"intValue": "200"})),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
}

fn check_metrics(metrics: &Value) {
    let metrics = down(metrics, &["resourceMetrics", "scopeMetrics"]);
    let metrics = metrics["metrics"].as_array().unwrap();
    let found: BTreeMap<_, _> = metrics
        .iter()
        .map(|metric| (metric["name"].as_str().unwrap(), metric))
        .collect();
    let names: Vec<_> = found.keys().copied().collect();
    assert_eq!(
        names,
        [
            "gen_ai.client.operation.duration",
            "gen_ai.client.operation.time_to_first_chunk",
            "gen_ai.client.token.usage",
        ]
    );
    let duration = found["gen_ai.client.operation.duration"];
    assert_eq!(duration["unit"], "s");
    assert_eq!(duration["histogram"]["aggregationTemporality"], 2);
    let point = down(duration, &["histogram", "dataPoints"]);
    assert_eq!((&point["count"], &point["sum"]), (&json!("1"), &json!(1.5)));
    assert_eq!((&point["min"], &point["max"]), (&json!(1.5), &json!(1.5)));
    assert_eq!(point["explicitBounds"].as_array().unwrap().len(), 14);
    assert_eq!(point["bucketCounts"][8], "1");
    let points = found["gen_ai.client.token.usage"]["histogram"]["dataPoints"]
        .as_array()
        .unwrap();
    let kinds: Vec<_> = points
        .iter()
        .map(|point| attributes(point)["gen_ai.token.type"]["stringValue"].clone())
        .collect();
    assert_eq!(kinds, ["input", "output"]);
}

#[test]
fn a_collector_has_what_was_sent() {
    let Some(program) = std::env::var_os("OISP_TEST_COLLECTOR").map(PathBuf::from) else {
        eprintln!(
            "skipped: the OpenTelemetry Collector: make test-services builds it and runs this"
        );
        return;
    };
    let runtime = Runtime::new().unwrap();
    let mut written = Vec::new();
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        for compression in ["none", "gzip"] {
            let collector = Collector::start(&program);
            let config: OtlpConfig = serde_json::from_value(json!({
                "endpoint": collector.endpoint(protocol), "protocol": protocol,
                "compression": compression, "content": true,
            }))
            .unwrap();
            let settings = Settings::of(&config, &|_| None).unwrap();
            let mut sink =
                OtlpSink::new(settings, Box::new(|_| None), runtime.handle().clone()).unwrap();
            let delivered = sink.deliver(&events()).unwrap();
            assert!(delivered.refused.is_empty(), "{protocol}: {delivered:?}");
            sink.close().unwrap();
            let mut wrote = collector.wrote();
            for signal in wrote.values() {
                assert_eq!(signal.len(), 1, "{protocol} {compression}");
            }
            check_logs(&wrote["logs"][0]);
            check_span(&wrote["traces"][0]);
            check_metrics(&wrote["metrics"][0]);
            wrote
                .get_mut("metrics")
                .unwrap()
                .iter_mut()
                .for_each(without_times);
            written.push((protocol, compression, wrote));
        }
    }
    let first = &written[0].2;
    for (protocol, compression, wrote) in &written {
        assert_eq!(wrote, first, "{protocol} {compression}");
    }
}
