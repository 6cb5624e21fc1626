//! Real clients, a real TLS server and the real kernel: what is captured is what
//! was sent. Needs root and a kernel that allows it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]

mod libraries;
mod support;

use std::process::Command;

use oisp_capture_ebpf::{EbpfConfig, ProbeMethod};
use oisp_core::ProcessEvent;
use oisp_core::raw::GapCause;
use support::{Capture, Program, Server, body, capture, request};

/// With room for all that a test sends: how fast the machine is, is not the
/// question here.
fn default(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    capture(test, config, 100_000)
}

#[test]
fn curl_is_captured_byte_for_byte_on_both_sides() {
    let Some(mut capture) = default("curl") else {
        return;
    };
    let server = Server::start("curl");
    let (pid, output) = server.curl(&["--data-binary", "made-up prompt"], "v1/messages");
    assert_eq!(output.stdout, b"tpmorp pu-edam");
    capture.until_exit(pid);
    let client = capture.connection(pid);
    assert!(
        client
            .written
            .text()
            .starts_with("POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:")
    );
    assert!(client.written.text().ends_with("\r\n\r\nmade-up prompt"));
    assert!(client.read.text().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(client.read.text().ends_with("\r\n\r\ntpmorp pu-edam"));
    assert!(client.closed);
    assert_eq!(
        (&client.written.gaps, &client.read.gaps),
        (&vec![], &vec![])
    );
    // The same bytes, taken in another process, through other functions.
    let served = capture.connection(server.pid());
    assert_eq!(served.read.text(), client.written.text());
    assert_eq!(served.written.text(), client.read.text());
}

#[test]
fn every_way_of_probing_gives_the_same_bytes() {
    for method in [ProbeMethod::Multi, ProbeMethod::Cookie, ProbeMethod::Copies] {
        let config = EbpfConfig {
            ring_bytes: Some(64 << 20),
            probe_method: Some(method),
            ..EbpfConfig::default()
        };
        let Some(mut capture) = capture(method.as_str(), config, 100_000) else {
            continue;
        };
        let server = Server::start(&format!("method{}", method as u8));
        let (pid, output) = server.curl(&["--data-binary", "made-up prompt"], "v1/messages");
        assert_eq!(output.stdout, b"tpmorp pu-edam");
        capture.until_exit(pid);
        let client = capture.connection(pid);
        assert!(client.written.text().ends_with("\r\n\r\nmade-up prompt"));
        assert!(client.read.text().ends_with("\r\n\r\ntpmorp pu-edam"));
        assert!(client.closed, "{method:?}");
        let served = capture.connection(server.pid());
        assert_eq!(served.read.text(), client.written.text());
        assert_eq!(served.written.text(), client.read.text());
    }
}

#[test]
fn the_process_is_told_before_its_bytes() {
    let Some(mut capture) = default("process") else {
        return;
    };
    let server = Server::start("process");
    let (pid, _) = server.curl(&[], "10");
    capture.until_exit(pid);
    let events = capture.process_events(pid);
    let ProcessEvent::Exec(facts) = events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(facts.ppid, Some(std::process::id()));
    assert_eq!(facts.args.as_ref().unwrap()[0], "curl");
    assert!(facts.exe.as_ref().unwrap().ends_with("/curl"), "{facts:?}");
    assert!(facts.uid.is_some() && facts.started.is_some());
    let ProcessEvent::Exit {
        code: Some(0),
        signal: None,
        core_dumped: false,
        runtime_ms: Some(_),
        ..
    } = events[1]
    else {
        panic!("{events:?}")
    };
    let parents = capture.process_events(std::process::id());
    assert!(
        parents
            .iter()
            .any(|event| matches!(event, ProcessEvent::Seen(_))),
        "{parents:?}"
    );
    assert!(
        parents
            .iter()
            .any(|event| **event == ProcessEvent::Fork { child_pid: pid }),
        "{parents:?}"
    );
}

#[test]
fn a_large_upload_in_one_call_is_whole() {
    let Some(mut capture) = default("upload") else {
        return;
    };
    let server = Server::start("upload");
    const SIZE: usize = 5_000_000;
    let mut client = server.client(1, SIZE, 1);
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    let connection = capture.connection(client.pid());
    assert!(
        connection.written.bytes == request(0, SIZE),
        "{connection:?}"
    );
    let mut reversed = body(0, SIZE);
    reversed.reverse();
    assert!(connection.read.bytes.ends_with(&reversed), "{connection:?}");
    assert_eq!(
        (connection.written.gaps.len(), connection.read.gaps.len()),
        (0, 0)
    );
}

#[test]
fn fifty_threads_of_one_process_are_kept_apart() {
    let Some(mut capture) = default("threads") else {
        return;
    };
    let server = Server::start("threads");
    let mut client = server.client(50, 3000, 5);
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for (_, connection) in capture.connections(client.pid()) {
        assert_eq!(
            (connection.written.gaps.len(), connection.read.gaps.len()),
            (0, 0),
            "{connection:?}"
        );
        seen.push(connection.written.bytes);
    }
    seen.sort();
    let mut sent: Vec<Vec<u8>> = (0..50)
        .map(|thread| request(thread, 3000).repeat(5))
        .collect();
    sent.sort();
    assert!(seen == sent, "{} connections", seen.len());
}

#[test]
fn a_connection_that_was_there_before_is_marked_late() {
    let server = Server::start("late");
    let mut client = server.client(1, 100, 1);
    let Some(mut capture) = default("late") else {
        return;
    };
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    let connection = capture.connection(client.pid());
    assert_eq!(connection.written.gaps, [(0, 0, GapCause::LateAttach)]);
    assert_eq!(connection.read.gaps, [(0, 0, GapCause::LateAttach)]);
    assert_eq!(connection.written.bytes, request(0, 100));
    let told = capture.process_events(client.pid());
    assert!(
        matches!(told[0], ProcessEvent::Seen(facts) if facts.args.is_some()),
        "{told:?}"
    );
}

#[test]
fn a_target_killed_in_the_middle_of_a_call_ends_nothing_else() {
    let Some(mut capture) = default("killed") else {
        return;
    };
    let server = Server::start("killed");
    // The server answers after the whole request: the client sits in a read.
    let mut client = server.client(1, 1_000_000, 1000);
    client.say("go");
    let pid = client.pid();
    capture.until("bytes of the client", |capture| {
        capture
            .connections(pid)
            .values()
            .any(|connection| connection.read.end > 1_000_000)
    });
    client.kill();
    capture.until_exit(pid);
    let events = capture.process_events(pid);
    assert!(
        matches!(
            events.last(),
            Some(ProcessEvent::Exit {
                code: None,
                signal: Some(9),
                ..
            })
        ),
        "{events:?}"
    );
    assert!(capture.connection(pid).closed);
    let (next, _) = server.curl(&[], "10");
    capture.until_exit(next);
    assert_eq!(capture.connection(next).read.gaps, []);
}

#[test]
fn what_a_full_ring_loses_is_told_to_the_byte() {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 10),
        ..EbpfConfig::default()
    };
    let Some(mut capture) = capture("ring", config, 64) else {
        return;
    };
    let server = Server::start("ring");
    const SIZE: usize = 200_000;
    let mut client = server.client(4, SIZE, 10);
    client.say("go");
    // Nobody takes events meanwhile: the capture waits, the client does not.
    client.wait();
    // The record of its end may be among what was lost.
    capture.stop();
    let connections = capture.connections(client.pid());
    let mut lost = 0;
    for connection in connections.values() {
        assert_eq!(
            connection.written.end,
            request(0, SIZE).len() as u64 * 10,
            "{connection:?}"
        );
        for (_, len, cause) in connection.written.gaps.iter().chain(&connection.read.gaps) {
            assert_eq!(*cause, GapCause::RingFull);
            lost += len;
        }
    }
    assert_eq!(connections.len(), 4);
    assert!(lost > 0);
    let count = |name| capture.counter(name);
    assert_eq!(
        count("kernel_bytes_captured"),
        count("kernel_bytes_sent") + count("kernel_bytes_dropped_ring_full")
    );
    assert_eq!(count("bytes_delivered"), count("kernel_bytes_sent"));
    assert_eq!(
        count("bytes_dropped_ring_full"),
        count("kernel_bytes_dropped_ring_full")
    );
    assert_eq!(count("records_out_of_order"), 0);
}

