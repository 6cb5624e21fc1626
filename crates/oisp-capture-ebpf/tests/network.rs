//! What processes do on the network, and the address under a TLS connection,
//! against what the programs themselves say. Needs root and a kernel that allows
//! it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::raw::{NetEvent, TlsKind};
use oisp_core::{ConnId, RawKind};
use serde_json::Value;
use support::{Capture, Program, Server, capture};

/// With room for all that a test sends.
fn default(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    capture(test, config, 200_000)
}

/// Starts a deed of `network.py`.
fn deed(arguments: &[&str]) -> Program {
    Program::start(
        Command::new(support::python())
            .arg(support::support("network.py"))
            .args(arguments),
    )
}

/// The same in a network of its own, with a loopback of its own.
fn deed_apart(arguments: &[&str]) -> Program {
    let script = r#"ip link set lo up && exec "$@""#;
    Program::start(
        Command::new("unshare")
            .args(["--net", "sh", "-c", script, "sh"])
            .arg(support::python())
            .arg(support::support("network.py"))
            .args(arguments),
    )
}

/// The JSON lines that a program says until its end.
fn said(program: &mut Program) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let line = program.line();
        if line.is_empty() {
            program.wait();
            return lines;
        }
        lines.push(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
    }
}

fn port(line: &Value, end: &str) -> u16 {
    u16::try_from(line[end].as_u64().unwrap()).unwrap()
}

fn error(line: &Value) -> Option<i32> {
    Some(i32::try_from(line["error"].as_i64().unwrap()).unwrap()).filter(|error| *error != 0)
}

/// What that process did on the network.
fn network(capture: &Capture, pid: u32) -> Vec<&NetEvent> {
    let of_process = capture.events.iter().filter(|event| event.pid == pid);
    of_process
        .filter_map(|event| match &event.kind {
            RawKind::Net(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Takes events until that many connections of a process are over. Some are only
/// after it is: the other end says so.
fn until_closed(capture: &mut Capture, pid: u32, count: usize) {
    capture.until("the end of its connections", |capture| {
        let closed = network(capture, pid)
            .into_iter()
            .filter(|event| matches!(event, NetEvent::Close { .. }));
        closed.count() >= count
    });
}

/// The sockets and names that were told of each TLS connection of a process, and
/// whether the first of them was told before the first data.
#[derive(Debug, Default)]
struct Below {
    sockets: Vec<(SocketAddr, SocketAddr)>,
    names: Vec<String>,
    late: bool,
}

fn below(capture: &Capture, pid: u32) -> BTreeMap<ConnId, Below> {
    let mut all: BTreeMap<ConnId, Below> = BTreeMap::new();
    for event in capture.events.iter().filter(|event| event.pid == pid) {
        let RawKind::Tls(tls) = &event.kind else {
            continue;
        };
        let conn = all.entry(tls.conn).or_default();
        match &tls.what {
            TlsKind::Socket { local, remote } => conn.sockets.push((*local, *remote)),
            TlsKind::ServerName(name) => conn.names.push(name.clone()),
            TlsKind::Data { .. } if conn.sockets.is_empty() => conn.late = true,
            _ => {}
        }
    }
    all
}

/// The path of the requests on a connection: the number that it was told to have.
fn number_of(bytes: &str) -> u64 {
    let paths = bytes.split("GET /").skip(1);
    let numbers: BTreeSet<u64> = paths
        .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), 1, "{bytes}");
    numbers.into_iter().next().unwrap()
}

/// Each connection of that process has the ends that the program named, told once
/// and before the first data. `remote` is true for a client.
fn assert_ends(capture: &Capture, pid: u32, lines: &[Value], client: bool) {
    let below = below(capture, pid);
    let mut seen = BTreeSet::new();
    for (conn, connection) in capture.connections(pid) {
        let stream = if client {
            &connection.written
        } else {
            &connection.read
        };
        let number = number_of(&stream.text());
        let line = lines
            .iter()
            .find(|line| line["number"] == number)
            .unwrap_or_else(|| panic!("{number} not in {lines:?}"));
        let (ours, theirs) = if client {
            ("local", "remote")
        } else {
            ("remote", "local")
        };
        let address = |end| SocketAddr::from(([127, 0, 0, 1], port(line, end)));
        let told = &below[&conn];
        assert_eq!(told.sockets, [(address(ours), address(theirs))], "{number}");
        assert!(!told.late, "{number}");
        seen.insert(number);
    }
    let expected: BTreeSet<u64> = lines
        .iter()
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    if client {
        assert_eq!(seen, expected);
    } else {
        assert!(!seen.is_empty() && seen.is_subset(&expected));
    }
}

/// Fifty connections of one process at once, to two servers.
fn fifty_at_once(test: &str, start: impl Fn(&Server, &Server) -> Program) {
    let Some(mut capture) = default(test) else {
        return;
    };
    let (one, other) = (
        Server::start(&format!("{test}1")),
        Server::start(&format!("{test}2")),
    );
    let mut client = start(&one, &other);
    let pid = client.pid();
    let lines = said(&mut client);
    assert_eq!(lines.len(), 50);
    capture.until_exit(pid);
    assert_ends(&capture, pid, &lines, true);
    for server in [&one, &other] {
        assert_ends(&capture, server.pid(), &lines, false);
    }
    for (conn, told) in below(&capture, pid) {
        let number = number_of(&capture.connections(pid)[&conn].written.text());
        assert_eq!(told.names, [format!("name{number}.example.test")]);
    }
}

#[test]
fn each_of_fifty_connections_of_threads_has_its_own_address() {
    fifty_at_once("ends-threads", |one, other| {
        let ports = [one.port.to_string(), other.port.to_string()];
        deed(&["threads", &ports[0], &ports[1], "50", "3"])
    });
}

#[test]
fn each_of_fifty_connections_of_asyncio_has_its_own_address() {
    fifty_at_once("ends-asyncio", |one, other| {
        let ports = [one.port.to_string(), other.port.to_string()];
        deed(&["asyncio", &ports[0], &ports[1], "50", "3"])
    });
}

#[test]
fn each_of_fifty_connections_of_node_has_its_own_address() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("skipped: node: not installed");
        return;
    }
    fifty_at_once("ends-node", |one, other| {
        let ports = [one.port.to_string(), other.port.to_string()];
        Program::start(
            Command::new("node")
                .arg("--no-warnings")
                .arg(support::support("network.js"))
                .args(["client", &ports[0], &ports[1], "50"]),
        )
    });
}

