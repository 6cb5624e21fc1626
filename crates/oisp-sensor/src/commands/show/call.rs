//! A call, put together from its events, as text.

use std::fmt::Write as _;

use serde_json::Value;

use super::activity;
use crate::output::{first_line, printable};

/// Above the lines of a list of calls.
pub(super) const HEADER: &str = "TIME      PID      PROCESS         MODEL                     STATUS     IN→OUT        MS  PROMPT";

/// The events of one call.
#[derive(Default)]
pub(super) struct Call {
    request: Option<Value>,
    response: Option<Value>,
    /// What it led to: its tool calls, and what those brought about.
    deeds: Vec<Value>,
}

/// The call that an event belongs to.
pub(super) fn request_id(event: &Value) -> Option<String> {
    let of = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    of(event.get("data")?, "request_id").or_else(|| of(event.get("attrs")?, "oisp.request_id"))
}

impl Call {
    pub(super) fn take(&mut self, event: Value) {
        match text(&event, "/event_type").as_deref() {
            Some("ai.request") => self.request = Some(event),
            Some("ai.response") => self.response = Some(event),
            Some("agent.tool_call") => self.deeds.push(event),
            _ => {}
        }
    }

    /// Takes an event that one of its tool calls brought about.
    pub(super) fn caused(&mut self, event: Value) {
        self.deeds.push(event);
    }

    /// The ids of its tool calls.
    pub(super) fn tool_calls(&self) -> Vec<String> {
        let ids = self
            .deeds
            .iter()
            .filter_map(|event| text(event, "/event_id"));
        ids.collect()
    }

    /// The call in a line below [`HEADER`].
    pub(super) fn line(&self) -> String {
        let Some(any) = self.request.as_ref().or(self.response.as_ref()) else {
            return String::new();
        };
        let response = self.response.as_ref();
        let of_response = |path: &str| {
            response
                .map(|response| number(response, path))
                .unwrap_or_default()
        };
        let tokens = format!(
            "{}→{}",
            of_response("/data/usage/prompt_tokens"),
            of_response("/data/usage/completion_tokens")
        );
        format!(
            "{}  {:<8} {:<15} {:<25} {:<10} {:<10} {:>6}  {}",
            time(any),
            number(any, "/process/pid"),
            first_line(&text(any, "/process/name").unwrap_or_default(), 15),
            first_line(&self.model(), 25),
            self.status(),
            tokens,
            of_response("/data/latency_ms"),
            first_line(&self.prompt(), 60),
        )
    }

    fn model(&self) -> String {
        let model = |event: &Option<Value>| text(event.as_ref()?, "/data/model/id");
        model(&self.request)
            .or_else(|| model(&self.response))
            .unwrap_or_default()
    }

    /// What the user asked last.
    fn prompt(&self) -> String {
        let messages = self
            .request
            .as_ref()
            .and_then(|event| event.pointer("/data/messages"))
            .and_then(Value::as_array);
        let asked = messages
            .into_iter()
            .flatten()
            .rev()
            .find(|message| message["role"] == "user");
        asked
            .and_then(|message| text(message, "/content"))
            .unwrap_or_default()
    }

    fn status(&self) -> String {
        let Some(response) = &self.response else {
            return "no answer".into();
        };
        let partial = response
            .pointer("/confidence/completeness")
            .is_some_and(|word| word == "partial");
        let code = number(response, "/data/status_code");
        match response.pointer("/data/success").and_then(Value::as_bool) {
            _ if partial => "partial".into(),
            Some(true) => text(response, "/data/finish_reason").unwrap_or_else(|| "ok".into()),
            Some(false) => format!("error {code}"),
            None => "unknown".into(),
        }
    }

    /// The call whole: conversation, answer, facts.
    pub(super) fn whole(&self) -> String {
        let mut out = String::new();
        for event in [&self.request, &self.response].into_iter().flatten() {
            let _ = writeln!(
                out,
                "{}  {}",
                time(event),
                text(event, "/event_type").unwrap_or_default()
            );
            facts(&mut out, event);
        }
        if let Some(messages) = self
            .request
            .as_ref()
            .and_then(|event| event.pointer("/data/messages"))
            .and_then(Value::as_array)
        {
            messages.iter().for_each(|message| speak(&mut out, message));
        }
        if let Some(response) = &self.response {
            self.answer(&mut out, response);
        }
        self.what_then_happened(&mut out);
        out
    }

