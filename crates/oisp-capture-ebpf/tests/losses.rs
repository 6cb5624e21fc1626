//! Every cause for which bytes can be missing, made to happen: each is a gap of
//! the right length with the right cause, and every byte is accounted for. Needs
//! root and a kernel that allows it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;

use oisp_capture_ebpf::{EbpfConfig, ProbeMethod};
use oisp_core::raw::GapCause;
use support::{Capture, Program, Stream, capture};

/// `examples/made_up_tls.rs`, which cargo builds with the tests.
fn made_up() -> Program {
    let mut path = std::env::current_exe().expect("a path");
    path.pop();
    path.pop();
    let path = path.join("examples/made_up_tls");
    assert!(
        path.exists(),
        "cargo builds it with all tests of the crate, or by `cargo build --example made_up_tls`"
    );
    Program::start(&mut Command::new(path))
}

fn order(program: &mut Program, command: &str) {
    program.say(command);
    assert_eq!(program.line(), "done");
}

/// A program that the capture has found.
fn found(capture: &mut Capture) -> Program {
    let program = made_up();
    let pid = program.pid();
    capture.until("attached program", |capture| {
        let details = capture.status.details();
        let processes = details["processes"].as_array().expect("a list").clone();
        processes
            .iter()
            .any(|process| process["pid"] == pid && process["captured"] == true)
    });
    program
}

fn written(capture: &mut Capture, mut program: Program) -> Stream {
    let pid = program.pid();
    program.kill();
    capture.until_exit(pid);
    capture.connection(pid).written
}

fn with(config: EbpfConfig, test: &str) -> Option<Capture> {
    capture(test, config, 100_000)
}

fn roomy() -> EbpfConfig {
    EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    }
}

/// What the kernel saw went into the ring or is counted by its cause.
fn is_conserved(capture: &Capture) {
    let causes = ["ring_full", "read_fault", "call_too_large", "shed"];
    let dropped: u64 = causes
        .iter()
        .map(|cause| capture.counter(&format!("kernel_bytes_dropped_{cause}")))
        .sum();
    let (seen, sent) = (
        capture.counter("kernel_bytes_captured"),
        capture.counter("kernel_bytes_sent"),
    );
    assert_eq!(seen, sent + dropped);
}

#[test]
fn memory_that_cannot_be_read_is_a_gap() {
    let Some(mut capture) = with(roomy(), "read fault") else {
        return;
    };
    let mut program = found(&mut capture);
    order(&mut program, "new");
    order(&mut program, "write 100");
    order(&mut program, "write-nowhere 5000");
    order(&mut program, "write 7");
    let written = written(&mut capture, program);
    assert_eq!(written.gaps, [(100, 5000, GapCause::ReadFault)]);
    assert_eq!((written.bytes.len(), written.end), (107, 5107));
    is_conserved(&capture);
}

/// A buffer of a file that is not in memory yet.
#[test]
fn memory_that_is_not_there_yet_is_waited_for_where_the_kernel_allows() {
    let file = std::env::temp_dir().join(format!("oisp-cold-{}", std::process::id()));
    let content: Vec<u8> = (0..100_000_u32)
        .flat_map(|number| number.to_le_bytes())
        .collect();
    std::fs::write(&file, &content).expect("written");
    let _gone = Gone(file.clone());
    for method in [ProbeMethod::Multi, ProbeMethod::Cookie] {
        let config = EbpfConfig {
            probe_method: Some(method),
            ..roomy()
        };
        let Some(mut capture) = with(config, "cold memory") else {
            continue;
        };
        let mut program = found(&mut capture);
        order(&mut program, "new");
        order(&mut program, &format!("write-cold {}", file.display()));
        let written = written(&mut capture, program);
        assert_eq!(written.end, content.len() as u64);
        let whole = written.gaps.is_empty() && written.bytes == content;
        let waited = capture.counter("kernel_faults_waited") > 0;
        // The program never touches the memory, and nothing waits for it without
        // being counted.
        if whole && !waited {
            skip_cold(method);
        } else if method == ProbeMethod::Multi {
            assert!(whole, "{:?}", written.gaps);
        } else {
            assert!(!waited);
            assert_eq!(
                written.gaps,
                [(0, content.len() as u64, GapCause::ReadFault)]
            );
        }
        is_conserved(&capture);
    }
}

