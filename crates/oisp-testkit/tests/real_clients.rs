//! The SDKs and HTTP libraries of `clients/`, run against the provider: what
//! each says it saw is what the provider says it meant.
//!
//! They are installed by `scripts/clients-setup.sh`; without it these tests
//! are skipped, and say so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use oisp_testkit::{Exchange, Meant, Provider};
use serde_json::{Value, json};

const CALLS: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The interpreter and the folder of a language's clients, if installed.
fn installed(language: &str) -> Option<(PathBuf, PathBuf)> {
    let (interpreter, marker) = match language {
        "python" => (
            root().join(".tools/clients-venv/bin/python"),
            root().join(".tools/clients-venv/installed.txt"),
        ),
        _ => (
            "node".into(),
            root().join("clients/node/node_modules/installed.json"),
        ),
    };
    if marker.exists() {
        return Some((interpreter, root().join("clients").join(language)));
    }
    eprintln!("SKIPPED: the {language} clients are not installed; run scripts/clients-setup.sh");
    None
}

struct Run<'a> {
    script: &'a str,
    mode: &'a str,
    prompt: &'a str,
    prompt_bytes: usize,
}

impl Run<'_> {
    /// The answers that the client reports, and the exchanges that it had.
    async fn go(&self, interpreter: &Path, folder: &Path) -> (Vec<Value>, Vec<Exchange>) {
        let dir = std::env::temp_dir().join(format!(
            "oisp-testkit-{}-{}-{}",
            self.script,
            self.mode,
            std::process::id()
        ));
        let provider = Provider::builder().dir(&dir).start().await.unwrap();
        let port = provider.https_addr().port();
        let base_url = if self.script.starts_with("anthropic") {
            format!("https://api.anthropic.com:{port}")
        } else {
            format!("https://api.openai.com:{port}/v1")
        };
        let ca = provider.ca_pem_path().to_owned();
        let mut command = Command::new(interpreter);
        command.arg(folder.join(self.script)).args([
            "--base-url",
            &base_url,
            "--mode",
            self.mode,
            "--prompt",
            self.prompt,
        ]);
        command.args([
            "--calls",
            &CALLS.to_string(),
            "--prompt-bytes",
            &self.prompt_bytes.to_string(),
        ]);
        if self.script.ends_with("py") {
            command.arg("--ca").arg(&ca);
        }
        command
            .env("NODE_EXTRA_CA_CERTS", &ca)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONIOENCODING", "utf-8");
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{} {}: {complaint}",
            self.script,
            self.mode
        );
        let lines: Vec<Value> = std::str::from_utf8(&output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let exchanges = provider
            .wait_for(u64::try_from(lines.len()).unwrap(), Duration::from_secs(10))
            .await;
        std::fs::remove_dir_all(&dir).unwrap();
        (lines, exchanges)
    }
}

/// What a client can know of an answer, from its own report or the provider's.
fn seen(line: &Value) -> Value {
    let calls = line["tool_calls"].as_array().unwrap().iter();
    let calls = calls.map(|call| json!({ "id": call["id"], "name": call["name"], "arguments": parsed(call["arguments"].as_str().unwrap()) }));
    json!({
        "text": line["text"], "tool_calls": calls.collect::<Vec<_>>(), "model": line["model"], "finish": line["finish"],
        "input": line["usage"]["input"], "output": line["usage"]["output"],
    })
}

fn meant(meant: &Meant) -> Value {
    let calls = meant.tool_calls.iter();
    let calls = calls.map(
        |call| json!({ "id": call.id, "name": call.name, "arguments": parsed(&call.arguments) }),
    );
    let usage = meant.usage.unwrap();
    json!({
        "text": meant.texts[0], "tool_calls": calls.collect::<Vec<_>>(), "model": meant.model, "finish": meant.finish,
        "input": usage.input, "output": usage.output,
    })
}

fn parsed(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap()
}

/// Compares as sets: concurrent calls end in any order.
fn assert_same(run: &Run<'_>, lines: &[Value], exchanges: &[Exchange]) {
    let sorted = |values: Vec<Value>| {
        let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    let told = sorted(
        exchanges
            .iter()
            .map(|exchange| meant(exchange.meant.as_ref().unwrap()))
            .collect(),
    );
    assert_eq!(
        sorted(lines.iter().map(seen).collect()),
        told,
        "{} {}",
        run.script,
        run.mode
    );
    let turns = if run.mode.contains("tools") { 2 } else { 1 };
    assert_eq!(lines.len(), CALLS * turns, "{} {}", run.script, run.mode);
    assert!(
        exchanges
            .iter()
            .all(|exchange| exchange.request_body.len() >= run.prompt_bytes)
    );
}

async fn run_all(language: &str, scripts: &[(&str, &[&str])]) {
    let Some((interpreter, folder)) = installed(language) else {
        return;
    };
    for (script, modes) in scripts {
        for mode in *modes {
            let tools = if mode.contains("tools") {
                " tool=get_weather,lookup"
            } else {
                ""
            };
            let prompt = format!("Grüezi 🌤️ [[fragment=61{tools} gzip]]");
            let run = Run {
                script,
                mode,
                prompt: &prompt,
                prompt_bytes: 0,
            };
            let (lines, exchanges) = run.go(&interpreter, &folder).await;
            assert_same(&run, &lines, &exchanges);
        }
    }
}

#[tokio::test]
async fn python_clients_see_what_was_meant() {
    let scripts: &[(&str, &[&str])] = &[
        (
            "openai_chat.py",
            &["plain", "stream", "tools", "stream-tools"],
        ),
        ("openai_async.py", &["plain", "stream"]),
        (
            "anthropic_messages.py",
            &[
                "plain",
                "stream",
                "tools",
                "stream-tools",
                "async",
                "async-stream",
            ],
        ),
        (
            "libraries_https.py",
            &[
                "requests",
                "requests-stream",
                "httpx",
                "httpx-stream",
                "aiohttp",
                "aiohttp-stream",
            ],
        ),
        ("stdlib_https.py", &["keepalive", "stream", "urllib"]),
    ];
    run_all("python", scripts).await;
}

#[tokio::test]
async fn node_clients_see_what_was_meant() {
    let scripts: &[(&str, &[&str])] = &[
        (
            "openai_chat.mjs",
            &["plain", "stream", "tools", "concurrent"],
        ),
        ("anthropic_messages.mjs", &["plain", "stream", "concurrent"]),
        ("fetch_chat.mjs", &["plain", "stream", "concurrent"]),
    ];
    run_all("node", scripts).await;
}

#[tokio::test]
async fn five_megabyte_prompts_go_through() {
    for (language, script) in [("python", "openai_async.py"), ("node", "openai_chat.mjs")] {
        let Some((interpreter, folder)) = installed(language) else {
            continue;
        };
        let run = Run {
            script,
            mode: "stream",
            prompt: "Grüezi [[bytes=200000]]",
            prompt_bytes: 5_000_000,
        };
        let (lines, exchanges) = run.go(&interpreter, &folder).await;
        assert_same(&run, &lines, &exchanges);
    }
}