#[test]
fn short_lived_programs_are_seen_with_arguments_and_exit_codes() {
    let Some(mut capture) = default("exec") else {
        return;
    };
    let mut shell = Command::new("sh")
        .args(["-c", "/bin/true 'two words' ''; exit 7"])
        .spawn()
        .expect("sh");
    let status = shell.wait().expect("waited for");
    assert_eq!(status.code(), Some(7));
    capture.until_exit(shell.id());
    let of_shell = capture.process_events(shell.id());
    let child = of_shell
        .iter()
        .find_map(|event| match event {
            ProcessEvent::Fork { child_pid } => Some(*child_pid),
            _ => None,
        })
        .expect("a child");
    assert!(
        matches!(
            of_shell.last(),
            Some(ProcessEvent::Exit {
                code: Some(7),
                signal: None,
                ..
            })
        ),
        "{of_shell:?}"
    );
    let of_child = capture.process_events(child);
    let ProcessEvent::Exec(facts) = of_child[0] else {
        panic!("{of_child:?}")
    };
    assert_eq!(
        facts.args.as_ref().unwrap(),
        &["/bin/true", "two words", ""]
    );
    assert_eq!(facts.ppid, Some(shell.id()));
    assert!(
        facts.exe.as_ref().unwrap().ends_with("bin/true"),
        "{facts:?}"
    );
    assert!(
        matches!(of_child[1], ProcessEvent::Exit { code: Some(0), .. }),
        "{of_child:?}"
    );
}

