//! HTTP without TLS: what clients and servers on loopback say to each other is
//! what the capture tells, at both ends.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]
#![allow(dead_code, reason = "every test takes of the support what it needs")]

mod support;

use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use oisp_capture_ebpf::{EbpfConfig, PlainPorts};
use oisp_core::raw::{GapCause, Transport};
use support::{Capture, Connection, Program, body, capture, python, support};

const PATH: &str = "/v1/chat/completions";

struct Server {
    program: Program,
    address: &'static str,
    port: u16,
}

impl Server {
    /// On any port, or on that one; `None` where it is not free.
    fn at(address: &'static str, port: u16) -> Option<Self> {
        if port != 0 && std::net::TcpListener::bind((address, port)).is_err() {
            return None;
        }
        let mut program = Program::start(Command::new(python()).arg(support("plain.py")).args([
            "serve",
            address,
            &port.to_string(),
        ]));
        let port = program.line().parse().expect("a port");
        Some(Self {
            program,
            address,
            port,
        })
    }

    fn start() -> Self {
        Self::at("127.0.0.1", 0).expect("a port is free")
    }

    fn client(&self, threads: u32, size: usize, rounds: u32) -> Program {
        let numbers = [threads, u32::try_from(size).expect("small"), rounds];
        let mut client = Program::start(
            Command::new(python())
                .arg(support("plain.py"))
                .args(["call", self.address, &self.port.to_string()])
                .args(numbers.map(|number| number.to_string()))
                .arg(PATH),
        );
        assert_eq!(client.line(), "connected");
        client
    }

    fn odd(&self, what: &str) -> Program {
        let mut client = Program::start(Command::new(python()).arg(support("plain.py")).args([
            "odd",
            &self.port.to_string(),
            what,
        ]));
        assert_eq!(client.line(), "connected");
        client
    }
}

/// Only that port is looked at.
fn config(port: u16) -> EbpfConfig {
    let plain_ports = PlainPorts::none();
    plain_ports.watch(port);
    EbpfConfig {
        plain_ports,
        ..EbpfConfig::default()
    }
}

fn request(thread: u32, size: usize) -> Vec<u8> {
    let mut bytes =
        format!("POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n")
            .into_bytes();
    bytes.extend(body(thread, size));
    bytes
}

fn response(thread: u32, size: usize) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    bytes.extend(body(thread, size).into_iter().rev());
    bytes
}

/// Runs a client to its end while the capture is on.
fn run(seen: &mut Capture, mut client: Program) -> u32 {
    client.say("go");
    client.wait();
    let pid = client.pid();
    seen.until_exit(pid);
    pid
}

fn the_only<'a>(all: &'a [Connection], what: &str) -> &'a Connection {
    assert_eq!(all.len(), 1, "{what}: {all:?}");
    &all[0]
}

fn of(seen: &Capture, pid: u32) -> Vec<Connection> {
    seen.connections(pid).into_values().collect()
}

/// Both ends, each from its own side: the client's and the server's.
fn ends(seen: &mut Capture, server: &Server, client: Program) -> (Connection, Connection) {
    let pid = run(seen, client);
    let server_pid = server.program.pid();
    seen.until("the server's end", |seen| {
        let ends = of(seen, server_pid);
        !ends.is_empty() && ends.iter().all(|end| end.closed)
    });
    let mut client_end = of(seen, pid);
    let mut server_end = of(seen, server_pid);
    the_only(&client_end, "client");
    the_only(&server_end, "server");
    (client_end.remove(0), server_end.remove(0))
}

fn assert_whole(end: &Connection, written: &[u8], read: &[u8]) {
    assert!(
        end.written.gaps.is_empty() && end.read.gaps.is_empty(),
        "{end:?}"
    );
    assert!(end.written.bytes == written, "written: {end:?}");
    assert!(end.read.bytes == read, "read: {end:?}");
    assert!(end.closed);
    assert_eq!(end.transport, Transport::Tcp);
}

#[test]
fn both_ends_of_a_call_say_the_same() {
    for address in ["127.0.0.1", "::1"] {
        let server = Server::at(address, 0).expect("a port is free");
        let client = server.client(1, 5000, 3);
        let Some(mut seen) = capture("plain: both ends", config(server.port), 100_000) else {
            return;
        };
        let (client, server_end) = ends(&mut seen, &server, client);
        let (asked, answered) = (request(0, 5000).repeat(3), response(0, 5000).repeat(3));
        assert_whole(&client, &asked, &answered);
        assert_whole(&server_end, &answered, &asked);
        let (local, remote) = client.socket.expect("a socket");
        let ip: IpAddr = address.parse().unwrap();
        assert_eq!(remote, SocketAddr::new(ip, server.port));
        assert_eq!(local.ip(), ip);
        assert_eq!(server_end.socket, Some((remote, local)));
    }
}

#[test]
fn fifty_connections_at_a_time_and_large_bodies_are_whole() {
    let server = Server::start();
    let mut clients = vec![
        (server.client(50, 20_000, 4), 20_000, 4),
        (server.client(2, 5_000_000, 1), 5_000_000, 1),
    ];
    let config = EbpfConfig {
        ring_bytes: Some(128 << 20),
        ..config(server.port)
    };
    let Some(mut seen) = capture("plain: fifty", config, 200_000) else {
        return;
    };
    clients.iter_mut().for_each(|(client, ..)| client.say("go"));
    for (client, size, rounds) in &mut clients {
        client.wait();
        let pid = client.pid();
        seen.until_exit(pid);
        for (thread, end) in by_thread(of(&seen, pid)) {
            let asked = request(thread, *size).repeat(*rounds);
            assert_whole(&end, &asked, &response(thread, *size).repeat(*rounds));
        }
    }
    let pid = server.program.pid();
    seen.until("the server's ends", |seen| {
        let ends = of(seen, pid);
        ends.len() == 52 && ends.iter().all(|end| end.closed)
    });
    for end in of(&seen, pid) {
        let (size, rounds) = if end.read.bytes.len() > 1_000_000 {
            (5_000_000, 1)
        } else {
            (20_000, 4)
        };
        let thread = thread_of(&end.read.bytes);
        let answered = response(thread, size).repeat(rounds);
        assert_whole(&end, &answered, &request(thread, size).repeat(rounds));
    }
}

