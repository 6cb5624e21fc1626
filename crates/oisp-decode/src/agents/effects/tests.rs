//! Which call caused what.

use oisp_core::event::ai::Arguments;
use oisp_core::raw::{Access, FileEvent, NetEvent};
use oisp_core::{ProcessEvent, ProcessFacts, RawEvent, RawKind};
use serde_json::json;

use super::agent::MAX_AGE_MS;
use super::*;
use crate::network::Network;
use crate::{file, process};

const AGENT: u32 = 10;
const SHELL: u32 = 11;
const CHILD: u32 = 12;
const OTHER: u32 = 20;

/// A machine on which an agent runs a shell, and that another program.
struct Scene {
    effects: Effects,
    lineage: Lineage,
    network: Network,
    second: u64,
}

fn event_id(n: u64) -> EventId {
    EventId::derive(Timestamp::default(), &[&n.to_le_bytes()])
}

fn call(arguments: serde_json::Value) -> ToolCall {
    ToolCall {
        arguments: match arguments {
            serde_json::Value::Object(arguments) => Arguments::Object(arguments),
            other => Arguments::Text(other.to_string()),
        },
        ..ToolCall::default()
    }
}

impl Scene {
    fn new() -> Self {
        let mut lineage = Lineage::default();
        lineage.learn(AGENT, &ProcessEvent::Fork { child_pid: SHELL });
        lineage.learn(SHELL, &ProcessEvent::Fork { child_pid: CHILD });
        lineage.learn(1, &ProcessEvent::Fork { child_pid: OTHER });
        Self {
            effects: Effects::default(),
            lineage,
            network: Network::default(),
            second: 0,
        }
    }

    fn at(&mut self) -> Timestamp {
        self.second += 1;
        Timestamp::from_nanos(self.second * 1_000_000_000)
    }

    fn answer(&mut self, conversation: &str, calls: &[(u64, serde_json::Value)]) {
        let at = self.at();
        let calls: Vec<_> = calls
            .iter()
            .map(|(n, arguments)| (event_id(*n), call(arguments.clone())))
            .collect();
        let calls = calls.iter().map(|(event, call)| (*event, call));
        self.effects.open(AGENT, conversation, calls, at);
    }

    fn request(&mut self, conversation: &str, results: &[u64]) {
        let at = self.at();
        let results: Vec<_> = results.iter().map(|n| event_id(*n)).collect();
        let ends = [
            Some("model.internal:8080".into()),
            Some("192.0.2.9:8080".into()),
        ];
        self.effects
            .goes_on(AGENT, conversation, &results, ends, at);
    }

    /// The tie of what a process did, in short: how, and to which calls.
    fn did(&mut self, pid: u32, kind: RawKind) -> Option<(String, Vec<EventId>)> {
        let raw = RawEvent {
            at: self.at(),
            pid,
            tid: pid,
            kind,
        };
        let mut event = match &raw.kind {
            RawKind::Process(event) => process::event_of(&raw, event)?,
            RawKind::File(event) => file::event_of(&raw, event),
            RawKind::Net(event) => self.network.event_of(&raw, event),
            RawKind::Tls(_) => return None,
        };
        let is_model = |name: &str| name == "api.openai.com";
        self.effects.tie(&mut event, &self.lineage, is_model);
        let how = event.attrs.get("oisp.tool_call.tie")?.as_str()?.to_owned();
        let is_sure = event.confidence.level == Level::High;
        assert_eq!(is_sure, matches!(how.as_str(), "arguments" | "process"));
        let calls = event.related_events.iter().map(|tie| tie.event_id);
        Some((how, calls.collect()))
    }

    fn opens(&mut self, pid: u32, path: &str) -> Option<(String, Vec<EventId>)> {
        let open = FileEvent::Open {
            path: path.into(),
            access: Access::default(),
            times: 1,
        };
        self.did(pid, RawKind::File(open))
    }

    fn runs(&mut self, pid: u32, args: &[&str]) -> Option<(String, Vec<EventId>)> {
        let facts = ProcessFacts {
            pid,
            exe: Some("/bin/x".into()),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            ..ProcessFacts::default()
        };
        self.did(pid, RawKind::Process(ProcessEvent::Exec(facts.into())))
    }

    fn ends(&mut self, pid: u32) -> Option<(String, Vec<EventId>)> {
        let exit = ProcessEvent::Exit {
            code: Some(0),
            signal: None,
            core_dumped: false,
            runtime_ms: None,
            usage: oisp_core::raw::Usage::default(),
        };
        self.did(pid, RawKind::Process(exit))
    }

