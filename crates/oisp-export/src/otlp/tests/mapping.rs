//! What events become.

use std::sync::Arc;

use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use super::samples;
use crate::otlp::config::{SemanticConventions, Temporality};
use crate::otlp::encode::attributes::Attributes;
use crate::otlp::encode::{Encoded, Encoder, Options};
use crate::otlp::series::Metrics;

const OPTIONS: Options = Options {
    conventions: SemanticConventions::V1_41,
    content: false,
    logs: true,
    traces: true,
    metrics: true,
};

fn encoded(events: Vec<Value>, options: Options) -> Encoded {
    let mut encoder = Encoder::new(options, Box::new(|_| None));
    encoder.encode(&samples::stored(events))
}

fn spans(events: Vec<Value>, options: Options) -> Vec<Span> {
    let spans = encoded(events, options).spans.into_iter();
    spans.map(|item| item.value).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attribute of a span, as OTLP's JSON writes it.
fn attribute(span: &Span, name: &str) -> Value {
    let found = span.attributes.iter().find(|pair| pair.key == name);
    serde_json::to_value(found.and_then(|pair| pair.value.clone())).unwrap()
}

#[test]
fn every_event_is_a_log_record() {
    let logs = encoded(samples::exchange(), OPTIONS).logs;
    let logs: Vec<_> = logs.into_iter().map(|item| item.value).collect();
    insta::assert_json_snapshot!(logs);
}

#[test]
fn an_exchange_and_its_tool_are_spans_of_one_trace() {
    insta::assert_json_snapshot!(spans(samples::exchange(), OPTIONS));
}

#[test]
fn content_is_sent_only_when_asked_for() {
    let secrets = [
        "Be brief.",
        "List the files.",
        "I look.",
        "Files, so ls.",
        "no such directory",
    ];
    let without = format!("{:?}", encoded(samples::exchange(), OPTIONS));
    for text in secrets {
        assert!(!without.contains(text), "{text}");
    }
    let options = Options {
        content: true,
        ..OPTIONS
    };
    let with = encoded(samples::exchange(), options);
    let (logs, spans) = (format!("{:?}", with.logs), format!("{:?}", with.spans));
    for text in secrets {
        assert!(logs.contains(text) && spans.contains(text), "{text}");
    }
    let span = &with.spans[0].value;
    insta::assert_json_snapshot!([
        attribute(span, "gen_ai.system_instructions"),
        attribute(span, "gen_ai.input.messages"),
        attribute(span, "gen_ai.output.messages"),
    ]);
}

#[test]
fn the_newer_conventions_have_their_own_names() {
    let options = Options {
        conventions: SemanticConventions::Latest,
        ..OPTIONS
    };
    let span = &spans(samples::exchange(), options)[0];
    let int = |number: &str| serde_json::json!({"intValue": number});
    assert_eq!(attribute(span, "gen_ai.request.top_k"), int("40"));
    assert_eq!(
        attribute(span, "gen_ai.usage.cache_write.input_tokens"),
        int("12")
    );
    assert_eq!(
        attribute(span, "gen_ai.usage.cache_creation.input_tokens"),
        Value::Null
    );
    assert_eq!(
        attribute(span, "gen_ai.request.reasoning.level"),
        serde_json::json!({"stringValue": "high"})
    );
    let names = metrics(samples::exchange(), options, Temporality::Cumulative);
    let names: Vec<_> = names.iter().map(|metric| metric.name.as_str()).collect();
    insta::assert_json_snapshot!(names);
}

fn metrics(events: Vec<Value>, options: Options, temporality: Temporality) -> Vec<Metric> {
    let measurements = encoded(events, options).measurements;
    let metrics = Metrics::new(temporality, 1_000);
    let staged = metrics.stage(measurements);
    let points = metrics.points(&staged, 2_000);
    points
        .into_iter()
        .flat_map(|(_, metrics)| metrics)
        .collect()
}

#[test]
fn an_exchange_is_measured() {
    let mut events = samples::exchange();
    events.extend(samples::failed());
    insta::assert_json_snapshot!(metrics(events, OPTIONS, Temporality::Cumulative));
}

#[test]
fn a_captured_traceparent_is_the_parent() {
    let span = spans(samples::failed().into(), OPTIONS).remove(0);
    assert_eq!(hex(&span.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(span.flags, 0x301);
    assert_eq!(span.name, "chat gpt-4o");
    let status = span.status.unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "slow down"));
}

#[test]
fn turns_of_a_conversation_share_a_trace_even_without_a_context() {
    let [mut asked, mut answered] = samples::failed();
    for event in [&mut asked, &mut answered] {
        event.as_object_mut().unwrap().remove("trace_context");
    }
    let first = spans(vec![asked, answered.clone()], OPTIONS).remove(0);
    answered["data"]["request_id"] = "req_01OTHER".into();
    let second = spans(vec![answered], OPTIONS).remove(0);
    assert_eq!(first.trace_id, second.trace_id);
    assert_ne!(first.span_id, second.span_id);
    assert!(first.parent_span_id.is_empty());
}

#[test]
fn an_mcp_call_is_a_child_of_the_tool_call_that_led_to_it() {
    let mut events = vec![samples::response(), samples::tool_call()];
    events.extend(samples::mcp());
    events.push(samples::tool_result());
    let spans = spans(events, OPTIONS);
    let [_, mcp, tool] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!((mcp.name.as_str(), mcp.kind), ("tools/call search", 3));
    assert_eq!((tool.name.as_str(), tool.kind), ("execute_tool shell", 1));
    assert_eq!(mcp.parent_span_id, tool.span_id);
    assert_eq!(mcp.trace_id, tool.trace_id);
    assert_eq!(
        mcp.end_time_unix_nano - mcp.start_time_unix_nano,
        200_000_000
    );
}

#[test]
fn an_answer_whose_request_went_before_a_restart_finds_it_in_the_log() {
    let whole = spans(vec![samples::request(), samples::response()], OPTIONS);
    let log = samples::stored(vec![samples::request()]);
    let recall = move |id: &str| log.iter().find(|stored| stored.event.id() == id).cloned();
    let mut encoder = Encoder::new(OPTIONS, Box::new(recall));
    let after = encoder.encode(&samples::stored(vec![samples::response()]));
    assert_eq!(after.spans[0].value, whole[0]);
    // And where the log has let it go, what the answer itself says remains.
    let alone = spans(vec![samples::response()], OPTIONS).remove(0);
    assert_eq!(alone.span_id, whole[0].span_id);
    assert_eq!(alone.start_time_unix_nano, whole[0].start_time_unix_nano);
    assert_eq!(attribute(&alone, "gen_ai.request.model"), Value::Null);
}

#[test]
fn the_same_batch_gives_the_same_bytes() {
    let batch = samples::stored(samples::exchange());
    let mut encoder = Encoder::new(OPTIONS, Box::new(|_| None));
    let once = format!("{:?}", encoder.encode(&batch));
    assert_eq!(format!("{:?}", encoder.encode(&batch)), once);
}

#[test]
fn an_event_that_says_nothing_is_still_a_record() {
    let empty = serde_json::json!({});
    let odd = serde_json::json!({"event_type": "ai.response", "ts": "yesterday", "data": [1, {"a": null}],
        "attrs": "none", "trace_context": {"trace_id": "+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+1"},
        "related_events": {"a": 1}});
    let encoded = encoded(vec![empty, odd], OPTIONS);
    assert_eq!(encoded.logs.len(), 2);
    assert!(encoded.spans.is_empty() && encoded.measurements.is_empty());
    assert_eq!(encoded.logs[1].value.time_unix_nano, 0);
    assert!(encoded.logs[1].value.trace_id.is_empty());
}

#[test]
fn a_servers_event_of_a_call_that_its_client_told_counts_no_tokens() {
    let options = Options {
        logs: false,
        traces: false,
        ..OPTIONS
    };
    let mut answer = samples::response();
    answer["attrs"]["oisp.side"] = "server".into();
    let names = |event: &Value| {
        let measured = encoded(vec![event.clone()], options).measurements;
        let names = measured.iter().map(|item| item.value.instrument.name);
        names.collect::<Vec<_>>()
    };
    let server = [
        "gen_ai.server.request.duration",
        "gen_ai.server.time_to_first_token",
    ];
    let tokens = ["gen_ai.client.token.usage"; 2];
    assert_eq!(names(&answer), [server, tokens].concat());
    let other = serde_json::json!({"event_id": "01CLIENT", "relationship": "related"});
    answer["related_events"].as_array_mut().unwrap().push(other);
    assert_eq!(names(&answer), server);
}

/// The count and the bounds of time of the first point.
fn first_point(
    metrics: &Metrics,
    staged: &crate::otlp::series::Staged,
    now: u64,
) -> (u64, u64, u64) {
    let points = metrics.points(staged, now);
    let Some(opentelemetry_proto::tonic::metrics::v1::metric::Data::Histogram(histogram)) =
        &points[0].1[0].data
    else {
        panic!("{points:?}")
    };
    let point = &histogram.data_points[0];
    (
        point.count,
        point.start_time_unix_nano,
        point.time_unix_nano,
    )
}

#[test]
fn points_add_up_or_tell_what_is_new() {
    let answer = || encoded(vec![samples::response()], OPTIONS).measurements;
    for (temporality, second) in [
        (Temporality::Cumulative, (2, 100, 300)),
        (Temporality::Delta, (1, 200, 300)),
    ] {
        let mut metrics = Metrics::new(temporality, 100);
        let staged = metrics.stage(answer());
        assert_eq!(first_point(&metrics, &staged, 200), (1, 100, 200));
        // A batch that comes again counts once.
        let staged = metrics.stage(answer());
        metrics.accepted(staged, 200);
        let staged = metrics.stage(answer());
        assert_eq!(first_point(&metrics, &staged, 300), second);
        // What is refused goes with the next.
        metrics.refused(staged);
        let staged = metrics.stage(answer());
        assert_eq!(first_point(&metrics, &staged, 400).0, second.0 + 1);
    }
}

#[test]
fn series_are_bounded() {
    let mut metrics = Metrics::new(Temporality::Cumulative, 0);
    let template = encoded(vec![samples::response()], OPTIONS)
        .measurements
        .remove(0);
    for n in 0..3000 {
        let mut item = template.clone();
        let mut attributes = Attributes::default();
        attributes.int("n", n);
        item.value.attributes = attributes;
        let staged = metrics.stage(vec![item]);
        metrics.accepted(staged, n);
    }
    let staged = metrics.stage(vec![template]);
    let points = metrics.points(&staged, 1);
    let json = serde_json::to_string(&points[0].1).unwrap();
    assert!(json.contains("otel.metric.overflow"), "{json}");
    assert_eq!(first_point(&metrics, &staged, 1).0, 1001);
}

#[test]
fn events_that_are_kept_at_hand_are_bounded() {
    let mut encoder = Encoder::new(OPTIONS, Box::new(|_| None));
    let mut events = Vec::new();
    for n in 0..5000 {
        let mut event = samples::request();
        event["event_id"] = format!("01MANY{n}").into();
        events.push(event);
    }
    for batch in samples::stored(events).chunks(500) {
        encoder.encode(&batch.iter().map(Arc::clone).collect::<Vec<_>>());
    }
    let memory = format!("{encoder:?}");
    let held = memory.split("events: ").nth(1).unwrap();
    let held: usize = held.split(',').next().unwrap().parse().unwrap();
    assert!((1..=4096).contains(&held), "{memory}");
}
