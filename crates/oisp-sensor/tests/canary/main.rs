//! No output tells a secret: one of each kind is planted wherever a client can,
//! and everything that the sensor writes, answers and shows is looked through.
//! Needs no privilege; `e2e/secrets.rs` does the same with a live capture.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

mod secrets;
mod served;
mod story;

use std::path::Path;
use std::process::{Command, Output};

use oisp_capture::Writer;
use secrets::{needles, secrets};
use serde_json::Value;
use story::Story;

/// What is planted where that mode is to find it.
fn planted(mode: &str) -> Vec<String> {
    let all = secrets().into_iter();
    all.filter(|(_, is_personal)| mode != "minimal" || !is_personal)
        .map(|(secret, _)| secret)
        .collect()
}

/// Fails where the output tells something that it must not.
fn assert_silent(mode: &str, place: &str, output: &str) {
    for needle in needles(mode) {
        if let Some(at) = output.find(&needle) {
            let from = output.floor_char_boundary(at.saturating_sub(300));
            let to = output.floor_char_boundary((at + 80).min(output.len()));
            panic!(
                "{needle} stands in {place}, mode {mode}: …{}…",
                &output[from..to]
            );
        }
    }
}

fn sensor(arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oisp-sensor"));
    let settings = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in settings.filter(|name| name.starts_with("OISP_")) {
        command.env_remove(name);
    }
    let output = command.args(arguments).arg(file).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn decoding_and_showing_tells_no_secret() {
    for mode in ["safe", "minimal", "full"] {
        let story = Story::of(&planted(mode));
        let dir = tempfile::tempdir().unwrap();
        let capture = dir.path().join("capture");
        let mut writer = Writer::new(std::fs::File::create(&capture).unwrap());
        story.raw.iter().for_each(|raw| writer.write(raw).unwrap());
        drop(writer);
        let events = dir.path().join("events.jsonl");
        let to = events.to_str().unwrap();
        let decoded = sensor(
            &[
                "-vvv",
                "decode",
                "--stream-chunks",
                "--redaction",
                mode,
                "--output",
                to,
            ],
            &capture,
        );
        let written = std::fs::read_to_string(&events).unwrap();
        // What was planted was decoded, and the file holds what is left of it.
        let answers = written
            .lines()
            .filter(|line| line.contains("\"event_type\":\"ai.response\""))
            .count();
        assert_eq!(answers, story.calls, "{mode}");
        assert!(std::fs::read_to_string(&capture).unwrap().len() > written.len() / 4);
        assert_silent(mode, "the events file", &written);
        assert_silent(mode, "standard output", &text(&decoded.stdout));
        assert_silent(mode, "standard error", &text(&decoded.stderr));
        show(mode, &events, &written);
    }
}

/// All that `show` can make of an events file.
fn show(mode: &str, events: &Path, written: &str) {
    for options in [
        &["-vvv", "show", "-n", "100000", "--input"][..],
        &["show", "--json", "-n", "100000", "--input"],
    ] {
        let shown = sensor(options, events);
        assert!(!shown.stdout.is_empty());
        assert_silent(mode, "show", &text(&shown.stdout));
        assert_silent(mode, "standard error of show", &text(&shown.stderr));
    }
    // A call whole, of each kind.
    let calls = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let calls = calls
        .filter(|event| event["event_type"] == "ai.request")
        .take(4);
    for call in calls {
        let id = call["data"]["request_id"].as_str().unwrap().to_owned();
        let shown = sensor(&["show", &id, "--input"], events);
        assert!(
            text(&shown.stdout).to_lowercase().contains("redacted"),
            "{id}: {}",
            text(&shown.stdout)
        );
        assert_silent(mode, "show of one call", &text(&shown.stdout));
    }
}

#[test]
fn what_is_looked_for_is_there_without_redaction() {
    let story = Story::of(&planted("safe"));
    let dir = tempfile::tempdir().unwrap();
    let capture = dir.path().join("capture");
    let mut writer = Writer::new(std::fs::File::create(&capture).unwrap());
    story.raw.iter().for_each(|raw| writer.write(raw).unwrap());
    drop(writer);
    let decoded = sensor(&["decode", "--redaction", "off"], &capture);
    let told = text(&decoded.stdout);
    for needle in needles("safe") {
        assert!(told.contains(&needle), "{needle} is planted nowhere");
    }
    for secret in planted("safe") {
        let written = serde_json::to_string(&secret).unwrap();
        assert!(
            told.contains(written.trim_matches('"')),
            "{secret} did not come through"
        );
    }
}
