//! A client in Go, whose TLS is inside of the program: with and without symbols,
//! each call is told as it was made.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::support::clients::{self, Ran};
use super::support::sensor::wait;
use super::support::world::World;
use super::support::{in_ci, skipped};

const MODES: [&str; 6] = [
    "plain",
    "stream",
    "concurrent",
    "h2-plain",
    "h2-stream",
    "h2-concurrent",
];

/// Builds the client; `None`, said aloud, where there is no Go.
fn build(test: &str, into: &Path, arguments: &[&str]) -> Option<PathBuf> {
    if clients::program("go").is_none() {
        assert!(!in_ci(), "{test}: go is not installed");
        skipped(test, "go is not installed");
        return None;
    }
    let program = into.join(format!("chat{}", arguments.len()));
    let built = Command::new("go")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/go"))
        .args(["build", "-o"])
        .arg(&program)
        .args(arguments)
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    Some(program)
}

fn run(world: &World, program: &Path, mode: &str, calls: usize) -> Ran {
    let name = program.file_name().unwrap().to_str().unwrap();
    let label = format!("Hello from {name} {mode}.");
    let mut command = Command::new(program);
    command
        .args(["-base-url", &world.base_url("openai"), "-mode", mode])
        .args([
            "-prompt",
            &format!("Grüezi 🌤️ {label} [[fragment=61 gzip]]"),
        ])
        .args(["-calls", &calls.to_string(), "-prompt-bytes", "20000"])
        .arg("-ca")
        .arg(world.ca());
    clients::start(label, calls, &mut command).finish()
}

#[test]
fn go_clients() {
    let test = "go_clients";
    let dir = tempfile::TempDir::new().unwrap();
    let mut programs = Vec::new();
    for arguments in [&[][..], &["-trimpath", "-ldflags=-s -w"]] {
        let Some(program) = build(test, dir.path(), arguments) else {
            return;
        };
        programs.push(program);
    }
    // A sensor that starts while a program runs knows it once it is ready.
    let idle = |program| {
        let mut command = Command::new(program);
        command.arg("-idle").stdin(Stdio::piped()).spawn().unwrap()
    };
    let mut idle: Vec<_> = programs.iter().map(idle).collect();
    if let Some((world, sensor)) = World::with_sensor(test, &[]) {
        let run = |program: &PathBuf| {
            let calls = |mode: &str| if mode.ends_with("concurrent") { 20 } else { 3 };
            MODES.map(|mode| run(&world, program, mode, calls(mode)))
        };
        let ran: Vec<Ran> = programs.iter().flat_map(run).collect();
        world.check_all(sensor, &ran);
    }
    for program in &mut idle {
        drop(program.stdin.take());
        wait(program, test);
    }
}
