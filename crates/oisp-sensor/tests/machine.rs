//! A capture file in which an agent asks a model on the same machine, and does
//! what it is asked to: decoded, and shown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use oisp_capture::Writer;
use oisp_core::raw::{Access, Container, TlsKind, Transport, Usage};
use oisp_core::{
    ConnId, Direction, FileEvent, NetEvent, ProcessEvent, ProcessFacts, RawEvent, RawKind,
    Timestamp, TlsEvent,
};
use serde_json::{Value, json};

const AGENT: u32 = 100;
const MODEL: u32 = 200;
const SHELL: u32 = 101;

/// What a backend tells, a millisecond apart.
#[derive(Default)]
struct Story {
    raw: Vec<RawEvent>,
    /// Bytes that went from the agent to the model, and back, at each end.
    offsets: [[u64; 2]; 2],
}

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Story {
    fn push(&mut self, pid: u32, kind: RawKind) {
        let nanos = 1_700_000_000_000_000_000 + self.raw.len() as u64 * 1_000_000;
        self.raw.push(RawEvent {
            at: Timestamp::from_nanos(nanos),
            pid,
            tid: pid,
            kind,
        });
    }

    fn process(&mut self, pid: u32, event: ProcessEvent) {
        self.push(pid, RawKind::Process(event));
    }

    fn program(&mut self, pid: u32, ppid: u32, args: &[&str], started: bool) {
        let facts = ProcessFacts {
            pid,
            ppid: Some(ppid),
            exe: Some(format!("/usr/bin/{}", args[0])),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            cwd: Some("/work".into()),
            uid: Some(1000),
            container: Some(Container::default().into()),
            ..ProcessFacts::default()
        };
        let event = if started {
            ProcessEvent::Exec(facts.into())
        } else {
            ProcessEvent::Seen(facts.into())
        };
        self.process(pid, event);
    }

    fn tls(&mut self, pid: u32, what: TlsKind) {
        let conn = ConnId {
            pid,
            start_time: 1,
            handle: 1,
            generation: 0,
        };
        self.push(pid, RawKind::Tls(TlsEvent { conn, what }));
    }

    /// Both ends tell bytes; who writes them tells first.
    fn bytes(&mut self, from: u32, to: u32, bytes: &[u8]) {
        let way = usize::from(from == MODEL);
        for (end, pid, direction) in [(0, from, Direction::Outgoing), (1, to, Direction::Incoming)]
        {
            let offset = self.offsets[way][end];
            self.offsets[way][end] += bytes.len() as u64;
            let what = TlsKind::Data {
                direction,
                offset,
                bytes: bytes.to_vec().into(),
            };
            self.tls(pid, what);
        }
    }

    fn open(&mut self) {
        let (client, server) = (socket("127.0.0.1:40000"), socket("127.0.0.1:11434"));
        for (pid, local, remote) in [(AGENT, client, server), (MODEL, server, client)] {
            let opened = TlsKind::Opened {
                remote: None,
                transport: Transport::Tcp,
            };
            self.tls(pid, opened);
            self.tls(pid, TlsKind::Socket { local, remote });
        }
    }

    fn ask(&mut self, messages: &Value) {
        let tools = json!([{"type": "function", "function": {"name": "run"}}]);
        let body = json!({"model": "llama3.2", "messages": messages, "tools": tools}).to_string();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:11434\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.bytes(AGENT, MODEL, format!("{head}{body}").as_bytes());
    }

    fn answer(&mut self, finish: &str, message: &Value) {
        let body = json!({"id": "c", "model": "llama3.2",
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}})
        .to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.bytes(MODEL, AGENT, format!("{head}{body}").as_bytes());
    }

    /// What the tool does.
    fn run_tool(&mut self) {
        self.process(AGENT, ProcessEvent::Fork { child_pid: SHELL });
        self.program(SHELL, AGENT, &["sh", "-c", "make all"], true);
        let access = Access {
            read: true,
            ..Access::default()
        };
        for event in [
            FileEvent::Open {
                path: "/work/Makefile".into(),
                access,
                times: 2,
            },
            FileEvent::Write {
                path: "/work/out.tmp".into(),
                bytes: 2048,
                times: 4,
                created: true,
                truncated: false,
                size: Some(2048),
            },
            FileEvent::Rename {
                from: "/work/out.tmp".into(),
                to: "/work/out.bin".into(),
            },
            FileEvent::Delete {
                path: "/work/cache".into(),
                is_directory: true,
            },
        ] {
            self.push(SHELL, RawKind::File(event));
        }
        let (local, remote) = (socket("192.0.2.7:41000"), socket("198.51.100.4:443"));
        for event in [
            NetEvent::Resolved {
                name: "docs.example.com".into(),
                query_type: "A".into(),
                response_code: "NOERROR".into(),
                addresses: vec![remote.ip()],
                resolver: Some(socket("192.0.2.53:53")),
                latency_ns: Some(2_000_000),
            },
            NetEvent::Connect {
                local: Some(local),
                remote,
                error: None,
                latency_ns: Some(900_000),
            },
            NetEvent::Close {
                local,
                remote,
                outbound: Some(true),
                bytes_sent: Some(100),
                bytes_received: Some(5000),
                duration_ns: Some(500_000),
            },
        ] {
            self.push(SHELL, RawKind::Net(event));
        }
        let exit = ProcessEvent::Exit {
            code: Some(0),
            signal: None,
            core_dumped: false,
            runtime_ms: Some(9),
            usage: Usage {
                cpu_user_ms: Some(3),
                cpu_system_ms: Some(1),
                max_rss_kb: Some(900),
            },
        };
        self.process(SHELL, exit);
    }

    fn told() -> Vec<RawEvent> {
        let mut story = Self::default();
        story.program(AGENT, 1, &["python3", "agent.py"], false);
        story.program(MODEL, 1, &["model-server"], false);
        let accept = NetEvent::Accept {
            local: socket("127.0.0.1:11434"),
            remote: socket("127.0.0.1:40000"),
        };
        story.push(MODEL, RawKind::Net(accept));
        story.open();
        let mut messages = vec![json!({"role": "user", "content": "build it"})];
        story.ask(&json!(messages));
        let message = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "run", "arguments": "{\"command\":\"make all\"}"}}]});
        story.answer("tool_calls", &message);
        story.run_tool();
        messages.push(message);
        messages.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "built"}));
        story.ask(&json!(messages));
        story.answer(
            "stop",
            &json!({"role": "assistant", "content": "It is built."}),
        );
        for pid in [AGENT, MODEL] {
            story.tls(pid, TlsKind::Closed);
        }
        story.raw
    }
}

