//! What every sink's configuration has, and what is wrong with one.

use std::path::Path;

use oisp_config::{EventFilter, HumanDuration};

use crate::{Batch, DeadLetters, Retry, RunSettings};

/// The keys that every sink has. Each sink's configuration repeats them, so
/// that an unknown key beside them is refused.
#[derive(Clone, Debug)]
pub struct Common<'a> {
    /// `name`: tells sinks of a kind apart.
    pub name: &'a str,
    /// `filter`: which events it gets.
    pub filter: &'a EventFilter,
    /// `batch_size`: most events of one delivery.
    pub batch_size: usize,
    /// `flush_interval`: how long an event waits for others.
    pub flush_interval: HumanDuration,
    /// `retry`: when it tries again.
    pub retry: Retry,
}

/// What is wrong with a sink's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    /// The key inside the sink's table.
    pub key: &'static str,
    /// What is wrong, and what is right.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        Self {
            key,
            problem: problem.into(),
        }
    }
}

impl Common<'_> {
    /// What is wrong with these keys.
    ///
    /// # Errors
    /// With the first that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(1..=100_000).contains(&self.batch_size) {
            let problem = format!("{} is not from 1 to 100000", self.batch_size);
            return Err(ConfigError::new("batch_size", problem));
        }
        if self.retry.initial.get().is_zero() {
            return Err(ConfigError::new(
                "retry.initial",
                "must be more than nothing",
            ));
        }
        if self.retry.initial > self.retry.max {
            let problem = format!("{} is less than retry.initial", self.retry.max);
            return Err(ConfigError::new("retry.max", problem));
        }
        Ok(())
    }

    /// How the sink is run. `dead_letters` is a directory of the sensor's state.
    pub fn settings(&self, sink: &str, dead_letters: Option<&Path>) -> RunSettings {
        RunSettings {
            filter: self.filter.clone(),
            batch: Batch {
                events: self.batch_size,
                wait: self.flush_interval.get(),
                ..Batch::default()
            },
            retry: self.retry,
            dead_letters: dead_letters.map(|directory| DeadLetters::new(directory, sink)),
            ..RunSettings::default()
        }
    }
}

/// The name of a sink that is given none.
pub(crate) const DEFAULT_NAME: &str = "default";

/// `webhook.NAME`, or `webhook` for the one that is given no name.
pub(crate) fn full_name(kind: &str, name: &str) -> String {
    match name {
        "" | DEFAULT_NAME => kind.to_owned(),
        name => format!("{kind}.{name}"),
    }
}