#[test]
fn node_with_its_own_openssl_is_captured() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("skipped: node: not installed");
        return;
    }
    let Some(mut capture) = default("node") else {
        return;
    };
    let server = Server::start("node");
    let script = format!(
        "process.env.NODE_TLS_REJECT_UNAUTHORIZED = 0; const req = require('https').request(\
         {{ port: {}, host: '127.0.0.1', method: 'POST', path: '/from-node' }}, \
         res => {{ res.on('data', () => {{}}); res.on('end', () => process.exit(0)); }}); req.end('node body');",
        server.port
    );
    let mut node = Program::start(Command::new("node").args(["--no-warnings", "-e", &script]));
    node.wait();
    capture.until_exit(node.pid());
    let connection = capture.connection(node.pid());
    assert!(
        connection
            .written
            .text()
            .starts_with("POST /from-node HTTP/1.1\r\n"),
        "{:?}",
        connection.written.text()
    );
    assert!(connection.written.text().ends_with("node body"));
    assert!(connection.read.text().ends_with("ydob edon"));
    assert_eq!(
        (connection.written.gaps.len(), connection.read.gaps.len()),
        (0, 0)
    );
}

#[test]
fn the_status_says_who_is_captured_through_what_and_who_is_not() {
    let Some(mut capture) = default("status") else {
        return;
    };
    let server = Server::start("status");
    let mut sleeper = Program::start(Command::new("cat").env_clear());
    let (pid, sleeping) = (server.pid(), sleeper.pid());
    let line = |capture: &Capture, pid: u32| {
        let details = capture.status.details();
        let lines = details["processes"].as_array().cloned().unwrap_or_default();
        lines.into_iter().find(|line| line["pid"] == pid)
    };
    capture.until("lines of both processes", |capture| {
        let captured = line(capture, pid).is_some_and(|line| line["captured"] == true);
        captured && line(capture, sleeping).is_some()
    });
    let served = line(&capture, pid).unwrap();
    assert!(
        served["via"][0].as_str().unwrap().contains("ssl"),
        "{served}"
    );
    let slept = line(&capture, sleeping).unwrap();
    assert_eq!(slept["captured"], false);
    assert!(
        slept["why_not"]
            .as_str()
            .unwrap()
            .contains("no TLS library"),
        "{slept}"
    );
    sleeper.kill();
    assert!(capture.counter("attached_files") > 0);
}

#[test]
fn a_library_that_nobody_knew_is_found_in_a_running_program_and_let_go_after_it() {
    let config = EbpfConfig {
        rescan: std::time::Duration::from_millis(200),
        ..EbpfConfig::default()
    };
    let Some(mut capture) = capture("found", config, 100_000) else {
        return;
    };
    let server = Server::start("found");
    let Some(copy) = support::CopiedLibrary::of("libssl.so.3") else {
        eprintln!("skipped: found: no libssl.so.3 in the usual place");
        return;
    };
    let mut client = server.client_with(1, 100, 1, &[("LD_LIBRARY_PATH", copy.directory())]);
    // Only the kernel has it now.
    copy.remove();
    let pid = client.pid();
    capture.until("the target", |capture| {
        let details = capture.status.details();
        let lines = details["processes"].as_array().cloned().unwrap_or_default();
        let line = lines.into_iter().find(|line| line["pid"] == pid);
        line.is_some_and(|line| {
            line["via"][0]
                .as_str()
                .is_some_and(|via| via.starts_with(copy.directory()))
        })
    });
    client.say("go");
    client.wait();
    capture.until_exit(pid);
    assert_eq!(capture.connection(pid).written.bytes, request(0, 100));
    capture.until("the detaching", |capture| {
        capture.counter("detached_files") == 1
    });
}

#[test]
fn stopping_does_not_wait_for_ever_for_a_pipeline_that_takes_nothing() {
    let Some(mut capture) = capture("stuck", EbpfConfig::default(), 1) else {
        return;
    };
    // More events than there is room for.
    for _ in 0..10 {
        Command::new("true").status().expect("true");
    }
    capture.stop_without_taking();
}
