//! TLS libraries beside OpenSSL, each of their ways to send and receive: what the
//! client hands over is what the server, which runs on OpenSSL, gets.

use std::process::Command;

use oisp_core::raw::GapCause;

use super::default;
use super::support::{Connection, Program, Server, python, support};

/// Bytes of the body that `gnutls.py` sends.
const BODY: u64 = 26 * 400;

/// Whether a library can be loaded here; says aloud where not.
fn has(test: &str, library: &str) -> bool {
    let load = format!("import ctypes; ctypes.CDLL('{library}')");
    let output = Command::new(python()).args(["-c", &load]).output();
    let loads = output.is_ok_and(|output| output.status.success());
    if !loads {
        eprintln!("skipped: {test}: no {library}");
    }
    loads
}

/// What was captured of a client, and of the server that it spoke to.
fn run(test: &str, script: &str, case: &[&str]) -> Option<(Connection, Connection)> {
    let mut capture = default(test)?;
    let server = Server::start(&test.replace(' ', "-"));
    let mut client = Program::start(
        Command::new(python())
            .arg(support(script))
            .arg(server.port.to_string())
            .args(case),
    );
    client.wait();
    capture.until_exit(client.pid());
    capture.until("what the server read", |capture| {
        let all = capture.connections(server.pid());
        all.values().any(|connection| connection.closed)
    });
    let both = (
        capture.connection(client.pid()),
        capture.connection(server.pid()),
    );
    Some(both)
}

#[test]
fn gnutls_is_captured_whichever_function_sends_or_receives() {
    if !has("gnutls", "libgnutls.so.30") {
        return;
    }
    let cases = [
        "plain",
        "send2",
        "send_range",
        "corked",
        "resumed",
        "recv_seq",
        "recv_packet",
    ];
    for case in cases {
        let Some((client, server)) = run(&format!("gnutls {case}"), "gnutls.py", &[case]) else {
            return;
        };
        assert!(
            client.written.bytes == server.read.bytes,
            "{case}: {client:?} {server:?}"
        );
        assert!(
            client.read.bytes == server.written.bytes,
            "{case}: {client:?} {server:?}"
        );
        assert!(client.written.end > BODY, "{case}: {client:?}");
        assert!(client.closed, "{case}");
        assert_eq!(
            (client.written.gaps.len(), client.read.gaps.len()),
            (0, 0),
            "{case}: {client:?}"
        );
    }
}

#[test]
fn what_gnutls_sends_without_its_buffer_is_a_gap_of_that_length() {
    let case = "resumed without the buffer";
    if !has(case, "libgnutls.so.30") {
        return;
    }
    let Some((client, server)) = run(case, "gnutls.py", &[case]) else {
        return;
    };
    assert_eq!(client.written.end, server.read.end);
    let head = client.written.end - BODY;
    assert_eq!(client.written.gaps, [(head, BODY, GapCause::ReadFault)]);
    assert!(server.read.bytes.starts_with(&client.written.bytes));
    assert!(client.read.bytes == server.written.bytes);
}

#[test]
fn nss_is_captured_and_nothing_else_that_passes_through_nspr() {
    if !has("nss", "libssl3.so") {
        return;
    }
    let Some((client, server)) = run("nss", "nss.py", &[]) else {
        return;
    };
    assert!(client.closed);
    assert!(
        client.read.bytes == server.written.bytes,
        "{client:?} {server:?}"
    );
    assert_eq!(client.read.gaps, []);
    // The third request is written from many places at once, which is counted
    // and not taken.
    assert_eq!(client.written.end, server.read.end);
    let [(offset, len, GapCause::ReadFault)] = client.written.gaps[..] else {
        panic!("{client:?}")
    };
    assert_eq!(offset + len, client.written.end);
    let taken = usize::try_from(offset).unwrap();
    assert!(client.written.bytes == server.read.bytes[..taken]);
    assert!(taken > 2 * 24 * 400, "{client:?}");
}
