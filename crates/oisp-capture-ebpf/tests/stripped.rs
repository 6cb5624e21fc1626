//! Programs that carry BoringSSL without its symbols, found by signatures: what
//! is captured of them is what the server got and sent. Needs root, and the
//! programs: `OISP_TEST_BUN` names Bun programs, with `:` between them, and
//! `OISP_TEST_CHROMIUM` one Chromium. Skipped aloud where they are missing.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::{ProcessEvent, RawKind};
use support::{Capture, Connection, Server, capture};

/// Each start is a chance to miss the first request.
const STARTS: usize = 20;

fn programs(test: &str, variable: &str) -> Vec<PathBuf> {
    let value = std::env::var_os(variable).unwrap_or_default();
    let programs: Vec<PathBuf> = std::env::split_paths(&value)
        .filter(|path| path.is_file())
        .collect();
    if programs.is_empty() {
        eprintln!("skipped: {test}: {variable} names no program");
    }
    programs
}

fn start(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    capture(test, config, 1_000_000)
}

/// What was written and read on connections that carried anything, with how
/// many times.
type Talk = BTreeMap<(Vec<u8>, Vec<u8>), usize>;

fn talk(connections: impl Iterator<Item = Connection>) -> Talk {
    let mut talk = Talk::new();
    for connection in connections {
        assert_eq!(connection.written.gaps, []);
        assert_eq!(connection.read.gaps, []);
        let said = (connection.written.bytes, connection.read.bytes);
        if !said.0.is_empty() || !said.1.is_empty() {
            *talk.entry(said).or_default() += 1;
        }
    }
    talk
}

fn swapped(talk: Talk) -> Talk {
    let swap = |((written, read), count)| ((read, written), count);
    talk.into_iter().map(swap).collect()
}

fn length(capture: &Capture, pids: &[u32]) -> (u64, u64) {
    let connections = pids.iter().flat_map(|pid| capture.connections(*pid));
    connections.fold((0, 0), |(written, read), (_, connection)| {
        (written + connection.written.end, read + connection.read.end)
    })
}

/// A client may have read what its server has not come back from writing yet.
fn until_server_is_told(capture: &mut Capture, server: u32, clients: &[u32]) {
    let (written, read) = length(capture, clients);
    capture.until("the server's side", |capture| {
        let told = length(capture, &[server]);
        told.0 >= read && told.1 >= written
    });
}

/// Lengths tell enough of megabytes.
fn lengths(talk: &Talk) -> Vec<(usize, usize, usize)> {
    let length = |((written, read), count): (&(Vec<u8>, Vec<u8>), &usize)| {
        (written.len(), read.len(), *count)
    };
    talk.iter().map(length).collect()
}

#[track_caller]
fn assert_same(what: &str, client: &Talk, server: &Talk) {
    assert!(!server.is_empty(), "{what}: the server got nothing");
    let (told, truth) = (lengths(client), lengths(server));
    assert!(client == server, "{what}: told {told:?}, was {truth:?}");
}

/// A program that is new is found while it runs for the first time.
fn becomes_known(mut seen: impl FnMut() -> bool) {
    assert!((0..10).any(|_| seen()), "it is not probed");
}

/// Runs the client script to its end.
fn fetch(bun: &Path, port: u16) -> u32 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/fetch.js");
    let mut child = Command::new(bun)
        .arg(script)
        .arg(port.to_string())
        .env("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let status = child.wait().unwrap();
    assert!(status.success(), "{}: {status}", bun.display());
    pid
}

#[test]
fn bun_is_captured_byte_for_byte_from_its_first_request_on() {
    let test = "bun";
    for bun in programs(test, "OISP_TEST_BUN") {
        let Some(mut capture) = start(test) else {
            return;
        };
        let server = Server::start(test);
        becomes_known(|| {
            let pid = fetch(&bun, server.port);
            capture.until_exit(pid);
            !capture.connections(pid).is_empty()
        });
        for number in 0..STARTS {
            let server = Server::start(&format!("bun{number}"));
            let pid = fetch(&bun, server.port);
            capture.until_exit(pid);
            until_server_is_told(&mut capture, server.pid(), &[pid]);
            let what = format!("{} start {number}", bun.display());
            let client = capture.connections(pid);
            let server = capture.connections(server.pid());
            assert!(
                client.values().all(|connection| connection.closed),
                "{what}: a connection has no end"
            );
            assert_same(
                &what,
                &talk(client.into_values()),
                &swapped(talk(server.into_values())),
            );
        }
        eprintln!("{}: {STARTS} starts", bun.display());
    }
}

/// Every process of a browser: the one that has the connections is one of them.
fn processes(capture: &Capture, exe: &Path) -> Vec<u32> {
    let mut pids: Vec<u32> = capture
        .events
        .iter()
        .filter(|event| match &event.kind {
            RawKind::Process(ProcessEvent::Exec(facts) | ProcessEvent::Seen(facts)) => {
                facts.exe.as_deref().map(Path::new) == Some(exe)
            }
            _ => false,
        })
        .map(|event| event.pid)
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

#[test]
fn chromium_is_captured_byte_for_byte() {
    let test = "chromium";
    let Some(chromium) = programs(test, "OISP_TEST_CHROMIUM").into_iter().next() else {
        return;
    };
    let Some(mut capture) = start(test) else {
        return;
    };
    let mut number = 0;
    becomes_known(|| {
        number += 1;
        let (told, _) = browse(&chromium, &mut capture, number);
        !told.is_empty()
    });
    for number in 11..14 {
        let (told, truth) = browse(&chromium, &mut capture, number);
        assert!(!truth.is_empty());
        for said in truth.keys() {
            assert!(
                told.contains_key(said),
                "start {number}: told {:?}, was {:?}",
                lengths(&told),
                lengths(&truth)
            );
        }
    }
}

/// What a browser said to a server of its own: as it was told, and as it was.
fn browse(chromium: &Path, capture: &mut Capture, number: usize) -> (Talk, Talk) {
    let server = Server::start(&format!("chromium{number}"));
    let profile = tempfile(number);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/fetch.html");
    let child = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--disable-quic", "--no-first-run", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--ignore-certificate-errors", "--virtual-time-budget=20000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}#{}", page.display(), server.port))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("all answered"), "{shown}");
    capture.until_exit(pid);
    let _ = std::fs::remove_dir_all(&profile);
    let pids = processes(capture, chromium);
    let told = pids
        .into_iter()
        .flat_map(|pid| capture.connections(pid).into_values());
    // The first one may have begun before it was probed.
    let whole = |connection: &Connection| {
        connection.written.gaps.is_empty() && connection.read.gaps.is_empty()
    };
    let told = talk(told.filter(whole));
    let truth = talk(capture.connections(server.pid()).into_values());
    (told, swapped(truth))
}

fn tempfile(number: usize) -> PathBuf {
    std::env::temp_dir().join(format!("oisp-chromium-{}-{number}", std::process::id()))
}
