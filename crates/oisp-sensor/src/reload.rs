//! Reads the configuration again: when its file changes, and on SIGHUP.
//!
//! It is read and checked as at the start. What is wrong changes nothing. What
//! is right is taken over as a whole: each part ([`Applies`]) takes up its keys,
//! and the names of those that no part takes up while the sensor runs are said.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use oisp_config::{Loaded, Sources, Stamp, changed, load};
use oisp_policy::Rules;
use tokio::sync::watch;

use crate::config::Config;
use crate::failure::Failure;
use crate::logging::Level;
use crate::status::Status;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A part that takes up changes while the sensor runs.
pub trait Applies: Send {
    /// Its keys: `capture.include`. A section stands for all below it.
    fn keys(&self) -> &'static [&'static str];

    /// Takes them up. The configuration has been checked.
    ///
    /// # Errors
    /// Why it goes on as before.
    fn apply(&self, config: &Config) -> Result<(), String>;
}

/// Whose traffic is captured.
pub struct FilterPart(pub Arc<Status>);

impl Applies for FilterPart {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "capture.exclude",
            "capture.include",
            "capture.pid_filter",
            "capture.process_filter",
        ]
    }

    fn apply(&self, config: &Config) -> Result<(), String> {
        self.0.set_rules(config.capture.processes());
        Ok(())
    }
}

/// How much is said on standard error.
pub struct LevelPart(pub Level);

impl Applies for LevelPart {
    fn keys(&self) -> &'static [&'static str] {
        &["sensor.log_level"]
    }

    fn apply(&self, config: &Config) -> Result<(), String> {
        self.0.set(config.sensor.log_level)
    }
}

/// Which events are kept, and what is worth an alert.
pub struct PolicyPart(pub Rules);

impl Applies for PolicyPart {
    fn keys(&self) -> &'static [&'static str] {
        &["policy"]
    }

    fn apply(&self, config: &Config) -> Result<(), String> {
        self.0.set(config.policy.clone());
        Ok(())
    }
}

/// The thread that does so, until it is dropped.
pub struct Reload {
    stop: Option<watch::Sender<bool>>,
    thread: Option<JoinHandle<()>>,
}

impl Reload {
    /// Begins to look, from what was `loaded` on.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub fn start(
        sources: Sources,
        loaded: Loaded<Config>,
        asked: watch::Receiver<u64>,
        parts: Vec<Box<dyn Applies>>,
    ) -> Result<Self, Failure> {
        let (stop, stopped) = watch::channel(false);
        let reader = Reader {
            file: loaded.file.zip(loaded.stamp),
            sources,
            config: loaded.settings,
            parts,
        };
        let no_thread = |error| Failure::new(format_args!("cannot start a thread: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(no_thread)?;
        let thread = std::thread::Builder::new()
            .name("oisp-config".into())
            .spawn(move || runtime.block_on(reader.run(asked, stopped)))
            .map_err(no_thread)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Reload {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Reader {
    sources: Sources,
    file: Option<(PathBuf, Stamp)>,
    config: Config,
    parts: Vec<Box<dyn Applies>>,
}

impl Reader {
    async fn run(mut self, mut asked: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = stop.changed() => return,
                Ok(()) = asked.changed() => {
                    self.file = self.look();
                    self.reload();
                }
                _ = look.tick() => {
                    let now = self.look();
                    if std::mem::replace(&mut self.file, now) != self.file {
                        self.reload();
                    }
                }
            }
        }
    }

    /// The file and what it is now.
    fn look(&self) -> Option<(PathBuf, Stamp)> {
        let path = self.sources.file()?;
        let stamp = Stamp::of(&path);
        Some((path, stamp))
    }

    fn reload(&mut self) {
        match load::<Config>(&self.sources) {
            Ok(loaded) => self.take_over(loaded.settings),
            Err(error) => tracing::error!("the configuration stays as it was: {error}"),
        }
    }

    fn take_over(&mut self, new: Config) {
        let mut waiting = changed(&self.config, &new);
        let mut applied = Vec::new();
        for part in &self.parts {
            let (own, others) = waiting
                .into_iter()
                .partition(|key| part.keys().iter().any(|prefix| is_below(key, prefix)));
            waiting = others;
            let own: Vec<String> = own;
            if own.is_empty() {
                continue;
            }
            match part.apply(&new) {
                Ok(()) => applied.extend(own),
                Err(error) => tracing::error!(keys = own.join(", "), error, "stays as it was"),
            }
        }
        self.config = new;
        tracing::warn!(applied = list(&applied), "configuration read again");
        if !waiting.is_empty() {
            tracing::warn!(keys = list(&waiting), "in force after a restart only");
        }
    }
}

fn list(keys: &[String]) -> String {
    match keys.is_empty() {
        true => "nothing".into(),
        false => keys.join(", "),
    }
}

/// The key itself, or one in that section.
fn is_below(key: &str, prefix: &str) -> bool {
    key.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_stands_for_what_is_below_it() {
        for (key, prefix, is) in [
            ("capture.include", "capture.include", true),
            ("export.jsonl[0].path", "export.jsonl", true),
            ("capture.include_more", "capture.include", false),
        ] {
            assert_eq!(is_below(key, prefix), is, "{key}");
        }
    }
}
