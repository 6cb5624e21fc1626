//! The three protocols, TLS, compression and header fields.

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::receiver::{Came, Certificates, Server};
use super::samples;
use crate::otlp::{OtlpConfig, OtlpSink, Settings};
use crate::{DeliverError, Sink};

pub(super) const PROTOCOLS: [&str; 3] = ["grpc", "http/protobuf", "http/json"];

/// A sink that knows no variables.
pub(super) fn sink(config: Value, runtime: &Runtime) -> OtlpSink {
    let config: OtlpConfig = serde_json::from_value(config).unwrap();
    let settings = Settings::of(&config, &|_| None).unwrap();
    OtlpSink::new(settings, Box::new(|_| None), runtime.handle().clone()).unwrap()
}

fn sent(more: Value, server: &Server, runtime: &Runtime) -> Vec<Came> {
    let mut config =
        json!({"endpoint": server.url(), "headers": {"x-team": "sea"}, "bearer_token": "made-up"});
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let mut sink = sink(config, runtime);
    let delivered = sink.deliver(&samples::stored(samples::exchange())).unwrap();
    assert!(delivered.refused.is_empty());
    sink.close().unwrap();
    server.came()
}

#[test]
fn every_protocol_brings_the_same() {
    let runtime = Runtime::new().unwrap();
    let mut bodies = Vec::new();
    for protocol in PROTOCOLS {
        for compression in ["none", "gzip"] {
            // The receiver's services of gRPC take gzip for logs only.
            let only_logs = json!({"protocol": protocol, "compression": compression,
                "traces": {"enabled": compression == "none"}, "metrics": {"enabled": compression == "none"}});
            let server = Server::start(runtime.handle(), None);
            let came = sent(only_logs, &server, &runtime);
            let signals: Vec<_> = came.iter().map(|came| came.signal).collect();
            match compression {
                "none" => assert_eq!(signals, ["logs", "traces", "metrics"]),
                _ => assert_eq!(signals, ["logs"]),
            }
            for came in &came {
                assert_eq!(came.headers["x-team"], "sea", "{protocol}");
                assert_eq!(came.headers["authorization"], "Bearer made-up");
                let agent = came.headers["user-agent"].to_str().unwrap();
                assert!(agent.starts_with("oisp-sensor/"), "{agent}");
                let coding = if protocol == "grpc" {
                    "grpc-encoding"
                } else {
                    "content-encoding"
                };
                let coding = came
                    .headers
                    .get(coding)
                    .map(|coding| coding.to_str().unwrap());
                assert_eq!(
                    coding,
                    (compression == "gzip").then_some("gzip"),
                    "{protocol}"
                );
            }
            bodies.push(came[0].body.clone());
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let resource = &bodies[0]["resourceLogs"][0]["resource"]["attributes"];
    for (name, value) in [
        ("service.name", "oisp-sensor"),
        ("host.name", "box"),
        ("host.arch", "amd64"),
    ] {
        let pair = json!({"key": name, "value": {"stringValue": value}});
        assert!(
            resource.as_array().unwrap().contains(&pair),
            "{name} in {resource}"
        );
    }
}

#[test]
fn tls_asks_for_both_certificates() {
    let runtime = Runtime::new().unwrap();
    let files = Certificates::new();
    for protocol in PROTOCOLS {
        let server = Server::start(runtime.handle(), Some(files.acceptor.clone()));
        let tls = json!({"ca_file": files.ca, "cert_file": files.cert, "key_file": files.key});
        let came = sent(json!({"protocol": protocol, "tls": tls}), &server, &runtime);
        assert_eq!(came.len(), 3, "{protocol}");
        for (tls, why) in [
            (json!({"ca_file": files.ca}), "no certificate of our own"),
            (
                json!({"cert_file": files.cert, "key_file": files.key}),
                "an authority that is unknown",
            ),
        ] {
            let config = json!({"endpoint": server.url(), "protocol": protocol, "tls": tls});
            let error = sink(config, &runtime)
                .deliver(&samples::stored(samples::exchange()))
                .unwrap_err();
            assert!(
                matches!(error, DeliverError::Retry { .. }),
                "{protocol}, {why}: {error}"
            );
        }
        assert_eq!(server.came().len(), 3, "{protocol}");
    }
}

#[test]
fn requests_are_no_larger_than_asked_for() {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(runtime.handle(), None);
    let config = json!({"endpoint": server.url(), "max_request_size": "4KiB",
        "traces": {"enabled": false}, "metrics": {"enabled": false}});
    let events: Vec<_> = (0..50).map(|_| samples::request()).collect();
    sink(config, &runtime)
        .deliver(&samples::stored(events))
        .unwrap();
    let came = server.came();
    assert!(came.len() > 10, "{}", came.len());
    assert_eq!(came.iter().map(|came| came.ids().len()).sum::<usize>(), 50);
    for came in came {
        let length: usize = came.headers["content-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(length <= 4096, "{length}");
    }
}