#[test]
fn a_server_in_node_has_its_addresses() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("skipped: node: not installed");
        return;
    }
    let Some(mut capture) = default("node-server") else {
        return;
    };
    let certificate = support::Certificate::make("node-server");
    let mut server = Program::start(
        Command::new("node")
            .arg(support::support("network.js"))
            .arg("server")
            .arg(certificate.path()),
    );
    let port = server.line();
    let mut client = deed(&["threads", &port, &port, "20", "2"]);
    let pid = client.pid();
    let lines = said(&mut client);
    capture.until_exit(pid);
    assert_ends(&capture, server.pid(), &lines, false);
    assert_ends(&capture, pid, &lines, true);
}

#[test]
fn curl_has_its_address_and_its_connection_is_told() {
    let Some(mut capture) = default("curl") else {
        return;
    };
    let server = Server::start("curl-net");
    let (pid, output) = server.curl(
        &["--output", "/dev/null", "--write-out", "%{local_port}"],
        "1000",
    );
    capture.until_exit(pid);
    until_closed(&mut capture, pid, 1);
    until_closed(&mut capture, server.pid(), 1);
    let local: u16 = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    let ours = SocketAddr::from(([127, 0, 0, 1], local));
    let theirs = SocketAddr::from(([127, 0, 0, 1], server.port));
    let told = below(&capture, pid);
    let told = told.values().next().unwrap();
    assert_eq!(
        (told.sockets.as_slice(), told.late),
        (&[(ours, theirs)][..], false)
    );
    let (of_client, of_server) = (network(&capture, pid), network(&capture, server.pid()));
    let [
        NetEvent::Connect {
            local: Some(local),
            remote,
            error: None,
            latency_ns: Some(_),
        },
        NetEvent::Close {
            outbound: Some(true),
            bytes_sent: Some(sent),
            bytes_received: Some(received),
            duration_ns: Some(_),
            ..
        },
    ] = of_client.as_slice()
    else {
        panic!("{of_client:?}")
    };
    assert_eq!((*local, *remote), (ours, theirs));
    let [
        NetEvent::Accept { local, remote },
        NetEvent::Close {
            outbound: Some(false),
            bytes_sent: Some(answered),
            bytes_received: Some(asked),
            ..
        },
    ] = of_server.as_slice()
    else {
        panic!("{of_server:?}")
    };
    assert_eq!((*local, *remote), (theirs, ours));
    assert_eq!((sent, received), (asked, answered));
}

