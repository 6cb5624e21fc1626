//! What a run showed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::compare;
use super::file::Recording;
use super::reason;
use super::table;
use super::variants::{Disagreement, Findings};

/// Figures of one host's exchanges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// All.
    pub exchanges: u64,
    /// With an `ai.request` and an `ai.response`.
    pub decoded: u64,
    /// Of them, complete.
    pub ok: u64,
    /// Of them, not complete.
    pub partial: u64,
    /// With text in the answer.
    pub text: u64,
    /// With tool calls in the answer.
    pub tool_calls: u64,
    /// With token counts.
    pub usage: u64,
}

/// What an exception is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A rule says that no model is called.
    NotAi,
    /// The recording cannot have gone over the wire so.
    Broken,
    /// No event was made and no rule says why.
    Unexplained,
    /// Events were made, and a rule says that no model is called.
    Unexpected,
    /// The decoder panicked.
    Panic,
}

/// A recording that is not simply decoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exception {
    /// What it is.
    pub kind: Kind,
    /// The rule, or what is wrong.
    pub reason: String,
    /// Its name.
    pub recording: String,
    /// Method, host and path.
    pub call: String,
}

/// A run's result.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// By host.
    pub hosts: BTreeMap<String, Figures>,
    /// By kind, reason and name.
    pub exceptions: Vec<Exception>,
    /// Replays by variant.
    pub replays: BTreeMap<&'static str, u64>,
    /// Variants that gave other events than the whole.
    pub disagreements: Vec<Disagreement>,
    /// The events of each recording, replayed whole, in the order of the file.
    #[serde(skip)]
    pub events: Vec<(String, Vec<Value>)>,
}

impl Report {
    /// Every variant agrees with the whole, and nothing panicked.
    pub fn is_good(&self) -> bool {
        let panicked = |exception: &Exception| exception.kind == Kind::Panic;
        self.disagreements.is_empty() && !self.exceptions.iter().any(panicked)
    }

    /// The report as text.
    pub fn to_text(&self) -> String {
        table::text(self)
    }

    /// Takes what a recording gave, replayed whole.
    pub(super) fn add(&mut self, recording: &Recording, outcome: Result<Vec<Value>, String>) {
        let host = self.hosts.entry(recording.host().to_owned()).or_default();
        host.exchanges += 1;
        let (events, panic) = match outcome {
            Ok(events) => (events, None),
            Err(panic) => (Vec::new(), Some(panic)),
        };
        let decoded = host.count(&events);
        let mut except = |kind, reason: &str| {
            self.exceptions.push(Exception {
                kind,
                reason: reason.to_owned(),
                recording: recording.id.clone(),
                call: format!(
                    "{} {}{}",
                    recording.method,
                    recording.host(),
                    recording.path()
                ),
            });
        };
        for reason in reason::broken(recording) {
            except(Kind::Broken, reason);
        }
        match (panic, decoded, reason::not_ai(recording)) {
            (Some(words), _, _) => except(Kind::Panic, &words),
            (None, true, None) => {}
            (None, true, Some(rule)) => except(Kind::Unexpected, rule),
            (None, false, Some(rule)) => except(Kind::NotAi, rule),
            (None, false, None) => except(Kind::Unexplained, "no AI event, and no rule says why"),
        }
        self.events.push((recording.id.clone(), events));
    }

    pub(super) fn take(&mut self, findings: Findings) {
        self.replays = findings.replays;
        self.disagreements = findings.disagreements;
        self.disagreements.sort();
        self.exceptions.sort();
    }
}

impl Figures {
    /// Counts an exchange's events; whether they are a call and its answer.
    fn count(&mut self, events: &[Value]) -> bool {
        let of = |kind: &str| events.iter().find(|event| event["event_type"] == kind);
        let (Some(asked), Some(answered)) = (of("ai.request"), of("ai.response")) else {
            return false;
        };
        let data = &answered["data"];
        let list = |field: &str| data[field].as_array().map_or(&[][..], Vec::as_slice);
        let has_text = |choice: &Value| !compare::text_of(choice).is_empty();
        self.decoded += 1;
        if compare::is_full(asked) && compare::is_full(answered) {
            self.ok += 1;
        } else {
            self.partial += 1;
        }
        self.text += u64::from(list("choices").iter().any(has_text));
        self.tool_calls += u64::from(!list("tool_calls").is_empty());
        self.usage += u64::from(data["usage"].is_object());
        true
    }

    /// Adds another host's.
    pub(super) const fn add(&mut self, other: &Self) {
        self.exchanges += other.exchanges;
        self.decoded += other.decoded;
        self.ok += other.ok;
        self.partial += other.partial;
        self.text += other.text;
        self.tool_calls += other.tool_calls;
        self.usage += other.usage;
    }
}