/// The thread that its body names.
fn thread_of(request: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(&request[..200]).into_owned();
    let (_, rest) = text.split_once("\r\n\r\nthread ").expect("a body");
    rest[..6].parse().expect("a number")
}

fn by_thread(ends: Vec<Connection>) -> Vec<(u32, Connection)> {
    let all: Vec<_> = ends
        .into_iter()
        .map(|end| (thread_of(&end.written.bytes), end))
        .collect();
    assert!(all.len() > 1);
    all
}

#[test]
fn buffers_in_pieces_partial_sends_and_looks_ahead_change_nothing() {
    let server = Server::start();
    for (what, size) in [("pieces", 3000), ("peek", 3000), ("partial", 4 << 20)] {
        let client = server.odd(what);
        let config = EbpfConfig {
            ring_bytes: Some(64 << 20),
            ..config(server.port)
        };
        let Some(mut seen) = capture("plain: pieces", config, 200_000) else {
            return;
        };
        let (client, server_end) = ends(&mut seen, &server, client);
        assert_whole(&client, &request(0, size), &response(0, size));
        assert_whole(&server_end, &response(0, size), &request(0, size));
    }
}

#[test]
fn what_goes_another_way_is_a_gap_of_its_length() {
    let server = Server::start();
    let client = server.odd("file");
    let Some(mut seen) = capture("plain: sendfile", config(server.port), 100_000) else {
        return;
    };
    let (client, server_end) = ends(&mut seen, &server, client);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    assert_eq!(client.read.bytes.len(), head.len() + 100_000);
    assert_eq!(server_end.written.bytes, head);
    assert_eq!(server_end.written.end, client.read.end);
    let missing: u64 = server_end.written.gaps.iter().map(|(_, len, _)| len).sum();
    assert_eq!(missing, 100_000);
    assert!(server_end.closed && client.closed);
    drop(seen);

    let client = server.odd("discard");
    let Some(mut seen) = capture("plain: discarded", config(server.port), 100_000) else {
        return;
    };
    let (client, _) = ends(&mut seen, &server, client);
    let answer = response(0, 3000);
    let (start, end) = (answer.len() - 3000, answer.len());
    assert_eq!(
        client.read.gaps,
        [(start as u64, 1000, GapCause::ReadFault)],
        "{client:?}"
    );
    let around = [&answer[..start], &answer[start + 1000..end]].concat();
    assert_eq!(client.read.bytes, around);
}

#[test]
fn a_socket_that_processes_share_is_one_connection() {
    let server = Server::start();
    for (what, rounds) in [("fork", 2), ("passed", 1)] {
        let client = server.odd(what);
        let Some(mut seen) = capture("plain: shared", config(server.port), 100_000) else {
            return;
        };
        let (client, _) = ends(&mut seen, &server, client);
        let (asked, answered) = (request(0, 3000), response(0, 3000));
        assert_whole(&client, &asked.repeat(rounds), &answered.repeat(rounds));
    }
}

#[test]
fn only_requests_at_ports_of_the_table_are_taken() {
    let server = Server::start();
    let ports = PlainPorts::none();
    let config = EbpfConfig {
        plain_ports: ports.clone(),
        ..EbpfConfig::default()
    };
    let (first, second, third) = (
        server.client(1, 100, 1),
        server.client(1, 100, 1),
        server.client(1, 100, 1),
    );
    let tls = server.odd("tls");
    let Some(mut seen) = capture("plain: ports", config, 100_000) else {
        return;
    };
    let first = run(&mut seen, first);
    assert!(of(&seen, first).is_empty(), "the port is in no table");
    ports.watch(server.port);
    let second = run(&mut seen, second);
    let ends = of(&seen, second);
    assert_whole(
        the_only(&ends, "added while running"),
        &request(0, 100),
        &response(0, 100),
    );
    let tls = run(&mut seen, tls);
    assert!(of(&seen, tls).is_empty(), "TLS is not plain HTTP");
    ports.ignore(server.port);
    let third = run(&mut seen, third);
    assert!(of(&seen, third).is_empty(), "taken away while running");
}

#[test]
fn at_a_shared_port_a_connection_is_taken_from_the_first_request_of_a_model_on() {
    let Some(server) = Server::at("127.0.0.1", 9997) else {
        eprintln!("skipped: plain: shared port: port 9997 is in use");
        return;
    };
    let client = server.odd("ordinary");
    let Some(mut seen) = capture("plain: shared port", EbpfConfig::default(), 100_000) else {
        return;
    };
    let (client, server_end) = ends(&mut seen, &server, client);
    for (end, written, read) in [
        (&client, request(0, 100), response(0, 100)),
        (&server_end, response(0, 100), request(0, 100)),
    ] {
        assert_eq!((&end.written.bytes, &end.read.bytes), (&written, &read));
        let late = (0, 0, GapCause::LateAttach);
        assert_eq!(
            (&end.written.gaps, &end.read.gaps),
            (&vec![late], &vec![late])
        );
    }
}