    /// The tool calls, and below each what it brought about.
    fn what_then_happened(&self, out: &mut String) {
        for call in self.deeds.iter().filter(|event| is_tool_call(event)) {
            let id = text(call, "/event_id").unwrap_or_default();
            let caused = self.deeds.iter().filter(|event| !is_tool_call(event));
            let mut caused = caused
                .filter(|event| related(event).any(|cause| cause == id))
                .peekable();
            if caused.peek().is_some() {
                let _ = writeln!(out, "\n[then] {}", activity::what(call));
            }
            for event in caused {
                let one_of = text(event, "/attrs/oisp.tool_call.tie").as_deref() == Some("one_of");
                let doubt = if one_of {
                    "  (or another call of this answer)"
                } else {
                    ""
                };
                let _ = writeln!(out, "  {}{doubt}", activity::line(event));
            }
        }
    }

    fn answer(&self, out: &mut String, response: &Value) {
        let choices = response.pointer("/data/choices").and_then(Value::as_array);
        choices
            .into_iter()
            .flatten()
            .for_each(|choice| speak(out, &choice["message"]));
        let calls = response
            .pointer("/data/tool_calls")
            .and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            let _ = writeln!(
                out,
                "\n[tool call] {} {}",
                text(call, "/name").unwrap_or_default(),
                printable(&call["arguments"].to_string())
            );
        }
        if let Some(message) = text(response, "/data/error/message") {
            let _ = writeln!(out, "\n[error] {}", printable(&message));
        }
    }
}

fn is_tool_call(event: &Value) -> bool {
    event
        .get("event_type")
        .is_some_and(|kind| kind == "agent.tool_call")
}

/// The events that an event is tied to.
pub(super) fn related(event: &Value) -> impl Iterator<Item = &str> {
    let ties = event.get("related_events").and_then(Value::as_array);
    ties.into_iter()
        .flatten()
        .filter_map(|tie| tie.get("event_id")?.as_str())
}

/// The server's view of a call.
pub(super) fn is_servers(event: &Value) -> bool {
    text(event, "/attrs/oisp.side").as_deref() == Some("server")
}

fn facts(out: &mut String, event: &Value) {
    let shown = [
        ("event", "/event_id"),
        ("process", "/process/exe"),
        ("pid", "/process/pid"),
        ("container", "/process/container_id"),
        ("container name", "/attrs/container.name"),
        ("image", "/attrs/container.image.name"),
        ("pod namespace", "/attrs/k8s.namespace.name"),
        ("pod", "/attrs/k8s.pod.name"),
        ("provider", "/data/provider/name"),
        ("endpoint", "/data/provider/endpoint"),
        ("model", "/data/model/id"),
        ("status", "/data/status_code"),
        ("finish", "/data/finish_reason"),
        ("usage", "/data/usage"),
        ("latency ms", "/data/latency_ms"),
        ("first token ms", "/data/time_to_first_token_ms"),
        ("completeness", "/confidence/completeness"),
        ("missing", "/confidence/missing"),
    ];
    for (name, path) in shown {
        match event.pointer(path) {
            Some(Value::String(text)) => drop(writeln!(out, "  {name:<15}{}", printable(text))),
            Some(other) => drop(writeln!(out, "  {name:<15}{other}")),
            None => {}
        }
    }
}

fn speak(out: &mut String, message: &Value) {
    let role = text(message, "/role").unwrap_or_default();
    match message.get("content") {
        Some(Value::String(content)) => drop(writeln!(out, "\n[{role}]\n{}", printable(content))),
        Some(marker) => drop(writeln!(out, "\n[{role}] {marker}")),
        None => {}
    }
}

/// Hours, minutes and seconds of an event's time, UTC.
pub(super) fn time(event: &Value) -> String {
    text(event, "/ts")
        .and_then(|ts| ts.get(11..19).map(str::to_owned))
        .unwrap_or_else(|| "--:--:--".into())
}

pub(super) fn text(value: &Value, path: &str) -> Option<String> {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

pub(super) fn number(value: &Value, path: &str) -> String {
    value
        .pointer(path)
        .filter(|value| value.is_number())
        .map(Value::to_string)
        .unwrap_or_default()
}
