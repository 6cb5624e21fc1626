//! curl: a real client on OpenSSL that costs little itself, so that what is
//! added to it shows.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::json;

use super::provider::Served;

/// Why there is no client.
pub(super) fn missing() -> Option<String> {
    let found = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    (!found.is_ok_and(|status| status.success())).then(|| "there is no curl".to_owned())
}

/// A curl that makes `count` requests one after the other on one connection.
pub(super) fn requests(provider: &Served, count: usize, prompt: &str, stream: bool) -> Command {
    let body = json!({"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": prompt}]});
    let mut curl = Command::new("curl");
    // Without the user's own configuration.
    curl.args([
        "-q",
        "-sS",
        "-N",
        "--http1.1",
        "--max-time",
        "120",
        "-o",
        "/dev/null",
    ]);
    curl.args(["-w", "%{http_code} %{time_total}\\n"]);
    curl.args([
        "-H",
        "content-type: application/json",
        "-H",
        "authorization: Bearer sk-made-up-for-the-benchmark",
    ]);
    curl.arg("--cacert")
        .arg(provider.authority())
        .arg("-d")
        .arg(body.to_string());
    curl.arg(format!("{}?n=[1-{count}]", provider.chat_url()));
    curl.stdin(Stdio::null());
    curl
}

/// Streams `count` answers and tells the seconds of each.
pub(super) fn streams(provider: &Served, count: usize, prompt: &str) -> anyhow::Result<Vec<f64>> {
    let output = requests(provider, count, prompt, true)
        .output()
        .context("cannot start curl")?;
    ensure!(
        output.status.success(),
        "curl: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let times: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(seconds)
        .collect();
    ensure!(
        times.len() == count,
        "{} of {count} answers came",
        times.len()
    );
    Ok(times)
}

/// Of `200 0.012`, the seconds.
fn seconds(line: &str) -> Option<f64> {
    line.strip_prefix("200 ")?.parse().ok()
}
