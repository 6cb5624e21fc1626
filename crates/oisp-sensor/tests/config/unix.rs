//! What only Unix has: permissions, owners, bytes that are no text.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use tempfile::TempDir;

use super::run::{refused, sensor};

fn is_root(folder: &TempDir) -> bool {
    fs::metadata(folder.path()).unwrap().uid() == 0
}

#[test]
fn a_file_that_others_could_change_or_nobody_read_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[web]\nport = 7777\n").unwrap();
    let validate = |name: &str| {
        let mut command = sensor(folder.path());
        refused(name, command.args(["config", "validate", "config.toml"]));
    };
    if is_root(&folder) {
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        validate("writable_by_everybody");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        validate("belongs_to_somebody");
    } else {
        fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
        validate("no_permission");
    }
}

#[test]
fn names_that_are_no_text_are_refused() {
    let folder = TempDir::new().unwrap();
    let mut command = sensor(folder.path());
    command.env("OISP_JSONL_PATH", OsStr::from_bytes(b"\xff"));
    refused("variable_not_utf8", command.args(["config", "validate"]));
    let mut command = sensor(folder.path());
    command.args(["record", "--output"]);
    refused("flag_not_utf8", command.arg(OsStr::from_bytes(b"\xff")));
}
