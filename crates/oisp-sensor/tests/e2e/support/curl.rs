//! curl: any request, over HTTP/1.1 or HTTP/2.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::clients::{Running, program, start};
use super::world::World;

/// One request.
pub struct Request<'a> {
    /// Tells it apart from all others.
    pub case: &'a str,
    /// `1.1` or `2`.
    pub http: &'a str,
    pub provider: Provider,
    pub stream: bool,
    /// What the provider is to do, as words.
    pub directive: &'a str,
    pub key: &'a str,
    /// Further options.
    pub options: &'a [&'a str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    OpenAi,
    Anthropic,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            case: "",
            http: "1.1",
            provider: Provider::OpenAi,
            stream: false,
            directive: "",
            key: "sk-test-made-up-0000",
            options: &[],
        }
    }
}

impl Request<'_> {
    fn label(&self) -> String {
        format!("Hello from curl {} {}.", self.http, self.case)
    }

    /// Starts curl with this one request. The first bytes of the answer are on
    /// its standard output as soon as they come.
    pub fn start(&self, world: &World) -> Running {
        let mut command = curl(world, self.http);
        command.args(self.options);
        self.add(&mut command, world, &self.label());
        start(self.label(), 1, &mut command)
    }

    /// Starts one curl that makes this request `count` times at once; over
    /// HTTP/2 they share a connection.
    pub fn start_many(&self, world: &World, count: usize) -> Running {
        let label = self.label();
        let mut command = curl(world, self.http);
        command.arg("--parallel").args(self.options);
        for n in 0..count {
            if n > 0 {
                command
                    .arg("--next")
                    .args(COMMON)
                    .args(["--cacert", world.ca().to_str().unwrap()]);
                command.args(["--connect-to", &format!("::127.0.0.1:{}", world.port())]);
                command.arg(version(self.http));
            }
            self.add(&mut command, world, &format!("{label} number {n}."));
        }
        start(label, count, &mut command)
    }

    fn add(&self, command: &mut Command, world: &World, words: &str) {
        let prompt = format!("Grüezi 🌤️ {words} [[{}]]", self.directive);
        let (url, headers) = match self.provider {
            Provider::OpenAi => (
                "https://api.openai.com/v1/chat/completions",
                vec![format!("authorization: Bearer {}", self.key)],
            ),
            Provider::Anthropic => (
                "https://api.anthropic.com/v1/messages",
                vec![
                    format!("x-api-key: {}", self.key),
                    "anthropic-version: 2023-06-01".to_owned(),
                ],
            ),
        };
        let headers = [&headers[..], &["content-type: application/json".to_owned()]].concat();
        let headers = keep(world.dir(), headers.join("\n").as_bytes());
        let body = keep(world.dir(), self.body(&prompt).to_string().as_bytes());
        command.args(["--header", &format!("@{}", headers.display())]);
        command
            .args(["--data-binary", &format!("@{}", body.display())])
            .arg(url);
    }

    fn body(&self, prompt: &str) -> Value {
        let tools = self.directive.contains("tool=");
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        let mut body = match self.provider {
            Provider::OpenAi => json!({
                "model": "gpt-4o-mini",
                "messages": [
                    {"role": "system", "content": "Be brief. Grüße 🌤️"},
                    {"role": "user", "content": [{"type": "text", "text": "Two parts."}, {"type": "text", "text": prompt}]},
                ],
                "temperature": 0.5,
            }),
            Provider::Anthropic => json!({
                "model": "claude-sonnet-4-5",
                "max_tokens": 512,
                "system": [{"type": "text", "text": "Be brief. Grüße 🌤️"}],
                "messages": [{"role": "user", "content": prompt}],
            }),
        };
        if self.stream {
            body["stream"] = true.into();
            if self.provider == Provider::OpenAi {
                body["stream_options"] = json!({"include_usage": true});
            }
        }
        if tools {
            body["tools"] = match self.provider {
                Provider::OpenAi => {
                    json!([{"type": "function", "function": {"name": "get_weather", "parameters": schema}}])
                }
                Provider::Anthropic => json!([{"name": "get_weather", "input_schema": schema}]),
            };
        }
        body
    }
}

const COMMON: [&str; 5] = ["--silent", "--show-error", "--no-buffer", "--noproxy", "*"];

fn curl(world: &World, http: &str) -> Command {
    let mut command =
        Command::new(program("curl").expect("curl is one of the clients of these tests"));
    command.arg("-q").args(COMMON).arg(version(http));
    command.arg("--cacert").arg(world.ca());
    command.args(["--connect-to", &format!("::127.0.0.1:{}", world.port())]);
    command
}

fn version(http: &str) -> String {
    format!("--http{http}")
}

fn keep(dir: &Path, text: &[u8]) -> PathBuf {
    let mut file = tempfile::Builder::new()
        .prefix("curl-")
        .tempfile_in(dir)
        .unwrap();
    file.write_all(text).unwrap();
    file.into_temp_path().keep().unwrap()
}