#[test]
fn bytes_of_both_directions_are_counted_over_ipv6() {
    let Some(mut capture) = default("bytes") else {
        return;
    };
    let mut program = deed(&["exchange", "1000000", "777"]);
    let pid = program.pid();
    let lines = said(&mut program);
    capture.until_exit(pid);
    until_closed(&mut capture, pid, 2);
    let closes: Vec<_> = network(&capture, pid)
        .into_iter()
        .filter_map(|event| match event {
            NetEvent::Close {
                local,
                outbound: Some(outbound),
                bytes_sent,
                bytes_received,
                ..
            } => Some((*outbound, (*local, *bytes_sent, *bytes_received))),
            _ => None,
        })
        .collect();
    let of: BTreeMap<bool, _> = closes.into_iter().collect();
    let address = |end| SocketAddr::new("::1".parse().unwrap(), port(&lines[0], end));
    assert_eq!(of[&true], (address("local"), Some(1_000_000), Some(777)));
    assert_eq!(of[&false], (address("remote"), Some(777), Some(1_000_000)));
}

#[test]
fn a_refused_connection_is_told_with_its_error_blocking_or_not() {
    let Some(mut capture) = default("refused") else {
        return;
    };
    for (host, mode, expected) in [
        ("127.0.0.1", "blocking", "127.0.0.1:1"),
        ("127.0.0.1", "nonblocking", "127.0.0.1:1"),
        ("::1", "blocking", "[::1]:1"),
        ("::ffff:127.0.0.1", "nonblocking", "127.0.0.1:1"),
    ] {
        let mut program = deed(&["connect", host, "1", mode]);
        let pid = program.pid();
        let lines = said(&mut program);
        capture.until_exit(pid);
        assert_eq!(error(&lines[0]), Some(111));
        let events = network(&capture, pid);
        let [
            NetEvent::Connect {
                remote,
                error: Some(111),
                latency_ns: Some(_),
                ..
            },
        ] = events.as_slice()
        else {
            panic!("{host} {mode}: {events:?}")
        };
        assert_eq!(remote.to_string(), expected);
    }
}

