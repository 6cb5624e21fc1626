//! Exchanges and tool calls as spans: each is made once, when it has ended.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::Value;

use super::attributes::Attributes;
use super::content::{self, Form};
use super::event::Event;
use super::ids::{self, Place};
use super::recall::Memory;
use super::{Options, gen_ai, payload, place};

/// What began, what ended it, and what both say.
pub(super) struct Course<'a> {
    end: &'a Event,
    begin: Option<Event>,
    /// What both say, the end's word first.
    pub attributes: Attributes,
}

impl<'a> Course<'a> {
    /// The exchange that an answer ends, or the tool call that a result ends.
    pub fn ended_by(end: &'a Event, own: Attributes, memory: &Memory) -> Option<Self> {
        let begin = match end.kind() {
            "ai.response" => end
                .related("parent")
                .and_then(|request| memory.find(request))
                .filter(|request| request.kind() == "ai.request"),
            "agent.tool_result" => place::call_of(end, memory),
            _ => return None,
        };
        let mut attributes = own;
        if let Some(begin) = &begin {
            attributes.inherit(&payload::attributes(begin));
        }
        Some(Self {
            end,
            begin,
            attributes,
        })
    }

    /// The span.
    pub fn span(&self, options: &Options, memory: &Memory) -> Option<Span> {
        let is_tool = self.end.kind() == "agent.tool_result";
        let place = if is_tool {
            place::of_result(self.end, self.begin.as_ref(), memory)
        } else {
            ids::exchange(self.end)?
        };
        let name = if is_tool {
            self.tool_name()
        } else {
            self.exchange_name()
        };
        Some(self.placed(place, name, self.kind(is_tool), options))
    }

    fn placed(&self, place: Place, name: String, kind: SpanKind, options: &Options) -> Span {
        let mut attributes = self.attributes.clone();
        if options.content {
            for event in self.begin.iter().chain([self.end]) {
                content::add(&mut attributes, event, Form::Text);
            }
        }
        gen_ai::name_by(&mut attributes, options.conventions);
        Span {
            trace_id: place.trace,
            span_id: place.span,
            parent_span_id: place.parent.unwrap_or_default(),
            flags: place.flags,
            name,
            kind: kind.into(),
            start_time_unix_nano: self.start(),
            end_time_unix_nano: self.end.nanos(),
            attributes: attributes.into_proto(),
            status: Some(self.status()),
            ..Span::default()
        }
    }

    fn start(&self) -> u64 {
        let end = self.end.nanos();
        let lasted = ["/data/latency_ms", "/data/duration_ms"];
        let lasted = lasted.iter().find_map(|field| self.end.number(field));
        let lasted = Duration::from_millis(lasted.unwrap_or_default());
        let begin = self.begin.as_ref().map(Event::nanos);
        let lasted = u64::try_from(lasted.as_nanos()).unwrap_or_default();
        begin.unwrap_or(end.saturating_sub(lasted)).min(end)
    }

    fn status(&self) -> Status {
        if self.end.at("/data/success") != Some(&Value::Bool(false)) {
            return Status::default();
        }
        let message = self.end.text("/data/error/message").unwrap_or_default();
        Status {
            code: StatusCode::Error.into(),
            message: message.to_owned(),
        }
    }

    fn kind(&self, is_tool: bool) -> SpanKind {
        let is_local_tool = is_tool && self.end.attr("mcp.method.name").is_none();
        match (is_local_tool, self.end.is_server_side()) {
            (true, _) => SpanKind::Internal,
            (false, true) => SpanKind::Server,
            (false, false) => SpanKind::Client,
        }
    }

    fn exchange_name(&self) -> String {
        let operation = self.end.attr("gen_ai.operation.name").unwrap_or("chat");
        let asked = self.begin.as_ref().unwrap_or(self.end);
        with_target(operation, asked.text("/data/model/id"))
    }

    fn tool_name(&self) -> String {
        let events = self.begin.iter().chain([self.end]);
        let tool = events
            .filter_map(|event| event.text("/data/tool/name"))
            .next();
        let operation = self.end.attr("mcp.method.name").unwrap_or("execute_tool");
        with_target(operation, tool.filter(|tool| *tool != operation))
    }

    /// The event that ends it.
    pub fn end(&self) -> &Event {
        self.end
    }
}

fn with_target(operation: &str, target: Option<&str>) -> String {
    match target {
        Some(target) => format!("{operation} {target}"),
        None => operation.to_owned(),
    }
}
