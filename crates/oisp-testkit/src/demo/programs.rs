//! The demo's clients, and whether this machine can run them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::run::Target;

/// One client of the demo.
#[derive(Debug)]
pub struct DemoClient {
    /// Short name.
    pub name: &'static str,
    /// What it does, for people.
    pub about: &'static str,
    /// The program that runs it.
    pub program: &'static str,
    /// AI calls that one run makes.
    pub calls: u64,
    /// Where the program is, or why the client cannot run and what would help.
    pub available: Result<PathBuf, String>,
    pub(super) arguments: fn(&Target<'_>) -> Vec<OsString>,
}

/// A file that the clients need beside them.
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        pub(super) const ASSETS: &[Asset] = &[$(Asset { name: $name, text: include_str!(concat!("programs/", $name)) }),*];
    };
}

assets![
    "loopback.py",
    "weather_agent.py",
    "disk_agent.py",
    "support_bot.mjs",
    "review.json",
    "release_notes.json",
    "outage.json",
    "triage.json",
    "openai.headers",
    "anthropic.headers",
];

/// A program, and how to find out that it can do what the clients need.
struct Program {
    name: &'static str,
    probe: &'static [&'static str],
    help: &'static str,
}

const CURL: Program = Program {
    name: "curl",
    probe: &["--version"],
    help: "install the package curl",
};
const PYTHON: Program = Program {
    name: "python3",
    probe: &[
        "-c",
        "import sys, ssl, http.client; sys.exit(sys.version_info < (3, 7))",
    ],
    help: "install python3 3.7 or newer, with its ssl module",
};
const NODE: Program = Program {
    name: "node",
    probe: &["-e", "process.exit(typeof fetch === 'function' ? 0 : 1)"],
    help: "install Node.js 18 or newer",
};

/// The clients of the demo. Those whose program is missing, or too old, say so.
pub async fn clients() -> Vec<DemoClient> {
    let (curl, python, node) = tokio::join!(find(&CURL), find(&PYTHON), find(&NODE));
    let client =
        |name, about, program: &Program, found: &Result<PathBuf, String>, calls, arguments| {
            DemoClient {
                name,
                about,
                program: program.name,
                calls,
                available: found.clone(),
                arguments,
            }
        };
    vec![
        client(
            "review",
            "a code review, answered at once",
            &CURL,
            &curl,
            1,
            review,
        ),
        client(
            "release-notes",
            "release notes, streamed",
            &CURL,
            &curl,
            1,
            release_notes,
        ),
        client(
            "outage",
            "a question in an outage, refused by the rate limit",
            &CURL,
            &curl,
            1,
            outage,
        ),
        client(
            "triage",
            "a ticket sorted by a tool call, streamed",
            &CURL,
            &curl,
            1,
            triage,
        ),
        client(
            "weather-agent",
            "an agent that asks for the weather before it answers",
            &PYTHON,
            &python,
            2,
            weather_agent,
        ),
        client(
            "disk-agent",
            "an agent that thinks, runs a command, and explains",
            &PYTHON,
            &python,
            2,
            disk_agent,
        ),
        client(
            "support-bot",
            "a customer answered in German, streamed",
            &NODE,
            &node,
            1,
            support_bot,
        ),
    ]
}

async fn find(program: &Program) -> Result<PathBuf, String> {
    let missing = |what: &str| format!("{} {what}; {}", program.name, program.help);
    let path = on_path(program.name).ok_or_else(|| missing("is not on PATH"))?;
    let mut probe = Command::new(&path);
    probe
        .args(program.probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(Duration::from_secs(10), probe.status()).await {
        Ok(Ok(status)) if status.success() => Ok(path),
        Ok(Ok(_)) => Err(missing("cannot do what the demo needs")),
        Ok(Err(error)) => Err(missing(&format!("does not start ({error})"))),
        Err(_) => Err(missing("does not answer")),
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(&file))
        .find(|path| path.is_file())
}

fn review(target: &Target<'_>) -> Vec<OsString> {
    curl(target, &OPENAI, "review.json")
}

fn release_notes(target: &Target<'_>) -> Vec<OsString> {
    curl(target, &OPENAI, "release_notes.json")
}

fn outage(target: &Target<'_>) -> Vec<OsString> {
    curl(target, &OPENAI, "outage.json")
}

fn triage(target: &Target<'_>) -> Vec<OsString> {
    curl(target, &ANTHROPIC, "triage.json")
}

struct Endpoint {
    host: &'static str,
    path: &'static str,
    headers: &'static str,
}

const OPENAI: Endpoint = Endpoint {
    host: "api.openai.com",
    path: "/v1/chat/completions",
    headers: "openai.headers",
};
const ANTHROPIC: Endpoint = Endpoint {
    host: "api.anthropic.com",
    path: "/v1/messages",
    headers: "anthropic.headers",
};

/// Keys stand in a file, as they should: a command line is for all to see.
fn curl(target: &Target<'_>, endpoint: &Endpoint, body: &str) -> Vec<OsString> {
    let Endpoint {
        host,
        path,
        headers,
    } = endpoint;
    let text = |value: &str| OsString::from(value);
    vec![
        text("-q"),
        text("--silent"),
        text("--show-error"),
        text("--no-buffer"),
        text("--http1.1"),
        text("--noproxy"),
        text("*"),
        text("--connect-to"),
        text(&format!("{host}:443:{}", target.address)),
        text("--cacert"),
        target.ca.into(),
        text("--header"),
        at(&target.dir.join(headers)),
        text("--data-binary"),
        at(&target.dir.join(body)),
        text(&format!("https://{host}{path}")),
    ]
}

fn at(path: &Path) -> OsString {
    let mut text = OsString::from("@");
    text.push(path);
    text
}

fn weather_agent(target: &Target<'_>) -> Vec<OsString> {
    python(target, "weather_agent.py")
}

fn disk_agent(target: &Target<'_>) -> Vec<OsString> {
    python(target, "disk_agent.py")
}

fn python(target: &Target<'_>, script: &str) -> Vec<OsString> {
    vec![
        target.dir.join(script).into(),
        target.address.to_string().into(),
        target.ca.into(),
    ]
}

fn support_bot(target: &Target<'_>) -> Vec<OsString> {
    vec![
        target.dir.join("support_bot.mjs").into(),
        target.address.port().to_string().into(),
    ]
}
