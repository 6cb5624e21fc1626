//! Every event as a log record.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use serde_json::Value;

use super::attributes::Attributes;
use super::content::{self, Form};
use super::event::Event;
use super::recall::Memory;
use super::{Options, gen_ai, place};

/// The record of an event, whose attributes are given.
pub(super) fn record(
    event: &Event,
    mut attributes: Attributes,
    options: &Options,
    memory: &Memory,
) -> LogRecord {
    attributes.text("log.record.uid", event.id());
    if options.content {
        content::add(&mut attributes, event, Form::Structured);
    }
    gen_ai::name_by(&mut attributes, options.conventions);
    let (severity, severity_text) = severity(event);
    let place = place::of(event, memory);
    let (trace_id, span_id, flags) = match place {
        Some(place) => (place.trace, place.span, place.flags & 0xff),
        None => Default::default(),
    };
    LogRecord {
        time_unix_nano: event.nanos(),
        // The event was observed when it was captured.
        observed_time_unix_nano: event.nanos(),
        severity_number: severity.into(),
        severity_text: severity_text.to_owned(),
        body: Some(AnyValue {
            value: Some(Any::StringValue(event.summary())),
        }),
        attributes: attributes.into_proto(),
        flags,
        trace_id,
        span_id,
        event_name: format!("oisp.{}", event.kind()),
        ..LogRecord::default()
    }
}

fn severity(event: &Event) -> (SeverityNumber, &'static str) {
    let has_failed = event.at("/data/success") == Some(&Value::Bool(false));
    match event.kind() {
        "ai.response" if has_failed => (SeverityNumber::Error, "ERROR"),
        _ if has_failed => (SeverityNumber::Warn, "WARN"),
        "ai.streaming_chunk" => (SeverityNumber::Debug, "DEBUG"),
        _ => (SeverityNumber::Info, "INFO"),
    }
}
