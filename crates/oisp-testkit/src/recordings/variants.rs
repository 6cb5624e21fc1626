//! The other forms that an exchange could have had on the wire. Each must give
//! the events of the whole one.

mod coded;
mod framed;
mod gap;
mod many;
mod split;

use std::collections::BTreeMap;

use oisp_core::Event;
use serde::Serialize;
use serde_json::Value;

use super::body::Body;
use super::compare;
use super::file::Recording;
use super::replay::{self, Tape};
use super::wire::{self, Message};

pub use many::{keep_alive, multiplexed};

/// An exchange as recorded, and what the decoder made of it.
pub struct Whole<'a> {
    /// The exchange.
    pub recording: &'a Recording,
    request: Message,
    response: Message,
    events: Vec<Event>,
    exact: Vec<u8>,
    /// Its events as JSON.
    pub json: Vec<Value>,
    normal: Vec<Value>,
}

impl<'a> Whole<'a> {
    /// Replays the exchange as it was recorded.
    ///
    /// # Errors
    ///
    /// The words of a panic of the decoder.
    pub fn of(recording: &'a Recording) -> Result<Self, String> {
        let framing = wire::recorded_framing(recording);
        let request = wire::request(recording, &recording.request);
        let response = wire::response(recording, &recording.response, &framing);
        let tape = replay::exchange(request.bytes.clone(), response.bytes.clone());
        let events = replay::events(&tape)?;
        let json = compare::exact(&events);
        Ok(Self {
            recording,
            request,
            response,
            exact: compare::bytes(&events),
            normal: compare::normal(&json),
            json,
            events,
        })
    }

    /// The same request, and that body as the answer.
    fn answered(&self, body: &Body, framing: &wire::Framing) -> Tape {
        let response = wire::response(self.recording, body, framing);
        replay::exchange(self.request.bytes.clone(), response.bytes)
    }
}

/// A variant that gave other events than the whole, or a panic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disagreement {
    /// The variant.
    pub variant: String,
    /// The recording.
    pub recording: String,
    /// Where and how.
    pub what: String,
}

/// What the variants showed.
#[derive(Debug, Default)]
pub struct Findings {
    /// Replays by variant.
    pub replays: BTreeMap<&'static str, u64>,
    /// At most one by recording and variant.
    pub disagreements: Vec<Disagreement>,
}

impl Findings {
    /// Adds what another thread found.
    pub fn merge(&mut self, other: Self) {
        for (variant, replays) in other.replays {
            *self.replays.entry(variant).or_default() += replays;
        }
        self.disagreements.extend(other.disagreements);
    }

    /// Notes that a variant of a recording is wrong.
    pub fn disagree(&mut self, variant: &str, recording: &Recording, what: String) {
        self.disagreements.push(Disagreement {
            variant: variant.to_owned(),
            recording: recording.id.clone(),
            what,
        });
    }

    /// Replays a tape; `None` where the decoder panicked, which is noted.
    fn replay(
        &mut self,
        variant: &'static str,
        recording: &Recording,
        tape: &Tape,
    ) -> Option<Vec<Event>> {
        *self.replays.entry(variant).or_default() += 1;
        match replay::events(tape) {
            Ok(events) => Some(events),
            Err(panic) => {
                self.disagree(variant, recording, format!("panic: {panic}"));
                None
            }
        }
    }

    /// The tape must give the very events of the whole, ids included. Returns
    /// whether it does.
    fn must_be_exact(&mut self, variant: &'static str, whole: &Whole<'_>, tape: &Tape) -> bool {
        let Some(events) = self.replay(variant, whole.recording, tape) else {
            return false;
        };
        // Most exchanges by far are no AI traffic or agree.
        if events.is_empty() && whole.events.is_empty() || compare::bytes(&events) == whole.exact {
            return true;
        }
        let what = compare::difference(&whole.json, &compare::exact(&events));
        self.disagree(variant, whole.recording, what.unwrap_or_default());
        false
    }

    /// The tape must give the events of the whole but for times and ids.
    fn must_say_the_same(&mut self, variant: &'static str, whole: &Whole<'_>, tape: &Tape) {
        let Some(events) = self.replay(variant, whole.recording, tape) else {
            return;
        };
        let got = compare::normal(&compare::exact(&events));
        if let Some(what) = compare::difference(&whole.normal, &got) {
            self.disagree(variant, whole.recording, what);
        }
    }
}

/// All variants of one exchange by itself.
pub fn of_one(whole: &Whole<'_>, findings: &mut Findings) {
    split::try_all(whole, findings);
    framed::try_all(whole, findings);
    coded::try_all(whole, findings);
    gap::try_all(whole, findings);
    many::single_stream(whole, findings);
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test states its assumptions by panicking"
    )]
    use super::super::sample;
    use super::*;

    #[test]
    fn other_bytes_are_found_to_say_something_else() {
        let one = sample::numbered_chat(1);
        let whole = Whole::of(&one).unwrap();
        let tape_of = |n| {
            let other = sample::numbered_chat(n);
            let other = Whole::of(&other).unwrap();
            replay::exchange(other.request.bytes.clone(), other.response.bytes.clone())
        };
        let mut findings = Findings::default();
        assert!(findings.must_be_exact("same", &whole, &tape_of(1)));
        findings.must_say_the_same("same", &whole, &tape_of(1));
        assert_eq!(findings.disagreements, []);
        assert!(!findings.must_be_exact("exact", &whole, &tape_of(2)));
        findings.must_say_the_same("normal", &whole, &tape_of(2));
        let named: Vec<_> = findings
            .disagreements
            .iter()
            .map(|it| &it.variant)
            .collect();
        assert_eq!(named, ["exact", "normal"]);
    }
}
