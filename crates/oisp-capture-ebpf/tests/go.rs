//! Programs in Go with TLS of their own, as a client and as a server: what is
//! captured is what they wrote down themselves. Needs root, a kernel that allows
//! it, and `go`; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::raw::GapCause;
use support::{Capture, Connection, Program, capture};

/// The program of `support/go`, built in one way, in a directory of its own.
struct Built {
    directory: PathBuf,
}

impl Built {
    fn new(test: &str, arguments: &[&str]) -> Option<Self> {
        if Command::new("go").arg("version").output().is_err() {
            let _ = writeln!(std::io::stderr(), "skipped: {test}: go is not installed");
            return None;
        }
        let name = format!("oisp-go-{test}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        for side in ["client", "server"] {
            std::fs::create_dir_all(directory.join(side)).expect("a directory");
        }
        let built = Command::new("go")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/go"))
            .args(["build", "-o"])
            .arg(directory.join("program"))
            .args(arguments)
            .output()
            .expect("go");
        assert!(built.status.success(), "{built:?}");
        Some(Self { directory })
    }

    fn start(&self, arguments: &[&str]) -> (Program, String) {
        let mut command = Command::new(self.directory.join("program"));
        let mut program = Program::start(command.args(arguments));
        let line = program.line();
        (program, line)
    }

    /// A server, and its port.
    fn server(&self, protocol: &str) -> (Program, String) {
        let directory = self.side("server");
        let directory = if protocol == "h2" { "-" } else { &directory };
        self.start(&["server", protocol, directory])
    }

    /// A client that waits to be told to begin.
    fn client(&self, protocol: &str, port: &str, numbers: [u32; 3]) -> Program {
        let directory = self.side("client");
        let numbers = numbers.map(|number| number.to_string());
        let [workers, size, rounds] = &numbers;
        let fixed = ["client", protocol, port, &directory, workers, size, rounds];
        self.start(&fixed).0
    }

    fn side(&self, side: &str) -> String {
        self.directory.join(side).to_string_lossy().into_owned()
    }

    /// What a side wrote down: for each connection written and read bytes.
    fn written_down(&self, side: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.directory.join(side)).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|kind| kind == "written") {
                let read = |path: &Path| std::fs::read(path).expect("a file");
                all.push((read(&path), read(&path.with_extension("read"))));
            }
        }
        // Some connections are made ahead, and never used.
        all.retain(|(written, read)| !written.is_empty() || !read.is_empty());
        all.sort();
        all
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn default(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    capture(test, config, 200_000)
}

/// Waits until that process is captured.
fn until_probed(capture: &mut Capture, pid: u32) {
    capture.until("the program's probes", |capture| {
        let details = capture.status.details();
        let lines = details["processes"].as_array().cloned().unwrap_or_default();
        let captured = |line: &serde_json::Value| line["pid"] == pid && line["captured"] == true;
        lines.iter().any(captured)
    });
}

/// The connections of a process, none of which misses a byte or its beginning.
fn whole(capture: &Capture, pid: u32) -> Vec<Connection> {
    let connections: Vec<Connection> = capture.connections(pid).into_values().collect();
    for connection in &connections {
        assert!(connection.written.gaps.is_empty(), "{connection:?}");
        assert!(connection.read.gaps.is_empty(), "{connection:?}");
    }
    connections
}

fn bytes(connections: Vec<Connection>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of = |connection: Connection| (connection.written.bytes, connection.read.bytes);
    let mut all: Vec<_> = connections.into_iter().map(of).collect();
    all.sort();
    all
}

fn swapped(all: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all: Vec<_> = all
        .iter()
        .map(|(written, read)| (read.clone(), written.clone()))
        .collect();
    all.sort();
    all
}

/// Runs a client and a server to the client's end.
fn talk(capture: &mut Capture, built: &Built, protocol: &str, numbers: [u32; 3]) -> (u32, Program) {
    let (server, port) = built.server(protocol);
    let mut client = built.client(protocol, &port, numbers);
    until_probed(capture, server.pid());
    until_probed(capture, client.pid());
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    (client.pid(), server)
}

/// Waits until as much was taken of the server's side as of the client's.
fn until_all_of(capture: &mut Capture, server: u32, of: &[(Vec<u8>, Vec<u8>)]) {
    let length = |all: &[(Vec<u8>, Vec<u8>)]| -> usize {
        all.iter()
            .map(|(written, read)| written.len() + read.len())
            .sum()
    };
    let wanted = length(of);
    capture.until("the server's side", |capture| {
        let seen = capture.connections(server).into_values().collect();
        length(&bytes(seen)) == wanted
    });
}

