//! The configuration is read again while the sensor runs.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::eventually;
use super::support::sensor::Sensor;

/// Renamed into place: the sensor may look at any moment.
fn write(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, text).unwrap();
    fs::rename(&draft, path).unwrap();
}

fn excluded(sensor: &Sensor) -> Value {
    let filters: Value = serde_json::from_str(&sensor.get("/api/filters").1).unwrap();
    filters["exclude"].clone()
}

#[test]
fn what_changed_is_taken_up_what_is_wrong_is_not() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    write(&path, "[capture]\nexclude = [\"name:one\"]\n");
    let config = ["--config", path.to_str().unwrap()];
    let test = "what_changed_is_taken_up_what_is_wrong_is_not";
    let Some(sensor) = Sensor::record(test, &config) else {
        return;
    };
    assert_eq!(excluded(&sensor), json!(["name:one"]));
    let says = |words: &str| {
        eventually(words, || sensor.stderr().contains(words).then_some(()));
    };

    // By looking at the file.
    write(
        &path,
        "[capture]\nexclude = [\"name:two\"]\n\n[web]\nallowed_hosts = [\"a.test\"]\n",
    );
    says("in force after a restart only keys=\"web.allowed_hosts\"");
    assert_eq!(excluded(&sensor), json!(["name:two"]));

    write(&path, "[capture]\nexclude = [\"pid:x\"]\n");
    says("config.toml:2:12: capture.exclude[0]: pid:x is no number");
    assert_eq!(excluded(&sensor), json!(["name:two"]));

    // By signal: read again, although nothing has changed since.
    let before = sensor.stderr().matches("pid:x").count();
    sensor.signal(Signal::HUP);
    eventually("it is read again", || {
        (sensor.stderr().matches("pid:x").count() > before).then_some(())
    });

    write(&path, "[sensor]\nlog_level = \"debug\"\n");
    says("configuration read again applied=\"capture.exclude, sensor.log_level\"");
    assert_eq!(excluded(&sensor), json!([]));
    assert_eq!(sensor.stop().status.code(), Some(0));
}
