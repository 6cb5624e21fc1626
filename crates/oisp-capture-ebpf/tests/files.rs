//! What a process that talks to AI does with files, and what it starts. Needs
//! root and a kernel that allows it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::path::Path;
use std::process::Command;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::RawKind;
use oisp_core::raw::{Access, FileEvent};
use support::{Capture, Program, capture};

fn start(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        ..EbpfConfig::default()
    };
    capture(test, config, 100_000)
}

/// A shell that waits for commands and that the capture watches, and its folder.
fn watched_shell(capture: &mut Capture) -> (Program, tempfile::TempDir) {
    let dir = tempfile::Builder::new()
        .prefix("oisp files ")
        .tempdir()
        .expect("a folder");
    let shell = Program::start(Command::new("bash").current_dir(dir.path()));
    // As if it had made a call.
    capture.control.wanted(oisp_core::ConnId {
        pid: shell.pid(),
        start_time: 0,
        handle: 1,
        generation: 0,
    });
    let pid = shell.pid();
    capture.until("watched shell", |capture| {
        let details = capture.status.details();
        let watched = details["files_of"].as_array().expect("a list");
        watched.iter().any(|watched| *watched == pid)
    });
    (shell, dir)
}

/// What was done with files in that folder, without opens for reading of others.
fn told(capture: &Capture, dir: &Path) -> Vec<(u32, FileEvent)> {
    let within = |event: &FileEvent| {
        let (FileEvent::Open { path, .. }
        | FileEvent::Write { path, .. }
        | FileEvent::Delete { path, .. }
        | FileEvent::Rename { to: path, .. }) = event;
        Path::new(path).starts_with(dir)
    };
    let files = capture.events.iter().filter_map(|event| match &event.kind {
        RawKind::File(file) => Some((event.pid, file.clone())),
        _ => None,
    });
    files.filter(|(_, event)| within(event)).collect()
}

fn has(capture: &Capture, dir: &Path, wanted: &FileEvent) -> bool {
    told(capture, dir).iter().any(|(_, event)| event == wanted)
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

#[test]
fn files_made_written_renamed_and_removed_are_told() {
    let Some(mut capture) = start("files") else {
        return;
    };
    let (mut shell, dir) = watched_shell(&mut capture);
    let dir = dir.path().canonicalize().expect("a path");
    shell.say("printf 12345 > new.txt; printf 678 >> new.txt; mv new.txt 'a b.txt'; mkdir d; rm 'a b.txt'; rmdir d; echo done");
    assert_eq!(shell.line(), "done");
    let removed = FileEvent::Delete {
        path: path(&dir, "d"),
        is_directory: true,
    };
    capture.until("the removal", |capture| has(capture, &dir, &removed));
    let all = told(&capture, &dir);
    let open = all.iter().find_map(|(_, event)| match event {
        FileEvent::Open { path, access, .. } => Some((path.clone(), *access)),
        _ => None,
    });
    let created = Access {
        write: true,
        created: true,
        ..Access::default()
    };
    assert_eq!(open, Some((path(&dir, "new.txt"), created)), "{all:?}");
    let wrote = |bytes, created, size| FileEvent::Write {
        path: path(&dir, "new.txt"),
        bytes,
        times: 1,
        created,
        truncated: false,
        size: Some(size),
    };
    assert!(has(&capture, &dir, &wrote(5, true, 5)), "{all:#?}");
    assert!(has(&capture, &dir, &wrote(3, false, 8)), "{all:#?}");
    let renamed = FileEvent::Rename {
        from: path(&dir, "new.txt"),
        to: path(&dir, "a b.txt"),
    };
    assert!(has(&capture, &dir, &renamed), "{all:#?}");
    let removed = FileEvent::Delete {
        path: path(&dir, "a b.txt"),
        is_directory: false,
    };
    assert!(has(&capture, &dir, &removed), "{all:#?}");
    // mv, rm and the rest are children of the shell, which talks to AI.
    assert!(
        all.iter()
            .any(|(pid, event)| *pid != shell.pid() && *event == renamed)
    );
}

#[test]
fn a_file_left_open_at_the_end_is_told_and_failures_are_not() {
    let Some(mut capture) = start("files left open") else {
        return;
    };
    let (mut shell, dir) = watched_shell(&mut capture);
    let dir = dir.path().canonicalize().expect("a path");
    shell.say("exec 7>left.txt; printf 1234567 >&7; rm nowhere 2>/dev/null; mv no where 2>/dev/null; exit");
    let pid = shell.pid();
    capture.until_exit(pid);
    let all = told(&capture, &dir);
    let bytes: u64 = all
        .iter()
        .filter_map(|(_, event)| match event {
            FileEvent::Write { bytes, .. } => Some(*bytes),
            _ => None,
        })
        .sum();
    assert_eq!(bytes, 7, "{all:#?}");
    let failed =
        |event: &FileEvent| matches!(event, FileEvent::Delete { .. } | FileEvent::Rename { .. });
    assert!(!all.iter().any(|(_, event)| failed(event)), "{all:#?}");
}

#[test]
fn others_are_not_told() {
    let Some(mut capture) = start("others' files") else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    let (mut shell, own) = watched_shell(&mut capture);
    std::fs::write(dir.path().join("x"), "not an agent's").expect("written");
    shell.say("printf 1 > y; echo done");
    assert_eq!(shell.line(), "done");
    let own = own.path().canonicalize().expect("a path");
    capture.until("the shell's own file", |capture| {
        !told(capture, &own).is_empty()
    });
    assert_eq!(told(&capture, dir.path()), []);
}
