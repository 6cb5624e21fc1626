//! JSON-RPC between a parent and its child: what goes through the pipes or
//! sockets behind the child's standard streams is what the capture tells, from the
//! parent's side.

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

use std::process::Command;

use oisp_capture_ebpf::{EbpfConfig, KnowsAgents, Stdio};
use oisp_core::ProcessFacts;
use oisp_core::raw::{GapCause, Transport};
use support::{Capture, Connection, Program, capture, python, support};

fn parent(how: &str) -> Program {
    let mut parent = Program::start(
        Command::new(python())
            .arg(support("stdio.py"))
            .args(["parent", how]),
    );
    assert_eq!(parent.line(), "ready");
    parent
}

/// What the parent says and hears.
fn expected(how: &str) -> (String, String) {
    let output = Command::new(python())
        .arg(support("stdio.py"))
        .args(["expected", how])
        .output()
        .expect("python");
    serde_json::from_slice(&output.stdout).expect("two texts")
}

fn is_parent(facts: &ProcessFacts) -> bool {
    let args = facts.args.as_deref().unwrap_or_default();
    args.iter().any(|arg| arg == "parent")
}

fn config(stdio: Stdio, knows_agents: KnowsAgents) -> EbpfConfig {
    EbpfConfig {
        ring_bytes: Some(64 << 20),
        stdio,
        knows_agents,
        ..EbpfConfig::default()
    }
}

fn agents() -> EbpfConfig {
    config(Stdio::KnownAgents, KnowsAgents::by(is_parent))
}

/// Runs a parent to its end; its connections.
fn run(how: &str, config: EbpfConfig) -> Option<(Capture, Vec<Connection>)> {
    let mut parent = parent(how);
    let mut seen = capture("stdio", config, 200_000)?;
    parent.say("go");
    parent.wait();
    let pid = parent.pid();
    seen.until_exit(pid);
    let all = seen.connections(pid).into_values().collect();
    Some((seen, all))
}

#[test]
fn every_message_is_told_from_the_parent_s_side() {
    for how in ["pipes", "pair", "one", "shell", "vector", "large"] {
        let Some((_seen, all)) = run(how, agents()) else {
            return;
        };
        let (said, heard) = expected(how);
        assert_eq!(all.len(), 1, "{how}: {all:?}");
        let conn = &all[0];
        assert_eq!(conn.transport, Transport::Stdio);
        assert!(conn.written.gaps.is_empty(), "{how}: {conn:?}");
        assert!(conn.read.gaps.is_empty(), "{how}: {conn:?}");
        assert!(conn.written.text() == said, "{how}: {conn:?}");
        assert!(conn.read.text() == heard, "{how}: {conn:?}");
        assert!(conn.closed, "{how}");
    }
}

#[test]
fn nothing_is_told_of_what_is_no_json_rpc_or_not_asked_for() {
    let nobody = || KnowsAgents::by(|_| false);
    for (how, config) in [
        ("text", agents()),
        ("headers", agents()),
        ("text", config(Stdio::All, nobody())),
        ("pipes", config(Stdio::KnownAgents, nobody())),
        ("pair", config(Stdio::Off, KnowsAgents::by(is_parent))),
    ] {
        let Some((_seen, all)) = run(how, config) else {
            return;
        };
        assert!(all.is_empty(), "{how}: {all:?}");
    }
}

#[test]
fn everybody_s_children_are_taken_where_that_is_asked_for() {
    for how in ["pipes", "pair"] {
        let config = config(Stdio::All, KnowsAgents::by(|_| false));
        let Some((_seen, all)) = run(how, config) else {
            return;
        };
        let (said, heard) = expected(how);
        assert_eq!(all.len(), 1, "{how}");
        assert_eq!((all[0].written.text(), all[0].read.text()), (said, heard));
    }
}

#[test]
fn what_went_before_the_first_message_is_said_to_be_missing() {
    let Some((_seen, all)) = run("banner", agents()) else {
        return;
    };
    let (said, heard) = expected("banner");
    let late = (0, 0, GapCause::LateAttach);
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].written.text(), all[0].read.text()), (said, heard));
    assert_eq!(all[0].read.gaps, [late]);
}