    fn connects(&mut self, pid: u32, remote: &str) -> Option<(String, Vec<EventId>)> {
        let connect = NetEvent::Connect {
            local: None,
            remote: remote.parse().unwrap(),
            error: None,
            latency_ns: None,
        };
        self.did(pid, RawKind::Net(connect))
    }
}

fn tied(how: &str, calls: &[u64]) -> Option<(String, Vec<EventId>)> {
    Some((how.to_owned(), calls.iter().map(|n| event_id(*n)).collect()))
}

#[test]
fn what_happens_between_an_answer_and_the_results_is_the_calls() {
    let mut scene = Scene::new();
    assert_eq!(scene.opens(AGENT, "/before"), None);
    scene.answer("c", &[(1, json!({"x": 1}))]);
    assert_eq!(scene.opens(AGENT, "/a"), tied("time", &[1]));
    assert_eq!(scene.opens(CHILD, "/a"), tied("time", &[1]));
    assert_eq!(scene.ends(CHILD), None, "it was not run for the call");
    assert_eq!(
        scene.opens(OTHER, "/a"),
        None,
        "it does not come from the agent"
    );
    scene.request("c", &[1]);
    assert_eq!(scene.opens(AGENT, "/after"), None);
}

#[test]
fn arguments_tell_the_calls_of_one_answer_apart() {
    let mut scene = Scene::new();
    let calls = [
        (1, json!({"file_path": "/project/a.py", "content": "x"})),
        (2, json!({"command": "make all"})),
    ];
    scene.answer("c", &calls);
    assert_eq!(scene.opens(AGENT, "/project/a.py"), tied("arguments", &[1]));
    assert_eq!(scene.opens(AGENT, "/project/b.py"), tied("one_of", &[1, 2]));
    assert_eq!(
        scene.runs(SHELL, &["bash", "-c", "make all"]),
        tied("arguments", &[2])
    );
    assert_eq!(scene.runs(CHILD, &["cc", "main.c"]), tied("process", &[2]));
    assert_eq!(scene.opens(CHILD, "/project/main.c"), tied("process", &[2]));
    assert_eq!(scene.ends(CHILD), tied("process", &[2]));
    let fork = ProcessEvent::Fork { child_pid: 99 };
    assert_eq!(scene.did(SHELL, RawKind::Process(fork)), None);
}

#[test]
fn what_a_call_started_is_its_doing_only_until_it_is_over() {
    let mut scene = Scene::new();
    scene.answer("c", &[(1, json!({"command": "serve --all"}))]);
    assert_eq!(
        scene.runs(SHELL, &["bash", "-c", "serve --all"]),
        tied("arguments", &[1])
    );
    scene.request("c", &[1]);
    assert_eq!(scene.opens(SHELL, "/a"), None);
    scene.answer("c", &[(2, json!({}))]);
    assert_eq!(
        scene.opens(SHELL, "/a"),
        tied("time", &[2]),
        "a shell that stays"
    );
}

#[test]
fn two_conversations_at_a_time_are_told_apart_by_arguments_only() {
    let mut scene = Scene::new();
    scene.answer("a", &[(1, json!({"path": "/project/a"}))]);
    scene.answer("b", &[(2, json!({"path": "/project/b"}))]);
    assert_eq!(scene.opens(AGENT, "/project/b"), tied("arguments", &[2]));
    assert_eq!(scene.opens(AGENT, "/project/c"), None);
    scene.request("a", &[1]);
    assert_eq!(scene.opens(AGENT, "/project/c"), tied("time", &[2]));
}

#[test]
fn a_file_that_both_conversations_name_is_tied_to_none() {
    let mut scene = Scene::new();
    scene.answer("a", &[(1, json!({"path": "/project/a"}))]);
    scene.answer("b", &[(2, json!({"path": "/project/a"}))]);
    assert_eq!(scene.opens(AGENT, "/project/a"), None);
}

#[test]
fn a_conversation_that_goes_on_without_results_leaves_doubt() {
    let mut scene = Scene::new();
    scene.answer("c", &[(1, json!({"path": "/project/a"}))]);
    scene.request("c", &[]);
    assert_eq!(scene.opens(AGENT, "/b"), None);
    assert_eq!(scene.opens(AGENT, "/project/a"), tied("arguments", &[1]));
    scene.answer("c", &[(2, json!({}))]);
    assert_eq!(scene.opens(AGENT, "/b"), None, "two may be at work");
    scene.second += 61;
    assert_eq!(scene.opens(AGENT, "/b"), tied("time", &[2]));
}

