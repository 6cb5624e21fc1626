//! Runs the demo's clients as child processes.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::programs::{ASSETS, DemoClient};

const LONGEST_RUN: Duration = Duration::from_secs(60);
const LONGEST_COMPLAINT: usize = 400;

/// The provider that the clients are to reach.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where it listens for TLS: [`crate::Provider::https_addr`].
    pub address: SocketAddr,
    /// The certificate to trust: [`crate::Provider::ca_pem_path`].
    pub ca: &'a Path,
    /// A folder for the clients' scripts and request bodies; made if missing.
    pub dir: &'a Path,
}

/// How one client fared.
#[derive(Debug)]
pub struct Outcome {
    /// The client's name.
    pub name: &'static str,
    /// Its process, where it started.
    pub pid: Option<u32>,
    /// How long it ran.
    pub took: Duration,
    /// What it printed, or why it failed.
    pub result: Result<String, String>,
}

/// Runs every available client once, all at the same time, and returns how
/// they fared, in the order of `clients`. Dropping the future stops them.
pub async fn run_round(target: Target<'_>, clients: &[DemoClient]) -> io::Result<Vec<Outcome>> {
    std::fs::create_dir_all(target.dir)?;
    for asset in ASSETS {
        std::fs::write(target.dir.join(asset.name), asset.text)?;
    }
    let mut running = JoinSet::new();
    for (index, client) in clients.iter().enumerate() {
        let Ok(program) = &client.available else {
            continue;
        };
        let (name, child) = (client.name, start(program, client, target));
        running.spawn(async move { (index, finish(name, child).await) });
    }
    let mut outcomes = running.join_all().await;
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// The certificate goes to Node by its variable; a proxy of the user's would
/// lead the clients away from the loopback.
fn start(program: &Path, client: &DemoClient, target: Target<'_>) -> io::Result<Child> {
    let mut command = Command::new(program);
    for proxy in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NODE_USE_ENV_PROXY",
    ] {
        command.env_remove(proxy);
    }
    command
        .args((client.arguments)(&target))
        .env("NODE_EXTRA_CA_CERTS", target.ca)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

async fn finish(name: &'static str, child: io::Result<Child>) -> Outcome {
    let began = Instant::now();
    let pid = child.as_ref().ok().and_then(Child::id);
    let result = match child {
        Err(error) => Err(format!("it did not start: {error}")),
        Ok(child) => outcome(child).await,
    };
    Outcome {
        name,
        pid,
        took: began.elapsed(),
        result,
    }
}

async fn outcome(child: Child) -> Result<String, String> {
    let output = tokio::time::timeout(LONGEST_RUN, child.wait_with_output()).await;
    let output = output.map_err(|_| format!("it was stopped after {} s", LONGEST_RUN.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint: String = String::from_utf8_lossy(&output.stderr)
        .chars()
        .take(LONGEST_COMPLAINT)
        .collect();
    Err(format!("{}: {}", output.status, complaint.trim()))
}
