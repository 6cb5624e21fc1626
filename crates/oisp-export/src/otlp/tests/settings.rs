//! What configuration and variables come to.

use std::collections::HashMap;

use serde_json::json;

use crate::otlp::config::{Compression, OtlpConfig, Protocol, SemanticConventions, Temporality};
use crate::otlp::settings::Settings;

fn settings(config: serde_json::Value, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let config: OtlpConfig = serde_json::from_value(config).map_err(|error| error.to_string())?;
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    Settings::of(&config, &lookup).map_err(|error| error.to_string())
}

fn endpoints(config: serde_json::Value, variables: &[(&str, &str)]) -> [String; 3] {
    let settings = settings(config, variables).unwrap();
    [settings.logs, settings.traces, settings.metrics]
        .map(|route| route.unwrap().endpoint.to_string())
}

#[test]
fn without_a_word_it_is_the_collector_of_this_machine() {
    let http = endpoints(json!({}), &[]);
    assert_eq!(http[0], "http://localhost:4318/v1/logs");
    assert_eq!(http[1], "http://localhost:4318/v1/traces");
    assert_eq!(http[2], "http://localhost:4318/v1/metrics");
    let grpc = endpoints(json!({"protocol": "grpc"}), &[]);
    assert_eq!(grpc[0], "http://localhost:4317/");
}

#[test]
fn the_signals_own_word_comes_first_and_the_configuration_before_variables() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://all.example.com/in/"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://traces.example.com",
        ),
    ];
    let [logs, traces, _] = endpoints(json!({}), &variables);
    assert_eq!(logs, "https://all.example.com/in/v1/logs");
    assert_eq!(traces, "https://traces.example.com/");
    let own = json!({"endpoint": "http://own:1", "metrics": {"endpoint": "http://m:2/x"}});
    let [logs, traces, metrics] = endpoints(own, &variables);
    assert_eq!(logs, "http://own:1/v1/logs");
    assert_eq!(traces, "http://own:1/v1/traces");
    assert_eq!(metrics, "http://m:2/x");
}

#[test]
fn a_grpc_endpoint_without_scheme_is_secure_unless_said_otherwise() {
    let at = |more: serde_json::Value, variables: &[(&str, &str)]| {
        let mut config = json!({"protocol": "grpc", "endpoint": "collector:4317"});
        config
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        endpoints(config, variables)[0].clone()
    };
    assert_eq!(at(json!({}), &[]), "https://collector:4317/");
    assert_eq!(at(json!({"insecure": true}), &[]), "http://collector:4317/");
    let variable = [("OTEL_EXPORTER_OTLP_INSECURE", "true")];
    assert_eq!(at(json!({}), &variable), "http://collector:4317/");
}

#[test]
fn standard_variables_fill_in_what_is_left_open() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-team=a%20b, x-key = made-up",
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-only=traces"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/cert.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test,service.name=weak",
        ),
        ("OTEL_SERVICE_NAME", "strong"),
        (
            "OTEL_SEMCONV_STABILITY_OPT_IN",
            "http,gen_ai_latest_experimental",
        ),
    ];
    let found = settings(json!({"resource": {"team": "sea"}}), &variables).unwrap();
    let (logs, traces) = (found.logs.unwrap(), found.traces.unwrap());
    assert_eq!(
        (logs.protocol, traces.protocol),
        (Protocol::Grpc, Protocol::HttpJson)
    );
    assert_eq!(logs.compression, Compression::Gzip);
    assert_eq!(logs.timeout.as_millis(), 2500);
    assert_eq!(
        (&logs.headers["x-team"], &logs.headers["x-key"]),
        (&"a b".parse().unwrap(), &"made-up".parse().unwrap())
    );
    assert_eq!(
        (traces.headers.len(), &traces.headers["x-only"]),
        (1, &"traces".parse().unwrap())
    );
    assert!(!format!("{:?}", logs.headers).contains("made-up"));
    assert_eq!(logs.tls.ca_file, Some("/ca.pem".into()));
    assert_eq!(
        (logs.tls.cert_file, logs.tls.key_file),
        (Some("/cert.pem".into()), Some("/key.pem".into()))
    );
    assert_eq!(found.temporality, Temporality::Delta);
    assert_eq!(found.options.conventions, SemanticConventions::Latest);
    assert_eq!(found.resource["service.name"], "strong");
    assert_eq!(found.resource["deployment.environment.name"], "test");
    assert_eq!(found.resource["team"], "sea");
    // And the configuration comes before them.
    let own = json!({"protocol": "grpc", "compression": "none", "timeout": "1s", "temporality": "cumulative",
        "semantic_conventions": "1.41", "service_name": "own", "bearer_token": "made-up", "api_key": "k"});
    let found = settings(own, &variables).unwrap();
    let traces = found.traces.unwrap();
    assert_eq!(
        (traces.protocol, traces.compression),
        (Protocol::Grpc, Compression::None)
    );
    assert_eq!(traces.timeout.as_secs(), 1);
    assert_eq!(traces.headers["authorization"], "Bearer made-up");
    assert_eq!(traces.headers["x-api-key"], "k");
    assert_eq!(found.temporality, Temporality::Cumulative);
    assert_eq!(found.options.conventions, SemanticConventions::V1_41);
    assert_eq!(found.resource["service.name"], "own");
}

#[test]
fn what_is_wrong_is_named_and_no_secret_is_printed() {
    let variable = |name, value| (json!({}), vec![(name, value)]);
    let key = |config| (config, vec![]);
    let cases = [
        variable("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
        variable("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "brotli"),
        variable("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        variable("OTEL_EXPORTER_OTLP_HEADERS", "x-key:made-up"),
        variable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "often"),
        key(json!({"endpoint": "localhost:4318"})),
        key(json!({"endpoint": "https://me:made-up@example.com"})),
        key(json!({"endpoint": "unix:/run/otel.sock"})),
        key(json!({"headers": {"content-type": "text/plain"}})),
        key(json!({"headers": {"x key": "made-up"}})),
        key(json!({"headers": {"x-key": "made\nup"}})),
        key(json!({"headers": {"x-key": {"env": "OISP_NO_SUCH_VARIABLE"}}})),
        key(json!({"timeout": "0s"})),
        key(json!({"max_request_size": "1KB"})),
        key(
            json!({"logs": {"enabled": false}, "traces": {"enabled": false}, "metrics": {"enabled": false}}),
        ),
        key(json!({"batch_size": 0})),
        key(json!({"protokol": "grpc"})),
        key(json!({"protocol": "http"})),
    ];
    let told: Vec<_> = cases
        .into_iter()
        .map(|(config, variables)| settings(config, &variables).unwrap_err())
        .collect();
    for message in &told {
        assert!(
            !message.contains("made-up") && !message.contains("made\nup"),
            "{message}"
        );
    }
    insta::assert_json_snapshot!(told);
}

#[test]
fn a_configuration_is_written_and_read_back() {
    let config: OtlpConfig = serde_json::from_value(json!({
        "name": "main", "protocol": "http-json", "compression": "gzip", "max_request_size": "1MiB",
    }))
    .unwrap();
    assert_eq!(config.full_name(), "otlp.main");
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<OtlpConfig>(&text).unwrap(), config);
    assert_eq!(OtlpConfig::default().full_name(), "otlp");
}
