//! Files, variables and flags that are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::run::{refused, sensor};

/// Fewer would mean that files were not found.
const AT_LEAST: usize = 50;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn every_bad_file_is_refused_with_a_message_that_helps() {
    let files = files();
    assert!(files.len() >= AT_LEAST, "{} files", files.len());
    let folder = TempDir::new().unwrap();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        // A copy: root reads no file that belongs to others.
        let copy = file.file_name().unwrap();
        fs::write(folder.path().join(copy), fs::read(&file).unwrap()).unwrap();
        let mut command = sensor(folder.path());
        refused(name, command.args(["config", "validate"]).arg(copy));
    }
}

fn refused_file(name: &str, bytes: &[u8]) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.toml"), bytes).unwrap();
    let mut command = sensor(folder.path());
    refused(
        name,
        command.args(["--config", "config.toml", "config", "show"]),
    );
}

#[test]
fn what_is_no_text_is_refused() {
    refused_file("not_utf8", b"[web]\nhost = \"\xff\xfe\"\n");
    refused_file("not_utf8_at_all", b"\x7fELF\x02\x01\x01\x00\x90\x90");
    refused_file("too_large", &vec![b'#'; (1 << 20) + 1]);
    let deep = format!("a = {}{}\n", "[".repeat(5000), "]".repeat(5000));
    refused_file("too_deep", deep.as_bytes());
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = TempDir::new().unwrap();
    let validate = |name: &str, file: &str| {
        let mut command = sensor(folder.path());
        refused(name, command.args(["config", "validate", file]));
    };
    validate("no_such_file", "nowhere.toml");
    fs::create_dir(folder.path().join("folder")).unwrap();
    validate("a_folder", "folder");
}

#[test]
fn every_command_refuses_them() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.toml"), "[web]\nprot = 1\n").unwrap();
    for (name, words) in [
        ("by_record", &["record"][..]),
        ("by_demo", &["demo"]),
        ("by_decode", &["decode", "-"]),
        ("by_doctor", &["doctor"]),
        ("by_show", &["show"]),
    ] {
        let mut command = sensor(folder.path());
        refused(name, command.args(words).args(["--config", "config.toml"]));
    }
}

#[test]
fn variables_that_cannot_be_used_are_named() {
    let folder = TempDir::new().unwrap();
    let cases: [(&str, &[(&str, &str)]); 11] = [
        ("variable_no_number", &[("OISP_WEB_PORT", "lots")]),
        ("variable_too_large", &[("OISP_WEB_PORT", "70000")]),
        ("variable_no_truth", &[("OISP_NO_WEB", "maybe")]),
        ("variable_no_time", &[("OISP_DURATION", "30")]),
        ("variable_wrong_word", &[("OISP_REDACTION_MODE", "sfae")]),
        ("variable_no_address", &[("OISP_WEB_HOST", "localhost")]),
        (
            "variable_bad_rule",
            &[("OISP_INCLUDE", "name:claude,pid:x")],
        ),
        ("variable_bad_list", &[("OISP_PLAIN_PORTS", "8000;8001")]),
        (
            "variable_twice",
            &[("OISP_NO_FILE", "1"), ("OISP_CAPTURE_FILE", "1")],
        ),
        ("variable_names_no_file", &[("OISP_CONFIG", "nowhere.toml")]),
        ("variable_into_folder", &[("OISP_JSONL_PATH", "/")]),
    ];
    for (name, variables) in cases {
        let mut command = sensor(folder.path());
        command.envs(variables.iter().copied());
        refused(name, command.args(["config", "validate"]));
    }
}

#[test]
fn flags_that_cannot_be_used_are_named() {
    let folder = TempDir::new().unwrap();
    let cases: [(&str, &[&str]); 7] = [
        ("flag_no_number", &["record", "--port", "lots"]),
        ("flag_wrong_word", &["record", "--redaction", "some"]),
        ("flag_out_of_range", &["record", "--ring-mib", "4096"]),
        ("flag_unknown", &["record", "--prot", "7777"]),
        ("flag_into_folder", &["record", "--output", "/"]),
        (
            "flag_contradicts",
            &["record", "--process", "claude", "--exclude", "claude"],
        ),
        (
            "flag_names_no_file",
            &["record", "--config", "nowhere.toml"],
        ),
    ];
    for (name, words) in cases {
        refused(name, sensor(folder.path()).args(words));
    }
}