#[test]
fn an_agents_talk_with_a_model_is_no_tools_doing() {
    let mut scene = Scene::new();
    scene.request("c", &[]);
    scene.answer("c", &[(1, json!({}))]);
    assert_eq!(scene.connects(AGENT, "192.0.2.9:8080"), None);
    assert_eq!(scene.connects(AGENT, "192.0.2.9:443"), tied("time", &[1]));
    assert_eq!(scene.connects(CHILD, "192.0.2.9:8080"), tied("time", &[1]));
    let resolved = |name: &str| {
        RawKind::Net(NetEvent::Resolved {
            name: name.into(),
            query_type: "A".into(),
            response_code: "NOERROR".into(),
            addresses: vec!["198.51.100.1".parse().unwrap()],
            resolver: None,
            latency_ns: None,
        })
    };
    assert_eq!(scene.did(AGENT, resolved("model.internal")), None);
    assert_eq!(scene.did(AGENT, resolved("api.openai.com.")), None);
    assert_eq!(scene.connects(AGENT, "198.51.100.1:443"), None);
    assert_eq!(
        scene.did(AGENT, resolved("docs.example.com")),
        tied("time", &[1])
    );
}

#[test]
fn while_a_request_is_written_time_tells_nothing() {
    let mut scene = Scene::new();
    scene.answer("c", &[(1, json!({"path": "/project/a"}))]);
    let at = scene.at();
    scene.effects.asking(AGENT, at);
    assert_eq!(scene.opens(AGENT, "/history"), None);
    assert_eq!(scene.opens(AGENT, "/project/a"), tied("arguments", &[1]));
    scene.effects.asked(AGENT);
    assert_eq!(scene.opens(AGENT, "/history"), tied("time", &[1]));
}

#[test]
fn a_connection_that_began_before_the_answer_is_not_the_calls() {
    let mut scene = Scene::new();
    scene.second = 100;
    scene.answer("c", &[(1, json!({}))]);
    let mut closes = |seconds: Option<u64>| {
        let close = NetEvent::Close {
            local: "192.0.2.1:40000".parse().unwrap(),
            remote: "198.51.100.7:443".parse().unwrap(),
            outbound: Some(true),
            bytes_sent: None,
            bytes_received: None,
            duration_ns: seconds.map(|seconds| seconds * 1_000_000_000),
        };
        scene.did(CHILD, RawKind::Net(close))
    };
    assert_eq!(closes(Some(50)), None);
    assert_eq!(closes(None), None);
    assert_eq!(closes(Some(1)), tied("time", &[1]));
}

#[test]
fn an_agent_that_a_tool_runs_answers_for_its_own() {
    let mut scene = Scene::new();
    scene.answer("outer", &[(1, json!({"command": "sub-agent run"}))]);
    scene.runs(SHELL, &["bash", "-c", "sub-agent run"]);
    let at = scene.at();
    let inner = call(json!({"path": "/x"}));
    scene
        .effects
        .open(SHELL, "inner", [(event_id(2), &inner)].into_iter(), at);
    assert_eq!(scene.opens(CHILD, "/y"), tied("time", &[2]));
    let at = scene.at();
    scene
        .effects
        .goes_on(SHELL, "inner", &[event_id(2)], [None, None], at);
    assert_eq!(scene.opens(CHILD, "/y"), tied("process", &[1]));
}

#[test]
fn nothing_is_tied_to_a_call_of_a_process_that_ended_or_long_ago() {
    let mut scene = Scene::new();
    scene.answer("c", &[(1, json!({}))]);
    scene.second += MAX_AGE_MS / 1000 + 1;
    assert_eq!(scene.opens(AGENT, "/a"), None);
    scene.answer("c", &[(2, json!({}))]);
    scene.effects.exited(AGENT);
    assert_eq!(scene.opens(CHILD, "/a"), None);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut effects = Effects::default();
    let long = "x".repeat(4000);
    let call = call(json!({"a": long, "b": long, "c": long, "d": long, "e": long}));
    for pid in 0..3000u32 {
        let at = Timestamp::from_nanos(u64::from(pid));
        effects.open(pid, "c", (0..100).map(|n| (event_id(n), &call)), at);
        effects.ran(pid, event_id(1), true);
    }
    assert!(effects.agents.len() <= MAX_PROCESSES);
    let windows = effects.agents.values().flat_map(|agent| &agent.windows);
    assert!(windows.map(Window::held).sum::<usize>() <= MAX_HELD);
    for n in 0..100 {
        effects.open(
            1,
            "c",
            [(event_id(n), &call)].into_iter(),
            Timestamp::default(),
        );
    }
    assert_eq!(effects.agents[&1].windows.len(), MAX_WINDOWS);
}
