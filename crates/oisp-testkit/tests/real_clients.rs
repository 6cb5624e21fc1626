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

use oisp_testkit::{Dialect, Exchange, Provider};
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
        let base_url = provider.base_url(self.script);
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

/// What a client can know of an answer, from its own report. Some APIs do not
/// name the model in their answers, and some libraries forget ids.
fn seen(line: &Value) -> Value {
    let calls = line["tool_calls"].as_array().unwrap().iter();
    let calls = calls.map(|call| json!({ "id": call["id"], "name": call["name"], "arguments": parsed(call["arguments"].as_str().unwrap()) }));
    json!({
        "text": line["text"], "tool_calls": calls.collect::<Vec<_>>(), "model": line["model"], "finish": line["finish"],
        "input": line["usage"]["input"], "output": line["usage"]["output"], "error": line["error"],
    })
}

/// The same by the provider, as far as a client of that name reports it.
fn meant(script: &str, exchange: &Exchange) -> Value {
    let meant = exchange.meant.as_ref().unwrap();
    let keeps_ids = !script.starts_with("ollama");
    let tells_model = !script.starts_with("bedrock") && !script.starts_with("cohere");
    let tells_model = tells_model
        && !matches!(
            exchange.dialect,
            Dialect::Images | Dialect::Speech | Dialect::Transcription | Dialect::GeminiEmbedding
        );
    let calls = meant.tool_calls.iter();
    let calls = calls.map(|call| {
        json!({ "id": keeps_ids.then_some(&call.id), "name": call.name, "arguments": parsed(&call.arguments) })
    });
    json!({
        "text": meant.texts.first().map_or("", String::as_str), "tool_calls": calls.collect::<Vec<_>>(),
        "model": tells_model.then_some(&meant.model), "finish": meant.finish,
        "input": meant.usage.map(|usage| usage.input), "output": meant.usage.map(|usage| usage.output),
        "error": meant.error.as_ref().map(|error| &error.message),
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
            .map(|exchange| meant(run.script, exchange))
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
        (
            "openai_responses.py",
            &[
                "plain",
                "stream",
                "tools",
                "stream-tools",
                "socket",
                "socket-tools",
                "socket-deflate",
                "socket-threads",
            ],
        ),
        (
            "openai_media.py",
            &[
                "completions",
                "completions-stream",
                "embeddings",
                "images",
                "speech",
                "transcription",
                "transcription-stream",
            ],
        ),
        (
            "gemini_contents.py",
            &[
                "plain",
                "stream",
                "tools",
                "stream-tools",
                "array",
                "embeddings",
            ],
        ),
        (
            "ollama_chat.py",
            &["plain", "stream", "tools", "stream-tools"],
        ),
        (
            "bedrock_converse.py",
            &["plain", "stream", "tools", "stream-tools"],
        ),
        (
            "cohere_chat.py",
            &["plain", "stream", "tools", "stream-tools"],
        ),
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
        (
            "openai_responses.mjs",
            &["plain", "stream", "concurrent", "socket", "socket-deflate"],
        ),
        ("gemini_contents.mjs", &["plain", "stream", "concurrent"]),
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
