//! What processes do on the machine: events of programs, files and the network.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::net::SocketAddr;

use oisp_core::raw::{Access, FileEvent, NetEvent, TlsKind, Transport, Usage};
use oisp_core::{ProcessEvent, ProcessFacts, RawEvent, RawKind, Timestamp, TlsEvent};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::*;

const SECOND: u64 = 1_700_000_000;

fn raw(second: u64, kind: RawKind) -> RawEvent {
    RawEvent {
        at: Timestamp::from_nanos((SECOND + second) * 1_000_000_000),
        pid: CONN.pid,
        tid: CONN.pid,
        kind,
    }
}

fn only(kind: RawKind) -> Value {
    let mut events = decode(&[raw(0, kind)]);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

fn socket(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn a_written_file() {
    let event = only(RawKind::File(FileEvent::Write {
        path: "/work/notes.MD".into(),
        bytes: 120,
        times: 3,
        created: true,
        truncated: false,
        size: Some(150),
    }));
    assert_eq!(event["event_type"], "file.write");
    assert_eq!(event["process"], json!({"pid": 4242}));
    assert_eq!(
        event["data"],
        json!({"path": "/work/notes.MD", "bytes_written": 120, "created": true, "truncated": false,
               "file": {"path": "/work/notes.MD", "name": "notes.MD", "extension": "md", "size": 150}})
    );
    assert_eq!(event["attrs"], json!({"oisp.file.times": 3}));
    assert_eq!(
        event["source"],
        json!({"collector": "oisp-sensor", "collector_version": env!("CARGO_PKG_VERSION"), "capture_point": "write"})
    );
}

#[test]
fn opened_removed_and_renamed_files() {
    let access = Access {
        read: true,
        write: true,
        append: true,
        created: true,
        truncated: false,
    };
    let open = only(RawKind::File(FileEvent::Open {
        path: "/work/.env".into(),
        access,
        times: 1,
    }));
    assert_eq!(
        open["data"],
        json!({"path": "/work/.env", "flags": ["read", "write", "append", "create"],
               "file": {"path": "/work/.env", "name": ".env"}})
    );
    assert!(open.get("attrs").is_none());
    let delete = only(RawKind::File(FileEvent::Delete {
        path: "/work/old".into(),
        is_directory: true,
    }));
    assert_eq!(
        delete["data"],
        json!({"path": "/work/old", "file": {"path": "/work/old", "name": "old", "is_directory": true}})
    );
    let rename = only(RawKind::File(FileEvent::Rename {
        from: "/work/a.tmp".into(),
        to: "/work/a.py".into(),
    }));
    assert_eq!(
        rename["data"],
        json!({"old_path": "/work/a.tmp", "new_path": "/work/a.py",
               "file": {"path": "/work/a.py", "name": "a.py", "extension": "py"}})
    );
}

#[test]
fn what_happens_at_the_same_time_has_ids_of_its_own() {
    let delete = |path: &str| {
        raw(
            0,
            RawKind::File(FileEvent::Delete {
                path: path.into(),
                is_directory: false,
            }),
        )
    };
    let both = [delete("/a"), delete("/b")];
    let (once, again) = (decode(&both), decode(&both));
    assert_ne!(once[0]["event_id"], once[1]["event_id"]);
    assert_eq!(once, again);
}

fn connect(remote: &str, error: Option<i32>) -> RawKind {
    RawKind::Net(NetEvent::Connect {
        local: Some(socket("192.0.2.7:40000")),
        remote: socket(remote),
        error,
        latency_ns: Some(18_250_000),
    })
}

fn resolved(name: &str, address: &str) -> RawKind {
    RawKind::Net(NetEvent::Resolved {
        name: name.into(),
        query_type: "A".into(),
        response_code: "NOERROR".into(),
        addresses: vec![address.parse().unwrap()],
        resolver: Some(socket("127.0.0.53:53")),
        latency_ns: Some(1_500_000),
    })
}

#[test]
fn a_connection_that_is_asked_for() {
    let made = only(connect("[::ffff:10.0.0.1]:8443", None));
    assert_eq!(
        made["data"],
        json!({"dest": {"ip": "10.0.0.1", "port": 8443, "is_private": true},
               "src": {"ip": "192.0.2.7", "port": 40000, "is_private": false},
               "protocol": "tcp", "success": true, "latency_ms": 18.25})
    );
    let refused = only(connect("198.51.100.4:443", Some(111)));
    assert_eq!(refused["data"]["success"], false);
    assert_eq!(refused["data"]["error"], "connection refused");
    assert_eq!(refused["attrs"]["error.type"], "ECONNREFUSED");
    let unknown = only(connect("198.51.100.4:443", Some(4321)));
    assert_eq!(unknown["data"]["error"], "error 4321");
}

#[test]
fn a_connections_name_comes_from_the_answer_of_a_name_server() {
    let events = decode(&[
        raw(0, resolved("Docs.Example.com.", "198.51.100.4")),
        raw(1, connect("198.51.100.4:443", None)),
        raw(2, resolved("www.example.org", "198.51.100.4")),
        raw(3, connect("198.51.100.4:443", None)),
    ]);
    assert_eq!(
        one(&events[..1], "network.dns")["data"],
        json!({"query_name": "docs.example.com", "query_type": "A", "response_code": "NOERROR",
               "answers": [{"type": "A", "value": "198.51.100.4"}], "resolver": "127.0.0.53", "latency_ms": 1.5})
    );
    assert_eq!(events[1]["data"]["dest"]["domain"], "docs.example.com");
    assert_eq!(
        events[1]["attrs"],
        json!({"oisp.dest.domain.source": "dns_of_process"})
    );
    assert_eq!(events[3]["data"]["dest"]["domain"], "www.example.org");
    assert_eq!(events[3]["attrs"]["oisp.dest.domain.shared"], true);
}

#[test]
fn questions_and_answers_that_the_schema_has_no_word_for() {
    let event = only(RawKind::Net(NetEvent::Resolved {
        name: "example.com".into(),
        query_type: "HTTPS".into(),
        response_code: "NOTIMP".into(),
        addresses: Vec::new(),
        resolver: Some(socket("[2001:db8::53]:5353")),
        latency_ns: None,
    }));
    assert_eq!(
        event["data"],
        json!({"query_name": "example.com", "query_type": "other", "response_code": "other",
               "resolver": "[2001:db8::53]:5353"})
    );
    assert_eq!(
        event["attrs"],
        json!({"oisp.dns.query_type": "HTTPS", "oisp.dns.response_code": "NOTIMP"})
    );
}

fn close(outbound: Option<bool>) -> RawKind {
    RawKind::Net(NetEvent::Close {
        local: socket("192.0.2.7:40000"),
        remote: socket("198.51.100.4:443"),
        outbound,
        bytes_sent: Some(500),
        bytes_received: Some(9000),
        duration_ns: Some(2_500_000_000),
    })
}

#[test]
fn a_connection_that_ended() {
    let out = only(close(Some(true)));
    assert_eq!(
        out["data"],
        json!({"dest": {"ip": "198.51.100.4", "port": 443, "is_private": false},
               "src": {"ip": "192.0.2.7", "port": 40000, "is_private": false},
               "protocol": "tcp", "direction": "outbound", "bytes_sent": 500, "bytes_received": 9000,
               "duration_ms": 2500, "start_time": "2023-11-14T22:13:17.500000Z",
               "end_time": "2023-11-14T22:13:20.000000Z"})
    );
    let into = only(close(Some(false)));
    assert_eq!(into["data"]["direction"], "inbound");
    assert_eq!(into["data"]["dest"]["ip"], "192.0.2.7");
    let unknown = only(close(None));
    assert!(unknown["data"].get("direction").is_none());
    assert_eq!(unknown["data"]["dest"]["ip"], "198.51.100.4");
    assert_eq!(unknown["confidence"]["missing"], json!(["direction"]));
}

fn tls(second: u64, what: TlsKind) -> RawEvent {
    raw(second, RawKind::Tls(TlsEvent { conn: CONN, what }))
}

fn below() -> TlsKind {
    TlsKind::Socket {
        local: socket("192.0.2.7:40000"),
        remote: socket("198.51.100.4:443"),
    }
}

#[test]
fn a_connection_that_was_decoded_is_named_by_what_was_said_on_it() {
    let mut lane = Lane::new(CONN.handle);
    let ask = lane.steps(&[Out(chat_request(ASK)), In(json_response(&answer("hi")))]);
    let mut by_host = vec![tls(0, below())];
    by_host.extend(ask.clone());
    by_host.push(raw(9, close(Some(true))));
    let flow = &of_type(&decode(&by_host), "network.flow")[0].clone();
    assert_eq!(flow["data"]["dest"]["domain"], "api.openai.com");
    assert_eq!(flow["attrs"]["oisp.dest.domain.source"], "http_host");
    assert!(flow["data"].get("tls").is_none());

    let mut by_sni = by_host.clone();
    by_sni.insert(1, tls(0, TlsKind::ServerName("Front.example.com".into())));
    let flow = &of_type(&decode(&by_sni), "network.flow")[0].clone();
    assert_eq!(flow["data"]["dest"]["domain"], "front.example.com");
    assert_eq!(flow["data"]["tls"], json!({"sni": "front.example.com"}));
}

#[test]
fn the_socket_below_a_call_stands_on_its_events() {
    let mut lane = Lane::new(CONN.handle);
    let mut steps = vec![tls(0, below())];
    steps.extend(lane.steps(&[Out(chat_request(ASK))]));
    steps.push(tls(1, TlsKind::ServerName("api.openai.com".into())));
    steps.extend(lane.steps(&[In(json_response(&answer("hi")))]));
    let events = decode(&steps);
    let request = one(&events, "ai.request");
    for (name, value) in [
        ("network.local.address", json!("192.0.2.7")),
        ("network.local.port", json!(40000)),
        ("network.peer.address", json!("198.51.100.4")),
        ("network.peer.port", json!(443)),
    ] {
        assert_eq!(request["attrs"][name], value, "{name}");
    }
    assert!(request["attrs"].get("tls.client.server_name").is_none());
    assert!(request["attrs"].get("oisp.transport").is_none());
    let response = one(&events, "ai.response");
    assert_eq!(
        response["attrs"]["tls.client.server_name"],
        "api.openai.com"
    );
}

#[test]
fn a_call_without_tls_says_so() {
    let opened = TlsKind::Opened {
        remote: None,
        transport: Transport::Tcp,
    };
    let mut steps = vec![tls(0, opened)];
    let ask = post("127.0.0.1:11434", "/v1/chat/completions", "", ASK);
    steps.extend(Lane::new(CONN.handle).steps(&[Out(ask), In(json_response(&answer("hi")))]));
    let events = decode(&steps);
    for kind in ["ai.request", "ai.response"] {
        let event = one(&events, kind);
        assert_eq!(event["attrs"]["oisp.transport"], "tcp");
        assert!(event["source"].get("capture_method").is_none());
        assert_eq!(event["confidence"]["content_source"], "plaintext_capture");
        let endpoint = &event["data"]["provider"]["endpoint"];
        assert_eq!(endpoint, "http://127.0.0.1:11434/v1/chat/completions");
    }
    assert_eq!(
        one(&events, "ai.request")["source"]["capture_point"],
        "write"
    );
    assert_eq!(
        one(&events, "ai.response")["source"]["capture_point"],
        "read"
    );
}

#[test]
fn programs_and_their_ends() {
    let facts = ProcessFacts {
        exe: Some("/usr/bin/python3.12".into()),
        args: Some(["python3", "agent.py"].map(str::to_owned).into()),
        cwd: Some("/work".into()),
        ..ProcessFacts::default()
    };
    let exec = only(RawKind::Process(ProcessEvent::Exec(facts.into())));
    assert_eq!(
        exec["data"],
        json!({"exe": "/usr/bin/python3.12", "args": ["python3", "agent.py"], "cwd": "/work",
               "interpreter": "/usr/bin/python3.12", "script_path": "/work/agent.py",
               "is_script": true, "is_shell": false})
    );
    let exit = only(RawKind::Process(ProcessEvent::Exit {
        code: None,
        signal: Some(9),
        core_dumped: false,
        runtime_ms: Some(70),
        usage: Usage {
            cpu_user_ms: Some(40),
            cpu_system_ms: Some(0),
            max_rss_kb: Some(2048),
        },
    }));
    assert_eq!(
        exit["data"],
        json!({"exit_code": 137, "signal": 9, "signal_name": "SIGKILL", "runtime_ms": 70,
               "cpu_user_ms": 40, "cpu_system_ms": 0, "max_rss_kb": 2048, "termination_type": "signaled"})
    );
}

fn any_address() -> impl Strategy<Value = SocketAddr> {
    // Few, so that they meet.
    prop_oneof![
        Just(socket("127.0.0.1:1")),
        Just(socket("[::ffff:127.0.0.1]:2")),
        Just(socket("[fe80::1]:3")),
    ]
}

fn any_deed() -> impl Strategy<Value = RawKind> {
    let text = || prop_oneof!["[a-z/.]{0,12}", any::<String>()];
    let process = prop_oneof![
        any::<u8>().prop_map(|child| ProcessEvent::Fork {
            child_pid: u32::from(child % 8)
        }),
        (text(), prop::collection::vec(text(), 0..3)).prop_map(|(exe, args)| {
            let facts = ProcessFacts {
                ppid: Some(u32::try_from(args.len()).unwrap()),
                exe: Some(exe),
                args: Some(args),
                ..ProcessFacts::default()
            };
            ProcessEvent::Exec(facts.into())
        }),
        (any::<Option<i32>>(), any::<Option<i32>>()).prop_map(|(code, signal)| {
            ProcessEvent::Exit {
                code,
                signal,
                core_dumped: false,
                runtime_ms: None,
                usage: Usage::default(),
            }
        }),
    ];
    let file = prop_oneof![
        (text(), any::<u32>()).prop_map(|(path, times)| FileEvent::Open {
            path,
            access: Access::default(),
            times
        }),
        (text(), text()).prop_map(|(from, to)| FileEvent::Rename { from, to }),
    ];
    let net = prop_oneof![
        (any_address(), any::<Option<i32>>(), any::<Option<u64>>()).prop_map(
            |(remote, error, latency_ns)| NetEvent::Connect {
                local: None,
                remote,
                error,
                latency_ns
            }
        ),
        (
            any_address(),
            any_address(),
            any::<Option<bool>>(),
            any::<Option<u64>>()
        )
            .prop_map(|(local, remote, outbound, duration_ns)| NetEvent::Close {
                local,
                remote,
                outbound,
                bytes_sent: None,
                bytes_received: None,
                duration_ns
            }),
        (text(), any_address()).prop_map(|(name, address)| NetEvent::Resolved {
            name,
            query_type: "A".into(),
            response_code: "NOERROR".into(),
            addresses: vec![address.ip()],
            resolver: None,
            latency_ns: None
        }),
    ];
    let tls = prop_oneof![
        (any_address(), any_address())
            .prop_map(|(local, remote)| TlsKind::Socket { local, remote }),
        text().prop_map(TlsKind::ServerName),
        Just(TlsKind::Closed),
    ];
    prop_oneof![
        process.prop_map(RawKind::Process),
        file.prop_map(RawKind::File),
        net.prop_map(RawKind::Net),
        tls.prop_map(|what| RawKind::Tls(TlsEvent { conn: CONN, what })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_told_makes_the_same_events_again(deeds in prop::collection::vec((0u32..8, any_deed()), 0..40)) {
        let deeds: Vec<_> = deeds
            .into_iter()
            .enumerate()
            .map(|(n, (pid, kind))| RawEvent { pid, ..raw(n as u64, kind) })
            .collect();
        let of_machine = deeds.iter().filter(|raw| matches!(raw.kind, RawKind::File(_) | RawKind::Net(_)));
        let events = decode(&deeds);
        let told = events.iter().filter(|event| {
            let kind = event["event_type"].as_str().unwrap();
            kind.starts_with("file.") || kind.starts_with("network.")
        });
        prop_assert_eq!(told.count(), of_machine.count());
        prop_assert_eq!(decode(&deeds), events);
    }
}
