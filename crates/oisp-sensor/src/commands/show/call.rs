//! A call, put together from its events, as text.

use std::fmt::Write as _;

use serde_json::Value;

use crate::output::{first_line, printable};

/// Above the lines of a list of calls.
pub(super) const HEADER: &str = "TIME      PID      PROCESS         MODEL                     STATUS     IN→OUT        MS  PROMPT";

/// The events of one call.
#[derive(Default)]
pub(super) struct Call {
    request: Option<Value>,
    response: Option<Value>,
}

/// The call that an event belongs to.
pub(super) fn request_id(event: &Value) -> Option<String> {
    let of = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    of(event.get("data")?, "request_id").or_else(|| of(event.get("attrs")?, "oisp.request_id"))
}

/// One event in a line.
pub(super) fn event_line(event: &Value) -> String {
    let what = match text(event, "/data/exe") {
        Some(exe) => exe,
        None => first_line(
            &event.get("data").map(Value::to_string).unwrap_or_default(),
            90,
        ),
    };
    let pid = number(event, "/process/pid");
    format!(
        "{}  {:<16} {pid:<8} {}",
        time(event),
        text(event, "/event_type").unwrap_or_default(),
        printable(&what)
    )
}

impl Call {
    pub(super) fn take(&mut self, event: Value) {
        match text(&event, "/event_type").as_deref() {
            Some("ai.request") => self.request = Some(event),
            Some("ai.response") => self.response = Some(event),
            _ => {}
        }
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
        out
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
fn time(event: &Value) -> String {
    text(event, "/ts")
        .and_then(|ts| ts.get(11..19).map(str::to_owned))
        .unwrap_or_else(|| "--:--:--".into())
}

fn text(value: &Value, path: &str) -> Option<String> {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn number(value: &Value, path: &str) -> String {
    value
        .pointer(path)
        .filter(|value| value.is_number())
        .map(Value::to_string)
        .unwrap_or_default()
}
