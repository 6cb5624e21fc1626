//! Which processes are captured, decided in the kernel and changed while it
//! runs. Needs root and a kernel that allows it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::capture::{ProcessFilter, ProcessRule};
use support::{Capture, Server, capture};

fn with(processes: ProcessFilter, test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        processes,
        ..EbpfConfig::default()
    };
    capture(test, config, 100_000)
}

fn include(rules: &[&str]) -> ProcessFilter {
    ProcessFilter {
        include: rules
            .iter()
            .map(|rule| rule.parse().expect("a rule"))
            .collect(),
        exclude: Vec::new(),
    }
}

fn exclude(rules: &[&str]) -> ProcessFilter {
    ProcessFilter {
        exclude: include(rules).include,
        include: Vec::new(),
    }
}

/// A call by curl: its process, and whether it was captured.
fn call(capture: &mut Capture, server: &Server) -> (u32, bool) {
    let (pid, _) = server.curl(&["--data-binary", "made-up"], "v1/x");
    capture.until_exit(pid);
    (pid, !capture.connections(pid).is_empty())
}

/// Waits until the capture has turned to other rules.
fn turned(capture: &mut Capture, server: &Server, expected: bool) {
    let deadline = std::time::Instant::now() + support::DEADLINE;
    while call(capture, server).1 != expected {
        assert!(
            std::time::Instant::now() < deadline,
            "the rules are not in force"
        );
    }
}

#[test]
fn a_program_is_named_before_it_starts_and_rules_change_while_it_runs() {
    let Some(mut capture) = with(include(&["curl"]), "names") else {
        return;
    };
    let server = Server::start("names");
    let (pid, seen) = call(&mut capture, &server);
    assert!(seen);
    assert!(
        capture
            .connection(pid)
            .written
            .text()
            .starts_with("POST /v1/x")
    );
    assert!(
        capture.connections(server.pid()).is_empty(),
        "the server was not named"
    );
    assert!(capture.counter("kernel_calls_filtered") > 0);
    // Probed like curl, and left out: the status says so.
    capture.until("the server among the processes left out", |capture| {
        let details = capture.status.details();
        let mut processes = details["processes"].as_array().expect("a list").iter();
        processes.any(|process| {
            process["pid"] == server.pid()
                && process["captured"] == false
                && process["why_not"]
                    .as_str()
                    .is_some_and(|why| why.contains("left out"))
        })
    });

    capture.control.set_filter(&exclude(&["name:curl"]));
    turned(&mut capture, &server, false);
    capture.until("bytes of the server", |capture| {
        !capture.connections(server.pid()).is_empty()
    });

    capture.control.set_filter(&ProcessFilter::default());
    turned(&mut capture, &server, true);
}

#[test]
fn descendants_of_a_named_process_are_captured_and_others_are_not() {
    let Some(mut capture) = with(include(&["name:sh"]), "descendants") else {
        return;
    };
    let server = Server::start("descendants");
    let url = format!("https://127.0.0.1:{}/10", server.port);
    let script = format!("curl --silent --insecure {url} >&2; exec curl --silent --insecure {url}");
    let shell = std::process::Command::new("sh")
        .args(["-c", &script])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("sh");
    let pid = shell.id();
    let output = shell.wait_with_output().expect("waited for");
    assert!(output.status.success());
    capture.until_exit(pid);
    let curls: Vec<u32> = capture
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            oisp_core::RawKind::Tls(tls) => Some(tls.conn.pid),
            _ => None,
        })
        .collect();
    assert!(
        curls.contains(&pid),
        "the program that the shell turned into"
    );
    assert!(curls.iter().any(|other| *other != pid), "the shell's child");
    let (other, seen) = call(&mut capture, &server);
    assert!(!seen && other != pid);
}

#[test]
fn a_user_s_processes_are_left_out() {
    let rule = format!("user:{}", 0);
    let Some(mut capture) = with(exclude(&[&rule]), "user") else {
        return;
    };
    let server = Server::start("user");
    assert!(!call(&mut capture, &server).1);
}

/// Probes for one process cost the others nothing. Once it has a child, they are
/// for all: the child must not be missed.
#[test]
fn one_process_is_probed_alone_until_it_has_a_child() {
    let Some(mut capture) = with(ProcessFilter::default(), "alone") else {
        return;
    };
    let server = Server::start("alone");
    let mut client = server.client(1, 300, 1);
    let rule = ProcessRule::Pid(client.pid());
    capture.control.set_filter(&ProcessFilter {
        include: vec![rule],
        exclude: Vec::new(),
    });
    let alone = format!("processes {}", client.pid());
    capture.until("scope of one process", |capture| {
        capture.status.details()["probed_for"] == alone.as_str()
    });
    assert!(!call(&mut capture, &server).1);
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    let connection = capture.connection(client.pid());
    assert!(connection.written.text().starts_with("POST / HTTP/1.1"));
    assert!(connection.read.text().starts_with("HTTP/1.1 200"));

    // The server has many threads and no child; a shell has one.
    let mut shell = support::Program::start(&mut std::process::Command::new("sh"));
    capture
        .control
        .set_filter(&include(&[&format!("pid:{}", shell.pid())]));
    let alone = format!("processes {}", shell.pid());
    capture.until("scope of the shell", |capture| {
        capture.status.details()["probed_for"] == alone.as_str()
    });
    let url = format!("https://127.0.0.1:{}/10", server.port);
    shell.say(&format!(
        "/bin/true; sleep 1; curl --silent --insecure {url} >/dev/null; echo done"
    ));
    capture.until("scope of all", |capture| {
        capture.status.details()["probed_for"] == "all processes"
    });
    assert_eq!(shell.line(), "done");
    capture.until("the call of the shell's child", |capture| {
        capture.events.iter().any(|event| matches!(&event.kind,
            oisp_core::RawKind::Tls(tls) if tls.conn.pid != server.pid() && tls.conn.pid != client.pid()))
    });
    assert!(!call(&mut capture, &server).1, "the rule holds on");
}
