//! What tool calls brought about: events of the machine tied to the call of the
//! model's answer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_core::raw::FileEvent;
use oisp_core::{ProcessEvent, ProcessFacts, RawEvent, RawKind, Timestamp};
use serde_json::{Value, json};
use support::*;

const SHELL: u32 = 4250;

/// What is told of a machine, a millisecond apart.
struct Told {
    raw: Vec<RawEvent>,
    lane: Lane,
}

impl Told {
    fn new() -> Self {
        Self {
            raw: Vec::new(),
            lane: Lane::new(CONN.handle),
        }
    }

    fn push(&mut self, pid: u32, kind: RawKind) {
        let millis = 1_700_000_000_000 + self.raw.len() as u64;
        self.raw.push(RawEvent {
            at: Timestamp::from_nanos(millis * 1_000_000),
            pid,
            tid: pid,
            kind,
        });
    }

    fn steps(&mut self, steps: &[Step]) {
        for event in self.lane.steps(steps) {
            self.push(CONN.pid, event.kind);
        }
    }

    fn writes(&mut self, pid: u32, path: &str) {
        let write = FileEvent::Write {
            path: path.into(),
            bytes: 1,
            times: 1,
            created: true,
            truncated: false,
            size: None,
        };
        self.push(pid, RawKind::File(write));
    }

    fn runs_shell(&mut self, command: &str) {
        let fork = ProcessEvent::Fork { child_pid: SHELL };
        self.push(CONN.pid, RawKind::Process(fork));
        let facts = ProcessFacts {
            pid: SHELL,
            ppid: Some(CONN.pid),
            exe: Some("/bin/sh".into()),
            args: Some(["sh", "-c", command].map(str::to_owned).into()),
            ..ProcessFacts::default()
        };
        self.push(SHELL, RawKind::Process(ProcessEvent::Exec(facts.into())));
    }
}

fn ask(messages: &Value) -> Step {
    let body = json!({"model": "gpt-4o", "messages": messages,
        "tools": [{"type": "function", "function": {"name": "run"}}]});
    Out(chat_request(&body.to_string()))
}

fn question() -> Step {
    ask(&json!([{"role": "user", "content": "go"}]))
}

/// An answer that asks for those tools: id and arguments.
fn calls(calls: &[(&str, Value)]) -> Step {
    let calls: Vec<_> = calls
        .iter()
        .map(|(id, arguments)| {
            json!({"id": id, "type": "function",
                   "function": {"name": "run", "arguments": arguments.to_string()}})
        })
        .collect();
    In(json_response(
        &json!({"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": null, "tool_calls": calls}}]})
        .to_string(),
    ))
}

fn results(ids: &[&str]) -> Step {
    let mut messages = vec![json!({"role": "user", "content": "go"})];
    let result = |id: &&str| json!({"role": "tool", "tool_call_id": id, "content": "done"});
    messages.extend(ids.iter().map(result));
    ask(&messages.into())
}

/// The ids of the calls that an event is tied to.
fn causes<'a>(events: &'a [Value], event: &Value) -> Vec<&'a str> {
    let calls = of_type(events, "agent.tool_call");
    let ties = event["related_events"].as_array();
    ties.into_iter()
        .flatten()
        .filter_map(|tie| {
            let is_it = |call: &&&Value| call["event_id"] == tie["event_id"];
            calls.iter().find(is_it)?["data"]["call_id"].as_str()
        })
        .collect()
}

#[test]
fn a_turn_of_an_agent() {
    let mut told = Told::new();
    told.writes(CONN.pid, "/work/before");
    told.steps(&[
        question(),
        calls(&[("call_1", json!({"command": "make all"}))]),
    ]);
    told.runs_shell("make all");
    told.writes(SHELL, "/work/out.o");
    told.writes(1, "/var/log/other");
    told.steps(&[results(&["call_1"]), In(json_response(&answer("done")))]);
    told.writes(CONN.pid, "/work/after");
    let events = decode(&told.raw);

    let exec = one(&events, "process.exec");
    assert_eq!(causes(&events, exec), ["call_1"]);
    assert_eq!(exec["related_events"][0]["relationship"], "caused_by");
    assert_eq!(exec["attrs"]["oisp.tool_call.tie"], "arguments");
    assert_eq!(exec["confidence"]["level"], "high");
    let tied: Vec<_> = of_type(&events, "file.write")
        .into_iter()
        .map(|event| {
            (
                event["data"]["path"].as_str().unwrap(),
                causes(&events, event),
            )
        })
        .collect();
    let nobody = Vec::<&str>::new();
    assert_eq!(
        tied,
        [
            ("/work/before", nobody.clone()),
            ("/work/out.o", vec!["call_1"]),
            ("/var/log/other", nobody.clone()),
            ("/work/after", nobody),
        ]
    );
}

#[test]
fn calls_of_one_answer() {
    let mut told = Told::new();
    told.steps(&[
        question(),
        calls(&[
            ("call_1", json!({"file_path": "/work/a.py"})),
            ("call_2", json!({"file_path": "/work/b.py"})),
        ]),
    ]);
    told.writes(CONN.pid, "/work/b.py");
    told.writes(CONN.pid, "/work/log");
    let events = decode(&told.raw);
    let writes = of_type(&events, "file.write");
    assert_eq!(causes(&events, writes[0]), ["call_2"]);
    assert_eq!(causes(&events, writes[1]), ["call_1", "call_2"]);
    assert_eq!(writes[1]["related_events"][0]["relationship"], "related");
    assert_eq!(writes[1]["attrs"]["oisp.tool_call.tie"], "one_of");
    assert_eq!(writes[1]["confidence"]["level"], "medium");
    assert_eq!(
        writes[1]["confidence"]["reasons"],
        json!(["tool_call_by_one_of"])
    );
}

#[test]
fn what_is_done_while_the_results_are_sent_is_no_tools_doing() {
    let Out(request) = results(&["call_1"]) else {
        panic!("a request is written")
    };
    let (begin, end) = request.split_at(request.len() - 10);
    let mut told = Told::new();
    told.steps(&[
        question(),
        calls(&[("call_1", json!({"x": "y"}))]),
        Out(begin.to_vec()),
    ]);
    told.writes(CONN.pid, "/home/u/history");
    told.steps(&[Out(end.to_vec()), In(json_response(&answer("done")))]);
    let events = decode(&told.raw);
    let write = one(&events, "file.write");
    assert!(write.get("related_events").is_none(), "{write:#}");
}

#[test]
fn what_a_server_tells_of_an_answer_opens_nothing() {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "go"}]});
    let ask = post("127.0.0.1:1", "/v1/chat/completions", "", &body.to_string());
    let In(answer) = calls(&[("call_1", json!({"path": "/work/a"}))]) else {
        panic!("an answer is read")
    };
    let mut told = Told::new();
    told.steps(&[In(ask), Out(answer)]);
    told.writes(CONN.pid, "/work/a");
    let events = decode(&told.raw);
    assert_eq!(of_type(&events, "agent.tool_call").len(), 1);
    assert!(one(&events, "file.write").get("related_events").is_none());
}