fn sensor(args: &[&str], file: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oisp-sensor"));
    let settings = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in settings.filter(|name| name.starts_with("OISP_")) {
        command.env_remove(name);
    }
    command.env("OISP_CONFIG", "/dev/null");
    let output = command.args(args).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The capture file, decoded; kept for the schema's validation.
fn decoded(name: &str) -> (PathBuf, Vec<Value>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e");
    std::fs::create_dir_all(&folder).unwrap();
    let capture = folder.join(format!("{name}.capture"));
    let mut writer = Writer::new(std::fs::File::create(&capture).unwrap());
    let told = Story::told();
    told.iter().for_each(|raw| writer.write(raw).unwrap());
    let events = folder.join(format!("{name}.jsonl"));
    let to = events.to_str().unwrap();
    sensor(&["decode", "--output", to], &capture);
    let text = std::fs::read_to_string(&events).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (events.clone(), lines.collect())
}

fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let all = events.iter();
    all.filter(|event| event["event_type"] == kind).collect()
}

#[test]
fn what_the_tool_did_is_tied_to_the_call() {
    let (_, events) = decoded("machine-ties");
    let call = of_type(&events, "agent.tool_call");
    let of_client = |event: &&&Value| event["attrs"]["oisp.side"] == "client";
    let call = call.iter().find(of_client).unwrap();
    for kind in [
        "process.exec",
        "file.open",
        "file.write",
        "file.rename",
        "file.delete",
        "network.dns",
        "network.connect",
        "network.flow",
    ] {
        let found = of_type(&events, kind);
        assert_eq!(found.len(), 1, "{kind}");
        let tie = json!([{"event_id": call["event_id"], "relationship": "caused_by"}]);
        assert_eq!(found[0]["related_events"], tie, "{kind}");
        assert_eq!(found[0]["process"]["parent"]["name"], "python3", "{kind}");
        assert_eq!(found[0]["confidence"]["level"], "high", "{kind}");
    }
    assert_eq!(
        of_type(&events, "network.connect")[0]["data"]["dest"]["domain"],
        "docs.example.com"
    );
    assert_eq!(of_type(&events, "network.accept").len(), 1);
    assert_eq!(
        of_type(&events, "process.exit")[0]["data"]["cpu_user_ms"],
        3
    );
}

#[test]
fn both_ends_of_a_call_are_one_on_the_screen() {
    let (file, events) = decoded("machine-ends");
    assert_eq!(of_type(&events, "ai.request").len(), 4);
    let list = sensor(&["show", "--input"], &file);
    assert_eq!(list.lines().count(), 3, "a header and two calls: {list}");
    assert!(!list.contains("model-server"), "{list}");
    let of_server = |event: &&&Value| event["attrs"]["oisp.side"] == "server";
    for response in of_type(&events, "ai.response").iter().filter(of_server) {
        let named = response["related_events"].as_array().unwrap();
        let is_client = |event: &&Value| {
            let is_named = |tie: &Value| tie["event_id"] == event["event_id"];
            event["attrs"]["oisp.side"] == "client" && named.iter().any(is_named)
        };
        let client = of_type(&events, "ai.request").into_iter().find(is_client);
        assert!(client.is_some(), "{response:#}");
    }
}

#[test]
fn a_call_is_shown_with_what_then_happened() {
    let (file, events) = decoded("machine-shown");
    let request = of_type(&events, "ai.request")[0];
    let id = request["data"]["request_id"].as_str().unwrap();
    let shown = sensor(&["show", id, "--input"], &file);
    let (_, then) = shown.split_once("[then] run").unwrap();
    for line in [
        "sh -c make all",
        "/work/out.tmp  2.0 KiB, new",
        "/work/out.tmp → /work/out.bin",
        "docs.example.com (198.51.100.4:443)  connected, 0.9 ms",
    ] {
        assert!(then.contains(line), "{line}: {shown}");
    }
    let writes = sensor(&["show", "-t", "file.write", "--input"], &file);
    assert!(
        writes.contains("file.write       101      sh              /work/out.tmp  2.0 KiB, new"),
        "{writes}"
    );
}
