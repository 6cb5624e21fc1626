//! What goes wrong is said: what failed, why, what to do, and the exit code.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::support::curl::Request;
use super::support::events::parse;
use super::support::sensor::{Sensor, binary, without_settings};
use super::support::world::World;
use super::support::{is_root, skipped};

/// A user without any privilege.
const NOBODY: u32 = 65_534;

/// Runs it; exit code and standard error.
fn run(command: &mut Command) -> (Option<i32>, String, Output) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said, output)
}

fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn without_privilege_it_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    // Copied: the build folder may be closed to others. By a program of its own:
    // a child that another test starts while this one writes the copy would
    // inherit the open file, and nobody could run it then ("text file busy").
    let sensor = dir.path().join("oisp-sensor");
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_oisp-sensor"))
        .arg(&sensor)
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&sensor);
    without_settings(&mut command);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
        .args(["record", "--port", "0", "--output"])
        .arg(dir.path().join("events.jsonl"));
    let (code, said, _) = run(command.env("HOME", dir.path()));
    assert_eq!(code, Some(3), "{said}");
    assert_says(&said, &["root", "sudo oisp-sensor record", "setcap"]);
}

#[test]
fn a_taken_port_names_who_has_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dir = tempfile::tempdir().unwrap();
    let mut command = binary();
    command
        .args(["record", "--port", &port, "--output"])
        .arg(dir.path().join("events.jsonl"));
    let (code, said, _) = run(&mut command);
    assert_eq!(code, Some(1), "{said}");
    assert_says(
        &said,
        &[
            &format!("127.0.0.1:{port}"),
            &format!("(pid {})", std::process::id()),
            "--port",
        ],
    );
    let comm = std::fs::read_to_string(format!("/proc/{}/comm", std::process::id())).unwrap();
    assert_says(&said, &[comm.trim()]);
}

#[test]
fn an_unwritable_output_is_named() {
    let mut command = binary();
    command.args([
        "record",
        "--port",
        "0",
        "--output",
        "/proc/nowhere/events.jsonl",
    ]);
    let (code, said, _) = run(&mut command);
    assert_eq!(code, Some(1), "{said}");
    assert_says(
        &said,
        &["/proc/nowhere/events.jsonl", "No such file", "--output"],
    );
}

#[test]
fn a_capture_that_cannot_be_saved_is_named() {
    let test = "a_capture_that_cannot_be_saved_is_named";
    if !is_root(test) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut command = binary();
    command.args([
        "record",
        "--port",
        "0",
        "--ephemeral",
        "--save-capture",
        "/proc/nowhere/capture",
        "--output",
    ]);
    let (code, said, _) = run(command.arg(dir.path().join("events.jsonl")));
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["/proc/nowhere/capture", "No such file"]);
}

#[test]
fn wrong_words_are_usage_errors() {
    let wrong: [(&[&str], &str); 7] = [
        (&["record", "--no-such-flag"], "--no-such-flag"),
        (&["record", "--port", "lots"], "'lots' for '--port"),
        (&["record", "--duration", "soon"], "'soon' for '--duration"),
        (
            &["record", "--redaction", "some"],
            "use safe, full, minimal or off",
        ),
        (&["decode"], "<FILE>"),
        (&["no-such-command"], "no-such-command"),
        (&[], "Usage"),
    ];
    for (words, named) in wrong {
        let (code, said, output) = run(binary().args(words));
        assert_eq!(code, Some(2), "{words:?}: {said}");
        assert_says(&said, &[named, "--help"]);
        assert!(
            output.stdout.is_empty(),
            "text for people goes to standard error"
        );
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for word in ["--help", "--version"] {
        let (code, said, output) = run(binary().arg(word));
        assert_eq!((code, said.as_str()), (Some(0), ""));
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn a_missing_capture_file_is_named() {
    let (code, said, output) = run(binary().args(["decode", "/nowhere/capture.ndjson"]));
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["/nowhere/capture.ndjson", "No such file"]);
    assert!(output.stdout.is_empty());
}

/// A capture file of one call, with lines that are no records.
fn damaged_capture(path: &Path) {
    let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let body = r#"{"id":"c1","model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    let response = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let line = |id: u32, kind: &str, plain: &str| {
        json!({
            "id": id.to_string(), "timestamp_ns": 1_700_000_000_000_000_000_u64 + u64::from(id), "kind": kind,
            "pid": 4711, "tid": 4711, "data": STANDARD.encode(plain), "metadata": {"comm": "app", "fd": 5},
        })
    };
    let lines = [
        "this is no record".to_owned(),
        line(1, "SslWrite", &request).to_string(),
        "{\"kind\":\"SslRead\"".to_owned(),
        line(2, "SslRead", &response).to_string(),
        "\u{0}\u{1}".to_owned(),
    ];
    std::fs::write(path, lines.join("\n")).unwrap();
}

#[test]
fn lines_that_are_no_records_are_named_and_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let capture = dir.path().join("capture.ndjson");
    damaged_capture(&capture);
    let (code, said, output) = run(binary().arg("decode").arg(&capture));
    assert_eq!(code, Some(1), "{said}");
    assert_says(&said, &["line 1:", "line 3:", "line 5:", "3 bad lines"]);
    let events = parse(std::str::from_utf8(&output.stdout).unwrap());
    let types: Vec<_> = events
        .0
        .iter()
        .map(|event| event["event_type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["ai.request", "ai.response"]);
    assert_eq!(
        events.0[1]["data"]["choices"][0]["message"]["content"],
        "Hello"
    );
}

/// Kernels without type information are simulated by covering it.
#[test]
fn without_kernel_type_information_calls_are_captured() {
    let test = "without_kernel_type_information_calls_are_captured";
    if !is_root(test) {
        return;
    }
    let covered = "mount --make-rprivate / && mount -t tmpfs none /sys/kernel/btf && exec \"$0\" record \"$@\"";
    let mut probe = Command::new("unshare");
    let works = probe
        .args(["--mount", "sh", "-c", "mount -t tmpfs none /sys/kernel/btf"])
        .output();
    if !works.is_ok_and(|probe| probe.status.success()) {
        return skipped(test, "needs unshare, and /sys/kernel/btf to cover");
    }
    let mut command = Command::new("unshare");
    without_settings(&mut command);
    command.args([
        "--mount",
        "sh",
        "-c",
        covered,
        env!("CARGO_BIN_EXE_oisp-sensor"),
    ]);
    let Some(sensor) = Sensor::start(test, command) else {
        return;
    };
    let world = World::new();
    let ran = Request {
        case: "without types",
        ..Request::default()
    }
    .start(&world)
    .finish();
    sensor.until("the call", |events| events.answers(ran.pid) == 1);
    let doctor: serde_json::Value = serde_json::from_str(&sensor.get("/api/doctor").1).unwrap();
    assert_eq!(doctor["kernel"]["btf"], false);
    assert_eq!(sensor.stop().status.code(), Some(0));
}
