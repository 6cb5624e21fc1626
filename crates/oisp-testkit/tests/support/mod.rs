//! curl, as the client of a provider that lives for one call.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use oisp_testkit::{Exchange, Provider};
use serde_json::Value;

/// How long an exchange may take to be in the log.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A folder that is gone with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("oisp-testkit-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says aloud that a test is skipped where there is no curl.
pub fn curl_is_missing() -> bool {
    let missing = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err();
    if missing {
        eprintln!("SKIPPED: curl is not installed");
    }
    missing
}

/// Runs curl with these options, and the body on its standard input.
pub async fn curl(arguments: &[&str], body: Vec<u8>) -> Output {
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| (*argument).to_owned())
        .collect();
    let key = if arguments
        .iter()
        .any(|argument| argument.starts_with("authorization"))
    {
        "x-none: 1"
    } else {
        "authorization: Bearer sk-test-made-up"
    };
    let run = move || {
        let mut child = Command::new("curl")
            .args(["-q", "-s", "-S", "-N", "--noproxy", "*", "--max-time", "30"])
            .args([
                "-H",
                "content-type: application/json",
                "-H",
                key,
                "--data-binary",
                "@-",
            ])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&body).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// One call over TLS: what curl says, and the provider's exchange.
pub async fn call(path: &str, request: &Value, more: &[&str]) -> (Output, Exchange) {
    let folder = Folder::new(&format!(
        "{}-{}",
        std::thread::current()
            .name()
            .unwrap_or("t")
            .replace("::", "-"),
        more.len()
    ));
    let provider = Provider::builder().dir(&folder.0).start().await.unwrap();
    let url = format!("{}{path}", provider.https_url());
    let mut arguments = vec!["--cacert", provider.ca_pem_path().to_str().unwrap()];
    arguments.extend(more);
    arguments.push(&url);
    let body = serde_json::to_vec(request).unwrap();
    let output = curl(&arguments, body.clone()).await;
    let mut exchanges = provider.wait_for(1, DEADLINE).await;
    assert_eq!(
        exchanges.len(),
        1,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let exchange = exchanges.remove(0);
    assert_eq!(exchange.request_body, body, "the request's bytes");
    provider.shutdown().await;
    (output, exchange)
}