#[test]
fn fifty_goroutines_are_captured_on_both_sides_as_they_wrote_it_down() {
    let Some(built) = Built::new("fifty", &[]) else {
        return;
    };
    let Some(mut capture) = default("fifty") else {
        return;
    };
    let (client, server) = talk(&mut capture, &built, "h1", [50, 3000, 5]);
    let truth = built.written_down("client");
    assert!(truth.len() >= 50, "{}", truth.len());
    assert!(bytes(whole(&capture, client)) == truth);
    until_all_of(&mut capture, server.pid(), &truth);
    let served = built.written_down("server");
    assert!(bytes(whole(&capture, server.pid())) == served);
    assert!(swapped(&truth) == served);
}

#[test]
fn stripped_and_movable_programs_with_large_bodies_are_captured_byte_for_byte() {
    for arguments in [
        &["-ldflags=-s -w", "-trimpath"][..],
        &["-buildmode=pie", "-ldflags=-s -w"],
    ] {
        let Some(built) = Built::new("large", arguments) else {
            return;
        };
        let Some(mut capture) = default("large") else {
            return;
        };
        let (client, _server) = talk(&mut capture, &built, "h1", [2, 5_000_000, 2]);
        let connections = whole(&capture, client);
        assert!(connections.iter().all(|connection| connection.closed));
        assert!(
            bytes(connections) == built.written_down("client"),
            "{arguments:?}"
        );
    }
}

#[test]
fn http2_is_the_same_on_both_sides() {
    let Some(built) = Built::new("h2", &["-ldflags=-s -w"]) else {
        return;
    };
    let Some(mut capture) = default("h2") else {
        return;
    };
    let (client, server) = talk(&mut capture, &built, "h2", [50, 20_000, 3]);
    let sent = bytes(whole(&capture, client));
    assert!(sent[0].0.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    // Fifty bodies, three times.
    assert!(sent.iter().map(|(written, _)| written.len()).sum::<usize>() > 3_000_000);
    // The client ends while housekeeping is still on the way in both directions.
    let same = |left: &[u8], right: &[u8]| {
        let length = left.len().min(right.len());
        left[..length] == right[..length] && left.len().abs_diff(right.len()) < 1000
    };
    capture.until("the server's side", |capture| {
        let served = bytes(capture.connections(server.pid()).into_values().collect());
        let has = |(written, read): &(Vec<u8>, Vec<u8>)| {
            let mut served = served.iter();
            served.any(|(answer, asked)| same(written, asked) && same(read, answer))
        };
        sent.iter().all(has)
    });
    whole(&capture, server.pid());
}

#[test]
fn buffers_on_moving_stacks_and_addresses_used_again_are_told_apart() {
    let Some(built) = Built::new("raw", &[]) else {
        return;
    };
    let Some(mut capture) = default("raw") else {
        return;
    };
    const ROUNDS: u32 = 60;
    let (client, _server) = talk(&mut capture, &built, "raw", [0, ROUNDS, 0]);
    let connections = bytes(whole(&capture, client));
    assert_eq!(u32::try_from(connections.len()), Ok(ROUNDS));
    for (written, read) in connections {
        assert!(written.starts_with(b"GET /small HTTP/1.1\r\n"));
        let start = String::from_utf8_lossy(&read[..15]);
        assert_eq!(start, "HTTP/1.1 200 OK");
        let body = b"worker 000007 ".repeat(1000 / 14 + 1);
        assert!(
            read.ends_with(&body[..1000]),
            "{}",
            String::from_utf8_lossy(&read)
        );
    }
}

#[test]
fn a_connection_that_was_there_before_is_marked_late_and_the_next_is_not() {
    let Some(built) = Built::new("late", &[]) else {
        return;
    };
    let (_server, port) = built.server("h1");
    let mut client = built.client("late", &port, [1, 100, 1]);
    assert_eq!(client.line(), "connected");
    let Some(mut capture) = default("late") else {
        return;
    };
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    let connection = capture.connection(client.pid());
    assert_eq!(connection.written.gaps, [(0, 0, GapCause::LateAttach)]);
    let (written, read) = &built.written_down("client")[0];
    assert!(written.ends_with(&connection.written.bytes));
    assert!(read.ends_with(&connection.read.bytes));
    // The file is known now: a program that does not wait is not too fast.
    let (mut next, _) = built.start(&["client", "h1", &port, "-", "1", "100", "1"]);
    next.say("go");
    next.wait();
    capture.until_exit(next.pid());
    let connections = whole(&capture, next.pid());
    assert_eq!(connections.len(), 1);
    assert!(
        connections[0]
            .written
            .text()
            .starts_with("POST /echo HTTP/1.1\r\n")
    );
}
