//! Where alerts go: the log, a file, a webhook. In a thread of its own, so that a
//! slow receiver holds up nothing.
//!
//! Limits: 256 notices wait, those beyond are counted; a webhook is tried
//! four times.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use oisp_config::SecretSource;
use oisp_core::counters::{Counter, Snapshot};

use super::{Alert, Notice};
use crate::{AlertWebhook, Rules};

/// Most notices that wait.
const QUEUE: usize = 256;
/// How often a webhook is tried for one alert.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a file to append to that only its owner can read.
pub type OpenFile = fn(&Path) -> io::Result<File>;

/// Takes notices.
#[derive(Debug)]
pub struct AlertOutput {
    queue: SyncSender<Notice>,
    figures: Arc<Figures>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Figures {
    raised: Counter,
    dropped: Counter,
    failed: Counter,
}

struct Output {
    rules: Rules,
    open: OpenFile,
    known_providers: Option<PathBuf>,
    figures: Arc<Figures>,
    stopping: Arc<AtomicBool>,
}

impl AlertOutput {
    /// Starts the thread. Providers that are new are appended to
    /// `known_providers`, a name a line.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(
        rules: Rules,
        open: OpenFile,
        known_providers: Option<PathBuf>,
    ) -> io::Result<Self> {
        let (queue, notices) = sync_channel(QUEUE);
        let figures = Arc::<Figures>::default();
        let stopping = Arc::<AtomicBool>::default();
        let output = Output {
            rules,
            open,
            known_providers,
            figures: figures.clone(),
            stopping: stopping.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("oisp-alerts".into())
            .spawn(move || output.run(&notices))?;
        Ok(Self {
            queue,
            figures,
            stopping,
            thread,
        })
    }

    /// Takes a notice; one for which there is no room is counted.
    pub fn take(&self, notice: Notice) {
        if matches!(notice, Notice::Alert(_)) {
            self.figures.raised.add(1);
        }
        if self.queue.try_send(notice).is_err() {
            self.figures.dropped.add(1);
        }
    }

    /// Figures under `alerts`.
    pub fn counters(&self) -> Snapshot {
        self.figures.snapshot()
    }

    /// Gives out what waits, without trying anything again, ends, and tells the
    /// last figures.
    pub fn stop(self) -> Snapshot {
        self.stopping.store(true, Ordering::Relaxed);
        drop(self.queue);
        if self.thread.join().is_err() {
            tracing::error!("alert thread panicked");
        }
        self.figures.snapshot()
    }
}

impl Figures {
    fn snapshot(&self) -> Snapshot {
        [
            ("alerts.raised", &self.raised),
            ("alerts.dropped.queue_full", &self.dropped),
            ("alerts.failed", &self.failed),
        ]
        .map(|(name, counter)| (name.to_owned(), counter.get()))
        .into()
    }
}

impl Output {
    fn run(&self, notices: &Receiver<Notice>) {
        for notice in notices {
            match notice {
                Notice::Alert(alert) => self.give(&alert),
                Notice::NewProvider(name) => self.remember(&name),
            }
        }
    }

    fn remember(&self, provider: &str) {
        let Some(path) = &self.known_providers else {
            return;
        };
        if let Err(error) = self.append(path, provider) {
            tracing::warn!(%error, file = %path.display(), "known providers cannot be kept");
        }
    }

    fn give(&self, alert: &Alert) {
        tracing::warn!(rule = %alert.rule, event = %alert.event_id, "alert: {}", alert.message);
        let rules = self.rules.get();
        let Ok(json) = serde_json::to_string(alert) else {
            return;
        };
        if let Some(path) = &rules.alert_file
            && let Err(error) = self.append(path, &json)
        {
            self.figures.failed.add(1);
            tracing::error!(%error, file = %path.display(), "alert cannot be written");
        }
        self.post(&rules.alert_webhook, &json);
    }

    fn append(&self, path: &Path, line: &str) -> io::Result<()> {
        let mut file = (self.open)(path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    fn post(&self, webhook: &AlertWebhook, json: &str) {
        let Some(url) = webhook.target() else {
            return;
        };
        let token = webhook.bearer_token.as_ref();
        let mut wait = FIRST_WAIT;
        for attempt in 1..=TRIES {
            match post_once(url, token, json) {
                Ok(()) => return,
                Err(error) if attempt == TRIES || self.stopping.load(Ordering::Relaxed) => {
                    self.figures.failed.add(1);
                    tracing::error!(%error, attempt, "alert cannot be posted");
                    return;
                }
                Err(error) => tracing::warn!(%error, attempt, "alert is posted again"),
            }
            self.pause(wait);
            wait *= 2;
        }
    }

    fn pause(&self, wait: Duration) {
        const STEP: Duration = Duration::from_millis(100);
        let mut left = wait;
        while !left.is_zero() && !self.stopping.load(Ordering::Relaxed) {
            std::thread::sleep(STEP.min(left));
            left = left.saturating_sub(STEP);
        }
    }
}

/// The error names the host only: a hook's path is its password.
fn post_once(url: &str, token: Option<&SecretSource>, json: &str) -> Result<(), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .build()
        .into();
    let mut request = agent.post(url).header("content-type", "application/json");
    if let Some(token) = token {
        let token = token.resolve().map_err(|error| error.to_string())?;
        request = request.header("authorization", format!("Bearer {}", token.expose()));
    }
    match request.send(json) {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("the receiver answered {}", answer.status())),
        Err(ureq::Error::BadUri(_)) => Err("the URL is not one".into()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
