//! The policy at work.

use std::sync::Arc;

use arc_swap::ArcSwap;
use oisp_config::Facts;
use oisp_core::Event;

use crate::alert::{Alerts, Notice};
use crate::{Filter, PolicyConfig, sample};

/// What is done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// The user does not want such events.
    Filtered,
    /// It is one of those that a share leaves out.
    Sampled,
}

/// The rules in force. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Rules(Arc<ArcSwap<PolicyConfig>>);

impl Rules {
    /// Those rules.
    pub fn new(config: PolicyConfig) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(config)))
    }

    /// Puts other rules in force.
    pub fn set(&self, config: PolicyConfig) {
        self.0.store(Arc::new(config));
    }

    /// The rules in force.
    pub fn get(&self) -> Arc<PolicyConfig> {
        self.0.load_full()
    }
}

/// Judges events.
#[derive(Debug)]
pub struct Policy {
    processes: Filter,
    rules: Rules,
    in_force: Arc<PolicyConfig>,
    alerts: Alerts,
}

impl Default for Policy {
    /// Keeps everything and gives no alert.
    fn default() -> Self {
        Self::new(Filter::default(), Rules::default(), Vec::new())
    }
}

impl Policy {
    /// Judges by those processes and rules; the providers are known already.
    pub fn new(processes: Filter, rules: Rules, known_providers: Vec<String>) -> Self {
        let in_force = rules.get();
        Self {
            processes,
            alerts: Alerts::new(&in_force.alert, known_providers),
            in_force,
            rules,
        }
    }

    /// Judges an event, and tells what it gives alarm about. One that is kept as
    /// one of many is marked with their share.
    pub fn judge(&mut self, event: &mut Event, notices: &mut Vec<Notice>) -> Verdict {
        if !self.processes.keeps(event) {
            return Verdict::Filtered;
        }
        let now = self.rules.get();
        if !Arc::ptr_eq(&now, &self.in_force) {
            self.alerts.set(&now.alert);
            self.in_force = now;
        }
        self.alerts.look(event, notices);
        let rules = &self.in_force;
        if rules.include.is_empty() && rules.exclude.is_empty() && rules.sample.is_empty() {
            return Verdict::Keep;
        }
        let (verdict, rate) = verdict(rules, event);
        if rate.is_some() {
            event.confidence.sample_rate = rate;
        }
        verdict
    }
}

/// And the share of which a kept event is.
fn verdict(rules: &PolicyConfig, event: &Event) -> (Verdict, Option<f64>) {
    let facts = Facts::of(event);
    let mut include = rules.include.iter();
    let is_wanted = rules.include.is_empty() || include.any(|filter| filter.admits(&facts));
    if !is_wanted || rules.exclude.iter().any(|filter| filter.admits(&facts)) {
        return (Verdict::Filtered, None);
    }
    let sample = rules
        .sample
        .iter()
        .find(|sample| sample.filter.admits(&facts));
    match sample {
        Some(sample) if !sample::is_in(event, sample.rate) => (Verdict::Sampled, None),
        Some(sample) if sample.rate < 1.0 => (Verdict::Keep, Some(sample.rate)),
        _ => (Verdict::Keep, None),
    }
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
