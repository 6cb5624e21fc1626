//! Among others: HTTP/2 alone and with many streams, and one HTTP/1.1
//! connection kept for many exchanges. Every call must come out as it does
//! alone, with its own answer.

use serde_json::Value;

use super::{Findings, Whole};
use crate::recordings::compare;
use crate::recordings::file::Recording;
use crate::recordings::frames;
use crate::recordings::random::Random;
use crate::recordings::replay::{Step, Tape};

const ALONE: &str = "http/2, one stream";
const TOGETHER: &str = "http/2, many streams";
const KEPT: &str = "connection kept";

/// One exchange over a connection of HTTP/2.
pub(super) fn single_stream(whole: &Whole<'_>, findings: &mut Findings) {
    let mut random = Random::of(&whole.recording.id, "h2");
    match frames::tape(&[whole.recording], &mut random) {
        Ok(tape) => findings.must_say_the_same(ALONE, whole, &tape),
        Err(why) => findings.disagree(ALONE, whole.recording, format!("not framed: {why}")),
    }
}

/// All exchanges as streams of one connection, answered in another order.
pub fn multiplexed(group: &[&Recording], findings: &mut Findings) {
    let Some(first) = group.first() else { return };
    let mut random = Random::of(&first.id, "many");
    match frames::tape(group, &mut random) {
        Ok(tape) => every_call_must_come(TOGETHER, group, &tape, findings),
        Err(why) => findings.disagree(TOGETHER, first, format!("not framed: {why}")),
    }
}

/// All exchanges one after the other on one connection of HTTP/1.1.
pub fn keep_alive(group: &[&Recording], findings: &mut Findings) {
    let mut tape = Tape::new();
    for (n, whole) in (0..).zip(wholes(group)) {
        tape.push((2 * n, Step::Out(whole.request.bytes)));
        tape.push((2 * n + 1, Step::In(whole.response.bytes)));
    }
    tape.push((u64::try_from(tape.len()).unwrap_or_default(), Step::Close));
    every_call_must_come(KEPT, group, &tape, findings);
}

fn wholes<'a>(group: &[&'a Recording]) -> impl Iterator<Item = Whole<'a>> {
    group
        .iter()
        .filter_map(|recording| Whole::of(recording).ok())
}

fn every_call_must_come(
    variant: &'static str,
    group: &[&Recording],
    tape: &Tape,
    findings: &mut Findings,
) {
    let Some(first) = group.first() else { return };
    let Some(events) = findings.replay(variant, first, tape) else {
        return;
    };
    let mut got = compare::calls(&compare::exact(&events));
    let mut missing: Vec<(&Recording, Vec<Value>)> = Vec::new();
    for whole in wholes(group) {
        for call in compare::calls(&whole.json) {
            match got.iter().position(|got| *got == call) {
                Some(at) => drop(got.swap_remove(at)),
                None => missing.push((whole.recording, call)),
            }
        }
    }
    for (recording, call) in &missing {
        let what = got
            .iter()
            .filter_map(|got| compare::difference(call, got))
            .max_by_key(|what| what.len())
            .unwrap_or_else(|| String::from("no such call"));
        findings.disagree(variant, recording, what);
    }
    if missing.len() < got.len() {
        let surplus = got.len() - missing.len();
        findings.disagree(variant, first, format!("{surplus} calls too many"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{replay, sample};
    use super::*;

    fn wrong_with(tape: &Tape, group: &[&Recording]) -> Vec<String> {
        let mut findings = Findings::default();
        every_call_must_come(KEPT, group, tape, &mut findings);
        let named = findings.disagreements.into_iter();
        named.map(|found| found.recording).collect()
    }

    fn swapped(a: &Recording, b: &Recording) -> Option<Tape> {
        let (a, b) = (Whole::of(a).ok()?, Whole::of(b).ok()?);
        let mut tape = replay::exchange(a.request.bytes, b.response.bytes);
        tape.pop();
        tape.extend(replay::exchange(b.request.bytes, a.response.bytes));
        Some(tape)
    }

    #[test]
    fn an_answer_at_the_wrong_call_is_found() {
        let (a, b) = (sample::numbered_chat(1), sample::numbered_chat(2));
        let tape = swapped(&a, &b);
        assert_eq!(
            tape.map(|tape| wrong_with(&tape, &[&a, &b])),
            Some(vec![String::from("chat#1"), String::from("chat#2")])
        );
        let right = swapped(&a, &a);
        assert_eq!(right.map(|tape| wrong_with(&tape, &[&a, &a])), Some(vec![]));
    }

    #[test]
    fn a_call_too_many_is_found() {
        let a = sample::numbered_chat(1);
        let tape = swapped(&a, &a);
        assert_eq!(
            tape.map(|tape| wrong_with(&tape, &[&a])),
            Some(vec![String::from("chat#1")])
        );
    }
}
