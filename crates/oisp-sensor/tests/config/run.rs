//! The binary, without the settings of whoever runs the tests.

use std::path::Path;
use std::process::{Command, Stdio};

/// What it did.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub said: String,
}

/// In a folder of its own, with no configuration but what the test gives.
pub fn sensor(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oisp-sensor"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OISP_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("none"))
        .env("APPDATA", folder.join("none"))
        .env("ProgramData", folder.join("none"))
        .env_remove("SUDO_UID")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    Ran {
        code: output.status.code(),
        out: text(&output.stdout),
        said: text(&output.stderr),
    }
}

/// The message is the snapshot, and the exit code that of a wrong configuration.
pub fn refused(name: &str, command: &mut Command) {
    let ran = run(command);
    assert_eq!(ran.code, Some(2), "{name}: {}", ran.said);
    assert_eq!(
        ran.out, "",
        "{name}: text for people goes to standard error"
    );
    assert!(!ran.said.contains("panicked"), "{name}: {}", ran.said);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, ran.said));
}