#[test]
fn a_connection_that_nobody_answers_is_told_when_it_is_given_up_or_times_out() {
    let Some(mut capture) = default("blackhole") else {
        return;
    };
    let mut program = deed_apart(&["blackhole"]);
    let pid = program.pid();
    let lines = said(&mut program);
    capture.until_exit(pid);
    assert_eq!(
        lines.iter().map(error).collect::<Vec<_>>(),
        [Some(125), Some(110)]
    );
    let told: Vec<_> = network(&capture, pid)
        .into_iter()
        .map(|event| match event {
            NetEvent::Connect {
                remote,
                error,
                latency_ns: Some(latency),
                ..
            } => (remote.port(), *error, latency / 100_000_000),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(matches!(told[0], (81, Some(125), 2..=9)), "{told:?}");
    assert!(matches!(told[1], (82, Some(110), 10..)), "{told:?}");
}

#[test]
fn a_connection_that_was_there_before_ends_without_a_direction() {
    let server = Server::start("before");
    let mut program = deed(&["before", &server.port.to_string()]);
    let line: Value = serde_json::from_str(&program.line()).unwrap();
    let Some(mut capture) = default("before") else {
        return;
    };
    let pid = program.pid();
    program.say("go");
    program.wait();
    capture.until_exit(pid);
    until_closed(&mut capture, pid, 1);
    let events = network(&capture, pid);
    let [
        NetEvent::Close {
            local,
            outbound: None,
            duration_ns: None,
            bytes_sent: Some(0),
            ..
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(local.port(), port(&line, "local"));
}

#[test]
fn the_address_of_a_tls_connection_that_was_there_before_is_found_inside_a_call() {
    let server = Server::start("late");
    let mut client = server.client(3, 100, 2);
    let Some(mut capture) = default("late") else {
        return;
    };
    client.say("go");
    client.wait();
    let pid = client.pid();
    capture.until_exit(pid);
    let of_client: BTreeSet<(SocketAddr, SocketAddr)> = below(&capture, pid)
        .into_values()
        .map(|told| told.sockets[0])
        .collect();
    let of_server: BTreeSet<(SocketAddr, SocketAddr)> = below(&capture, server.pid())
        .into_values()
        .map(|told| (told.sockets[0].1, told.sockets[0].0))
        .collect();
    assert_eq!(of_client.len(), 3);
    assert_eq!(of_client, of_server);
    assert!(
        of_client
            .iter()
            .all(|(_, remote)| remote.port() == server.port)
    );
}

#[test]
fn a_connection_that_the_other_end_resets_is_told_once() {
    let Some(mut capture) = default("reset") else {
        return;
    };
    let mut program = deed(&["reset"]);
    let pid = program.pid();
    let lines = said(&mut program);
    capture.until_exit(pid);
    until_closed(&mut capture, pid, 2);
    let events = network(&capture, pid);
    let of = |wanted: bool| {
        let all = events.iter().filter(|event| {
            matches!(event, NetEvent::Close { outbound: Some(outbound), .. } if *outbound == wanted)
        });
        all.count()
    };
    assert_eq!((of(true), of(false)), (1, 1), "{lines:?} {events:?}");
}

#[test]
fn after_a_fork_the_child_that_ends_a_connection_is_named() {
    let Some(mut capture) = default("fork") else {
        return;
    };
    let server = Server::start("fork");
    let mut program = deed(&["fork", &server.port.to_string()]);
    let pid = program.pid();
    let lines = said(&mut program);
    capture.until_exit(pid);
    let child = u32::try_from(lines[0]["child"].as_u64().unwrap()).unwrap();
    // The parent connected and, after the child, ended it.
    assert!(matches!(
        network(&capture, pid)[0],
        NetEvent::Connect { error: None, .. }
    ));
    let told = below(&capture, child);
    let told: Vec<&Below> = told.values().collect();
    let expected = SocketAddr::from(([127, 0, 0, 1], port(&lines[0], "local")));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].sockets[0].0, expected);
}

#[test]
fn a_connection_that_is_passed_on_is_its_taker_s() {
    let Some(mut capture) = default("pass") else {
        return;
    };
    let server = Server::start("pass");
    let mut program = deed(&["pass", &server.port.to_string()]);
    let pid = program.pid();
    let lines = said(&mut program);
    let taker = u32::try_from(lines[0]["taker"].as_u64().unwrap()).unwrap();
    capture.until_exit(taker);
    capture.until_exit(pid);
    until_closed(&mut capture, taker, 1);
    let ours = SocketAddr::from(([127, 0, 0, 1], port(&lines[0], "local")));
    let events = network(&capture, pid);
    assert!(
        matches!(events.as_slice(), [NetEvent::Connect { local: Some(local), .. }] if *local == ours),
        "{events:?}"
    );
    let events = network(&capture, taker);
    assert!(
        matches!(events.as_slice(), [NetEvent::Close { local, outbound: Some(true), .. }] if *local == ours),
        "{events:?}"
    );
    let told = below(&capture, taker);
    assert_eq!(told.values().next().unwrap().sockets[0].0, ours);
}

#[test]
fn answers_of_name_servers_are_told_to_whom_they_went() {
    let Some(mut capture) = default("resolve") else {
        return;
    };
    let mut program = deed_apart(&["resolve"]);
    let pid = program.pid();
    said(&mut program);
    capture.until_exit(pid);
    let told: Vec<String> = network(&capture, pid)
        .into_iter()
        .map(|event| match event {
            NetEvent::Resolved {
                name,
                query_type,
                response_code,
                addresses,
                resolver: Some(resolver),
                latency_ns: Some(_),
            } => format!("{name} {query_type} {response_code} {addresses:?} {resolver}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "known.example.test A NOERROR [192.0.2.7, 192.0.2.8] 127.0.0.53:53",
            "known.example.test AAAA NOERROR [] 127.0.0.53:53",
            "nowhere.example.test A NXDOMAIN [] 127.0.0.53:53",
        ]
    );
}

#[test]
fn a_storm_of_connections_is_bounded_and_what_is_left_out_is_counted() {
    let Some(mut capture) = default("burst") else {
        return;
    };
    let mut program = deed(&["burst", "2000"]);
    let pid = program.pid();
    said(&mut program);
    capture.until_exit(pid);
    let events = network(&capture, pid);
    let count = |wanted: fn(&NetEvent) -> bool| events.iter().filter(|event| wanted(event)).count();
    let opened = count(|event| !matches!(event, NetEvent::Close { .. }));
    let closed = count(|event| matches!(event, NetEvent::Close { .. }));
    assert!((300..4000).contains(&opened), "{opened}");
    assert_eq!(opened, closed);
    let left_out = usize::try_from(capture.counter("kernel_network_dropped_rate")).unwrap();
    assert!(left_out >= 4000 - opened, "{left_out} {opened}");
}
