//! Where the kernel must not divert returns, return instructions are probed, and
//! what is captured is the same. Needs root; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "what the tests share is more than this one needs")]

mod support;

use oisp_capture_ebpf::EbpfConfig;
use support::{Server, body, capture, request};

#[test]
fn return_instructions_tell_what_diverted_returns_do() {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        divert_returns: Some(false),
        ..EbpfConfig::default()
    };
    let Some(mut capture) = capture("returns", config, 100_000) else {
        return;
    };
    let server = Server::start("returns");
    let (pid, _) = server.curl(&["--data-binary", "made-up prompt"], "v1/messages");
    const SIZE: usize = 300_000;
    let mut client = server.client(4, SIZE, 3);
    client.say("go");
    client.wait();
    capture.until_exit(pid);
    capture.until_exit(client.pid());
    let of_curl = capture.connection(pid);
    assert!(of_curl.written.text().ends_with("\r\n\r\nmade-up prompt"));
    assert!(of_curl.read.text().ends_with("\r\n\r\ntpmorp pu-edam"));
    assert!(of_curl.closed);
    let mut sent: Vec<Vec<u8>> = Vec::new();
    for (_, connection) in capture.connections(client.pid()) {
        assert_eq!(
            (&connection.written.gaps, &connection.read.gaps),
            (&vec![], &vec![])
        );
        let thread = connection.written.text().split_once("thread ").unwrap().1[..6]
            .parse()
            .unwrap();
        let mut answer = body(thread, SIZE);
        answer.reverse();
        assert!(connection.read.bytes.ends_with(&answer));
        sent.push(connection.written.bytes);
    }
    sent.sort();
    let mut wanted: Vec<Vec<u8>> = (0..4)
        .map(|thread| request(thread, SIZE).repeat(3))
        .collect();
    wanted.sort();
    assert!(sent == wanted, "{} connections", sent.len());
}
