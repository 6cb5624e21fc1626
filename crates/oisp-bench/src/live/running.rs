//! The sensor, recording to a file, with its dashboard on a free port.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::http;
use super::process::{Owned, until};

/// How long it may take until it is ready.
const READY: Duration = Duration::from_secs(30);

/// A sensor at work.
pub(super) struct Running {
    process: Owned,
    /// Port of the dashboard.
    pub(super) port: u16,
    /// The events file.
    pub(super) events: PathBuf,
    /// From its start until capture was attached.
    pub(super) ready_after: Duration,
}

impl Running {
    /// Starts `record` and waits until it is attached. Its messages go to a
    /// file in `dir`.
    pub(super) fn start(binary: &Path, dir: &Path) -> anyhow::Result<Self> {
        Self::start_with(binary, dir, &[])
    }

    /// The same with further options.
    pub(super) fn start_with(
        binary: &Path,
        dir: &Path,
        options: &[String],
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let events = dir.join(format!("events-{port}.jsonl"));
        let log = dir.join(format!("sensor-{port}.log"));
        let mut command = Command::new(binary);
        command
            .arg("record")
            .arg("--port")
            .arg(port.to_string())
            .arg("--output")
            .arg(&events)
            .arg("--store")
            .arg(dir.join(format!("events-{port}.db")))
            .args(options)
            .env("OISP_WEB_OPEN_READS", "true");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let began = Instant::now();
        let mut process = Owned::start(&mut command)?;
        let mut ended = false;
        until(READY, || {
            ended = process.has_ended();
            ended || http::status(port, "/api/ready") == Some(200)
        })
        .context("the sensor does not get ready")?;
        let ready_after = began.elapsed();
        anyhow::ensure!(
            !ended,
            "the sensor ended: {}",
            std::fs::read_to_string(&log).unwrap_or_default().trim()
        );
        Ok(Self {
            process,
            port,
            events,
            ready_after,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it; everything captured is in the file then, which is returned.
    pub(super) fn stop(self) -> anyhow::Result<PathBuf> {
        self.process.end()?;
        Ok(self.events)
    }
}

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