/// Another sensor on this machine, whose probe came first, has waited for it.
fn skip_cold(method: ProbeMethod) {
    eprintln!("skipped: cold memory, {method:?}: something else on this machine read it in first");
}

struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_one_call_carries_too_much_is_a_gap() {
    let Some(mut capture) = with(roomy(), "too large") else {
        return;
    };
    let mut program = found(&mut capture);
    // Less than a whole record more would still be taken.
    let (limit, more) = (16_u64 << 20, 3 * 32_768);
    order(&mut program, "new");
    order(&mut program, &format!("write {}", limit + more));
    order(&mut program, "write 9");
    let written = written(&mut capture, program);
    assert_eq!(written.gaps, [(limit, more, GapCause::CallTooLarge)]);
    assert_eq!(written.end, limit + more + 9);
    assert_eq!(
        written.bytes.len() as u64 + more,
        written.end,
        "all else is there"
    );
    is_conserved(&capture);
}

#[test]
fn a_call_that_cannot_be_counted_is_a_gap_of_unknown_length() {
    let Some(mut capture) = with(roomy(), "uncounted") else {
        return;
    };
    let mut program = found(&mut capture);
    order(&mut program, "new");
    order(&mut program, "write 3");
    order(&mut program, "read-uncounted");
    let pid = program.pid();
    program.kill();
    capture.until_exit(pid);
    let read = capture.connection(pid).read;
    assert_eq!(read.gaps, [(0, 0, GapCause::Scratch)]);
    assert_eq!(capture.counter("kernel_calls_unknown_length"), 1);
}

#[test]
fn what_finds_a_full_ring_is_a_gap() {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 10),
        ..EbpfConfig::default()
    };
    let Some(mut capture) = with(config, "full ring") else {
        return;
    };
    let mut program = found(&mut capture);
    order(&mut program, "new");
    order(&mut program, "write 1000000");
    order(&mut program, "write 9");
    let written = written(&mut capture, program);
    assert!(!written.gaps.is_empty());
    assert!(
        written
            .gaps
            .iter()
            .all(|(.., cause)| *cause == GapCause::RingFull),
        "{written:?}"
    );
    let missing: u64 = written.gaps.iter().map(|(_, len, _)| len).sum();
    assert_eq!(written.bytes.len() as u64 + missing, 1_000_009);
    is_conserved(&capture);
}

#[test]
fn a_connection_without_a_beginning_is_marked() {
    let Some(mut capture) = with(roomy(), "late") else {
        return;
    };
    let mut program = found(&mut capture);
    order(&mut program, "write 5");
    let written = written(&mut capture, program);
    assert_eq!(written.gaps, [(0, 0, GapCause::LateAttach)]);
    assert_eq!(written.bytes, [0, 1, 2, 3, 4]);
}

/// Above its share of the processor the sensor leaves out connections that are
/// not known to carry AI calls, beyond their beginning.
#[test]
fn what_is_left_out_to_save_time_is_a_gap() {
    let config = EbpfConfig {
        cpu_share: Some(0.0),
        ..roomy()
    };
    let Some(mut capture) = with(config, "share") else {
        return;
    };
    capture.until("shedding", |capture| {
        capture.status.details()["left_out"]
            .as_str()
            .is_some_and(|left_out| left_out.contains("connections"))
    });
    let mut unknown = found(&mut capture);
    order(&mut unknown, "new");
    order(&mut unknown, "burst 100");
    let mut wanted = found(&mut capture);
    order(&mut wanted, "new");
    order(&mut wanted, "write 1000");
    let pid = wanted.pid();
    capture.until("wanted connection", |capture| {
        !capture.connections(pid).is_empty()
    });
    let conn = *capture
        .connections(pid)
        .first_key_value()
        .expect("a connection")
        .0;
    capture.control.wanted(conn);
    order(&mut wanted, "burst 100");
    let all = written(&mut capture, wanted);
    assert_eq!((all.bytes.len(), &*all.gaps), (101_000, &[][..]));
    let some = written(&mut capture, unknown);
    let [(from, len, GapCause::Shed)] = *some.gaps.as_slice() else {
        panic!("{some:?}")
    };
    assert!(from >= 64 << 10, "its beginning is there: {from}");
    assert_eq!(from + len, 100_000);
    is_conserved(&capture);
}
