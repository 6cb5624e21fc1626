//! The client programs of `clients/`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::sensor::wait;
use super::world::World;
use super::{in_ci, skipped};

/// A client that has run.
pub struct Ran {
    /// Stands in each of its prompts, and in no other client's.
    pub label: String,
    pub pid: u32,
    /// The program, links followed.
    pub exe: PathBuf,
    pub args: Vec<String>,
    /// How many calls it was to make.
    pub calls: usize,
    /// What it reported on standard output.
    pub output: String,
}

/// A client that runs.
pub struct Running {
    pub child: Child,
    ran: Ran,
}

/// Starts a command as a client.
pub fn start(label: String, calls: usize, command: &mut Command) -> Running {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let program = command.get_program();
    let args = std::iter::once(program).chain(command.get_args());
    let ran = Ran {
        pid: child.id(),
        exe: std::fs::canonicalize(program).unwrap(),
        args: args.map(|arg| arg.to_str().unwrap().to_owned()).collect(),
        label,
        calls,
        output: String::new(),
    };
    Running { child, ran }
}

impl Running {
    /// Waits for its end, which must be a good one.
    pub fn finish(self) -> Ran {
        let output = self.child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {complaint}", self.ran.label);
        Ran {
            output: String::from_utf8(output.stdout).unwrap(),
            ..self.ran
        }
    }

    /// Waits for the end of one that was killed.
    pub fn gone(mut self) -> Ran {
        wait(&mut self.child, &self.ran.label);
        self.ran
    }

    pub fn pid(&self) -> u32 {
        self.ran.pid
    }
}

impl Ran {
    /// The reports of the clients of `clients/`, one a call.
    pub fn reports(&self) -> Vec<Value> {
        self.output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A language and where its clients are.
#[derive(Clone)]
pub struct Language {
    interpreter: PathBuf,
    folder: PathBuf,
}

/// Where Python's clients are; `None`, said aloud, where they are not installed.
pub fn python(test: &str) -> Option<Language> {
    let interpreter = root().join(".tools/clients-venv/bin/python");
    installed(
        test,
        "python",
        interpreter,
        ".tools/clients-venv/installed.txt",
    )
}

/// Where Node's clients are; `None`, said aloud, where they are not installed.
pub fn node(test: &str) -> Option<Language> {
    installed(
        test,
        "node",
        program("node")?,
        "clients/node/node_modules/installed.json",
    )
}

fn installed(test: &str, name: &str, interpreter: PathBuf, marker: &str) -> Option<Language> {
    if !root().join(marker).exists() {
        let why = format!("the {name} clients are not installed: run scripts/clients-setup.sh");
        assert!(!in_ci(), "{test}: {why}");
        skipped(test, &why);
        return None;
    }
    let folder = root().join("clients").join(name);
    Some(Language {
        interpreter,
        folder,
    })
}

/// The path of a program.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

fn root() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// One run of a client of `clients/`.
#[derive(Clone, Copy, Default)]
pub struct Call<'a> {
    pub script: &'a str,
    pub mode: &'a str,
    /// Tells runs of the same script and mode apart.
    pub case: &'a str,
    /// What the provider is to do, as words.
    pub directive: &'a str,
    /// Added to the model's name: a directive for that model.
    pub model: Option<&'a str>,
    pub calls: usize,
    pub prompt_bytes: usize,
    pub key: Option<&'a str>,
}

impl Call<'_> {
    fn label(&self) -> String {
        format!("Hello from {} {} {}.", self.script, self.mode, self.case)
    }

    /// Calls that reach the provider: a tool's result is a call of its own.
    fn turns(&self) -> usize {
        let fails = self.model.is_some_and(|model| model.contains("error"));
        let loops = self.mode.contains("tools") || self.script.starts_with("agent");
        if loops && !fails {
            2 * self.calls
        } else {
            self.calls
        }
    }
}

impl Language {
    /// Starts a client.
    pub fn start(&self, world: &World, call: &Call<'_>) -> Running {
        let label = call.label();
        let base_url = world.base_url(call.script);
        let mut command = Command::new(&self.interpreter);
        command
            .arg(self.folder.join(call.script))
            .args(["--base-url", &base_url]);
        command.args(["--mode", call.mode]);
        command.args([
            "--prompt",
            &format!("Grüezi 🌤️ {label} [[{}]]", call.directive),
        ]);
        command.args(["--calls", &call.calls.to_string()]);
        command.args(["--prompt-bytes", &call.prompt_bytes.to_string()]);
        for (option, value) in [("--model", call.model), ("--key", call.key)] {
            if let Some(value) = value {
                command.args([option, value]);
            }
        }
        if call.script.ends_with("py") {
            command.arg("--ca").arg(world.ca());
        }
        command.env("NODE_EXTRA_CA_CERTS", world.ca());
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONIOENCODING", "utf-8");
        start(label, call.turns(), &mut command)
    }

    /// Runs clients, a few at a time.
    pub fn run_all(&self, world: &World, calls: &[Call<'_>]) -> Vec<Ran> {
        calls
            .chunks(3)
            .flat_map(|some| {
                let running: Vec<_> = some.iter().map(|call| self.start(world, call)).collect();
                running.into_iter().map(Running::finish)
            })
            .collect()
    }
}
