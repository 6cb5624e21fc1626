//! Libraries in places that nobody knows, and roots of programs that have one of
//! their own: probed before anything is said through them.

#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking, and says what it skips"
)]

mod support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use oisp_capture_ebpf::EbpfConfig;
use support::{
    Capture, CopiedLibrary, DEADLINE, Program, Server, capture, library, python, support,
};

/// Nothing is found by looking again.
fn without_rounds() -> EbpfConfig {
    EbpfConfig {
        rescan: Duration::from_secs(3600),
        ..EbpfConfig::default()
    }
}

fn program(server: &Server, library: &str, wait: &str) -> Program {
    let mut program = Program::start(Command::new(python()).arg(support("late.py")).args([
        &server.port.to_string(),
        library,
        wait,
    ]));
    assert_eq!(program.line(), "started");
    program
}

fn requests() -> Vec<u8> {
    let request = |number: u32| {
        format!("POST /{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
    };
    (0..20)
        .flat_map(|number| request(number).into_bytes())
        .collect()
}

/// The target below that folder has probes.
fn is_probed(capture: &Capture, folder: &Path) -> bool {
    let targets = capture.status.details()["targets"].clone();
    targets.as_array().unwrap().iter().any(|target| {
        let path = Path::new(target["path"].as_str().unwrap());
        path.starts_with(folder) && target["probes"].as_u64() > Some(0)
    })
}

#[test]
fn a_library_that_a_running_program_loads_is_probed_when_it_is_mapped() {
    let Some(copy) = CopiedLibrary::of("libssl.so.3") else {
        eprintln!("skipped: late: no libssl.so.3 in the usual place");
        return;
    };
    let server = Server::start("late");
    let library = format!("{}/libssl.so.3", copy.directory());
    // Before the capture: no notice of its start has it looked at again.
    let mut late = program(&server, &library, "told");
    let Some(mut capture) = capture("late", without_rounds(), 100_000) else {
        return;
    };
    late.say("load");
    assert_eq!(late.line(), "loaded");
    let folder = Path::new(copy.directory()).to_owned();
    capture.until("the probes", |capture| is_probed(capture, &folder));
    late.say("talk");
    let pid = late.pid();
    late.wait();
    capture.until_exit(pid);
    let connection = capture.connection(pid);
    assert_eq!(connection.written.gaps, []);
    assert!(connection.written.bytes == requests(), "{connection:?}");
    copy.remove();
}

#[test]
fn a_root_of_its_own_is_probed_ahead_in_the_same_mount_namespace_too() {
    let Some(library) = library("libssl.so.3") else {
        eprintln!("skipped: chroot: no libssl.so.3 in the usual place");
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let libraries = root.path().join("usr/lib");
    std::fs::create_dir_all(&libraries).unwrap();
    std::fs::copy(library, libraries.join("libssl.so.3")).unwrap();
    let script =
        "import os, sys; os.chroot(sys.argv[1]); print('in', flush=True); sys.stdin.read()";
    let mut inside = Program::start(Command::new(python()).args(["-c", script]).arg(root.path()));
    if inside.line() != "in" {
        eprintln!("skipped: chroot: this user may not");
        return;
    }
    let Some(capture) = capture("chroot", without_rounds(), 100_000) else {
        return;
    };
    let seen_from_here = format!("/proc/{}/root/usr/lib", inside.pid());
    assert!(
        is_probed(&capture, Path::new(&seen_from_here)),
        "{:?}",
        capture.status.details()["targets"]
    );
    drop(inside);
}

/// How long it takes, for people: not a test of its own.
#[test]
#[ignore = "it prints figures"]
fn how_late_the_first_request_may_be() {
    let server = Server::start("late-figures");
    let Some(mut capture) = capture("late", without_rounds(), 100_000) else {
        return;
    };
    for wait in ["0", "2", "5", "10", "20", "50"] {
        let mut whole = 0;
        for _ in 0..10 {
            let Some(copy) = CopiedLibrary::of("libssl.so.3") else {
                return;
            };
            let mut late = program(&server, &format!("{}/libssl.so.3", copy.directory()), wait);
            // Past the looks that follow its start.
            std::thread::sleep(Duration::from_millis(1200).min(DEADLINE));
            late.say("load");
            late.line();
            let pid = late.pid();
            late.wait();
            capture.until_exit(pid);
            let connections = capture.connections(pid);
            whole += connections
                .values()
                .filter(|connection| connection.written.bytes == requests())
                .count();
            copy.remove();
        }
        eprintln!("{wait} ms between load and handshake: {whole} of 10 whole");
    }
}
