//! The sensor in the background: started, looked at, ended, and what is said where
//! that cannot be.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::support::is_root;
use super::support::sensor::binary;

fn daemon(state: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = binary()
        .arg("daemon")
        .args(arguments)
        .env("OISP_STATE_DIR", state)
        .current_dir(state)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_daemon_is_started_once_and_ended() {
    if !is_root("a_daemon_is_started_once_and_ended") {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str]| daemon(state.path(), arguments);
    assert_eq!(told(&["status"]).0, Some(1));
    let (code, _, said) = told(&["start", "--no-web", "--no-file", "--output", "made.jsonl"]);
    if code == Some(3) || (code == Some(1) && said.contains("cannot capture")) {
        super::support::skipped("a_daemon_is_started_once_and_ended", said.trim());
        return;
    }
    assert_eq!(code, Some(0), "{said}");
    let (code, status, _) = told(&["status", "--json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((code, &status["running"]), (Some(0), &Value::Bool(true)));
    // Attached when `start` ended: its file is there and its log says so.
    assert!(state.path().join("made.jsonl").exists());
    let (_, log, _) = told(&["logs"]);
    assert!(log.contains("capturing AI calls"), "{log}");
    let (code, _, said) = told(&["start"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains(&format!("runs already, as process {}", status["pid"])),
        "{said}"
    );
    let (code, _, said) = told(&["stop"]);
    assert_eq!((code, said.trim()), (Some(0), "the daemon has ended"));
    assert_eq!(told(&["status"]).0, Some(1));
    let (code, _, said) = told(&["stop"]);
    assert_eq!((code, said.trim()), (Some(0), "no daemon runs"));
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let state = tempfile::tempdir().unwrap();
    let (code, _, said) = daemon(state.path(), &["start", "--no-such-option"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--no-such-option"), "{said}");
    // A folder is no file to write events to.
    let place = state.path().to_str().unwrap();
    let (code, _, said) = daemon(state.path(), &["start", "--no-web", "--output", place]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("ended at once"), "{said}");
    assert!(said.contains("error: "), "the log's end is shown: {said}");
    assert_eq!(daemon(state.path(), &["status"]).0, Some(1));
}

#[test]
fn logs_of_a_daemon_that_never_was_are_not_there() {
    let state = tempfile::tempdir().unwrap();
    let (code, _, said) = daemon(state.path(), &["logs"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("ever started"), "{said}");
}
