//! What is told of the configuration is true.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::run::{run, sensor};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_example_is_in_force_as_it_stands_and_without_its_marks() {
    let folder = TempDir::new().unwrap();
    let example = run(sensor(folder.path()).args(["config", "example"])).out;
    let shown = |text: &str| {
        fs::write(folder.path().join("config.toml"), text).unwrap();
        let mut command = sensor(folder.path());
        run(command.args(["--config", "config.toml", "config", "show", "--json"]))
    };
    let values = |json: &str| -> Vec<(String, Value)> {
        let rows: Vec<Value> = serde_json::from_str(json).unwrap();
        let row = |row: &Value| {
            (
                row["key"].as_str().unwrap().to_owned(),
                row["value"].clone(),
            )
        };
        rows.iter().map(row).collect()
    };
    let defaults = shown("");
    let as_it_stands = shown(&example);
    assert_eq!(as_it_stands.said, "");
    assert_eq!(values(&as_it_stands.out), values(&defaults.out));
    // The samples of what has no default name files that are not here, and an
    // entry of a list that is empty by default needs more than its defaults.
    let mut is_sample = false;
    let unmarked: String = example
        .lines()
        .filter(|line| !line.contains("source = ") && !line.contains("\"PATH\""))
        .map(|line| {
            if line.starts_with("#[[") || line.starts_with('[') {
                is_sample = line.starts_with("#[[") && line != "#[[export.jsonl]]";
            }
            match line.strip_prefix('#') {
                Some(setting)
                    if !is_sample && !setting.starts_with([' ', '#']) && !setting.is_empty() =>
                {
                    setting
                }
                _ => line,
            }
        })
        .fold(String::new(), |text, line| text + line + "\n");
    let unmarked = shown(&unmarked);
    assert_eq!(unmarked.said, "");
    let defaults = values(&defaults.out);
    for (key, value) in values(&unmarked.out) {
        let default = defaults.iter().find(|(other, _)| *other == key);
        let default = &default.unwrap().1;
        assert!(default.is_null() || *default == value, "{key}: {value}");
    }
}

#[test]
fn each_value_is_shown_with_its_origin() {
    let folder = TempDir::new().unwrap();
    let text = "[web]\nport = 7001\nhost = \"127.0.0.2\"\n\n[capture]\nfile = false\n";
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let mut command = sensor(folder.path());
    command
        .env("OISP_WEB_HOST", "127.0.0.3")
        .env("OISP_NO_NETWORK", "true")
        .args(["--config", "config.toml", "-v", "config", "show"]);
    let ran = run(&mut command);
    assert_eq!((ran.code, ran.said.as_str()), (Some(0), ""));
    for (start, origin) in [
        ("web.port = 7001", "config.toml:2:1"),
        ("web.host = \"127.0.0.3\"", "OISP_WEB_HOST"),
        ("capture.file = false", "config.toml:6:1"),
        ("capture.network = false", "OISP_NO_NETWORK"),
        ("sensor.log_level = \"info\"", "--verbose"),
        ("web.enabled = true", "default"),
    ] {
        let line = ran.out.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("{start}: {}", ran.out));
        assert!(line.ends_with(&format!("# {origin}")), "{line}");
    }
}

#[test]
fn a_slip_in_a_variable_is_told() {
    let folder = TempDir::new().unwrap();
    let mut command = sensor(folder.path());
    let ran = run(command
        .env("OISP_WEB_PROT", "1")
        .args(["config", "validate"]));
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.said
            .contains("OISP_WEB_PROT sets nothing; did you mean OISP_WEB_PORT?"),
        "{}",
        ran.said
    );
}

#[test]
fn the_schema_is_one() {
    let folder = TempDir::new().unwrap();
    let ran = run(sensor(folder.path()).args(["config", "schema"]));
    let schema: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(schema["title"], "Config");
    assert_eq!(
        schema["$defs"]["Web"]["properties"]["port"]["default"],
        7777
    );
}

/// `OISP_UPDATE_DOCS=1` writes it instead.
#[test]
fn the_document_is_current() {
    let folder = TempDir::new().unwrap();
    let written = run(sensor(folder.path()).args(["config", "document"])).out;
    let path = project().join("docs/configuration.md");
    if std::env::var_os("OISP_UPDATE_DOCS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(
        kept == written,
        "docs/configuration.md is not current: run `make config-docs`"
    );
}
