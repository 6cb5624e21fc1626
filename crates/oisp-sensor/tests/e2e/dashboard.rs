//! The dashboard of a real sensor: what it takes to read it, and who says so.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use super::support::sensor::{Door, Sensor, binary, get};

fn stranger(sensor: &Sensor) -> Door {
    Door {
        token: String::from("none"),
        ..sensor.door().clone()
    }
}

fn status(sensor: &Sensor, arguments: &[&str]) -> (Option<i32>, String, String) {
    let port = sensor.door().port.to_string();
    let mut command: Command = binary();
    let output = command
        .args(["status", "--port", &port])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_link_opens_the_dashboard_and_holds_over_a_restart() {
    let test = "the_link_opens_the_dashboard_and_holds_over_a_restart";
    let Some(sensor) = Sensor::record(test, &[]) else {
        return;
    };
    for path in ["/api/events", "/api/doctor", "/metrics", "/"] {
        assert_eq!(get(&stranger(&sensor), path).unwrap().0, 401, "{path}");
        assert_eq!(sensor.get(path).0, 200, "{path}");
    }
    let (_, health) = sensor.get("/api/health");
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["ready"], true, "{health}");
    let (code, said, _) = status(&sensor, &[]);
    assert_eq!(code, Some(0), "{said}");
    let link = format!(
        "http://localhost:{}/?token={}",
        sensor.door().port,
        sensor.door().token
    );
    assert!(said.contains(&link), "{said}");
    assert!(said.contains("sink       jsonl"), "{said}");
    let (_, said, _) = status(&sensor, &["--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["link"], Value::from(link));
    let token = sensor.door().token.clone();
    sensor.stop();
    let again = Sensor::record(test, &[]).unwrap();
    assert_eq!(again.door().token, token);
    again.stop();
}

#[test]
fn open_reads_are_for_this_machine_only() {
    let test = "open_reads_are_for_this_machine_only";
    let refused = binary()
        .args([
            "record",
            "--open-reads",
            "--host",
            "0.0.0.0",
            "--output",
            "-",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    // Without the privilege to capture, that is what is said first.
    if refused.status.code() != Some(3) {
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("--open-reads"), "{said}");
    }
    let mut command = binary();
    command.arg("record").env("OISP_WEB_OPEN_READS", "true");
    let Some(sensor) = Sensor::start(test, command) else {
        return;
    };
    assert_eq!(get(&stranger(&sensor), "/api/events").unwrap().0, 200);
    sensor.stop();
}

#[test]
fn the_dashboard_can_be_served_over_tls() {
    let test = "the_dashboard_can_be_served_over_tls";
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-keyout", &file("key"), "-out", &file("cert")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let (cert, key) = (file("cert"), file("key"));
    let arguments = ["--tls-cert", &cert, "--tls-key", &key];
    let Some(sensor) = Sensor::record(test, &arguments) else {
        return;
    };
    let (code, said, _) = status(&sensor, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("dashboard  https://localhost:"), "{said}");
    sensor.stop();
}

#[test]
fn where_no_sensor_runs_status_says_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let output = binary().args(["status", "--port", &port]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("oisp-sensor record"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_token_s_file_is_its_owner_s() {
    let test = "the_token_s_file_is_its_owner_s";
    let home = tempfile::tempdir().unwrap();
    let mut command = binary();
    command.arg("record").env("OISP_STATE_DIR", home.path());
    let Some(sensor) = Sensor::start(test, command) else {
        return;
    };
    let file = home.path().join("token");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), sensor.door().token);
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    sensor.stop();
}
