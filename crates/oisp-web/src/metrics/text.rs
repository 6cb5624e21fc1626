//! The figures as text: OpenMetrics 1.0.0 as `prometheus-client` writes it, and
//! Prometheus' own format 0.0.4, which names counters in their comments by
//! their whole name and has no end mark.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use super::names::{self, Place};
use super::tally::Answers;
use super::{Metrics, Usage};

/// Media type of Prometheus' own format.
pub(super) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Media type of OpenMetrics.
pub(super) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(String, String)>;
type Count = Counter<f64, AtomicU64>;
type Level = Gauge<f64, AtomicU64>;

/// One look at all figures.
pub(super) struct Page {
    registry: Registry,
    counts: BTreeMap<String, Family<Labels, Count>>,
    levels: BTreeMap<String, Family<Labels, Level>>,
}

impl Page {
    /// All of them.
    pub(super) fn of(metrics: &Metrics, ready: bool) -> Self {
        let mut page = Self {
            registry: Registry::default(),
            counts: BTreeMap::new(),
            levels: BTreeMap::new(),
        };
        page.sensor(metrics, ready);
        page.calls(metrics);
        for (figure, value) in &metrics.counters {
            let Place {
                family,
                labels,
                is_gauge,
                figures,
            } = names::place(figure);
            let help = format!("{figures} in /api/metrics");
            match is_gauge {
                true => page.level(&family, &help, labels, number(*value)),
                false => page.count(&family, &help, labels, number(*value)),
            }
        }
        page
    }

    fn sensor(&mut self, metrics: &Metrics, ready: bool) {
        let version = vec![label("version", env!("CARGO_PKG_VERSION"))];
        self.level("oisp_build_info", "The sensor's version", version, 1.0);
        let uptime = number(metrics.uptime_seconds);
        self.level(
            "oisp_uptime_seconds",
            "Since the sensor's start",
            Vec::new(),
            uptime,
        );
        let attached = if ready { 1.0 } else { 0.0 };
        self.level(
            "oisp_ready",
            "1 while capture is attached",
            Vec::new(),
            attached,
        );
        if let Some(usage) = metrics.process {
            self.usage(usage);
        }
    }

    fn usage(&mut self, usage: Usage) {
        let cpu = "Processor time that the sensor used";
        self.count(
            "oisp_process_cpu_seconds",
            cpu,
            Vec::new(),
            usage.cpu_seconds,
        );
        let rss = number(usage.memory_rss_bytes);
        let help = "Memory that the sensor has in RAM";
        self.level("oisp_process_memory_rss_bytes", help, Vec::new(), rss);
        let vms = number(usage.memory_vms_bytes);
        let help = "Memory that the sensor has addresses for";
        self.level("oisp_process_memory_vms_bytes", help, Vec::new(), vms);
    }

    fn calls(&mut self, metrics: &Metrics) {
        let requests = number(metrics.ai.requests);
        self.count("oisp_ai_requests", "Requests seen", Vec::new(), requests);
        for model in &metrics.models {
            let labels = vec![
                label("provider", &model.provider),
                label("model", &model.model),
            ];
            self.answers(&model.answers, &labels);
        }
    }

    fn answers(&mut self, answers: &Answers, labels: &Labels) {
        let figures = [
            (
                "oisp_ai_responses",
                "Answers seen",
                number(answers.responses),
            ),
            (
                "oisp_ai_errors",
                "Answers that tell of an error",
                number(answers.errors),
            ),
            (
                "oisp_ai_cost_usd",
                "What calls cost, as far as known",
                answers.cost_usd,
            ),
        ];
        for (family, help, value) in figures {
            self.count(family, help, labels.clone(), value);
        }
        for (kind, tokens) in [
            ("input", answers.input_tokens),
            ("output", answers.output_tokens),
        ] {
            let mut labels = labels.clone();
            labels.push(label("kind", kind));
            self.count(
                "oisp_ai_tokens",
                "Tokens, as far as providers said",
                labels,
                number(tokens),
            );
        }
    }

    fn count(&mut self, name: &str, help: &str, labels: Labels, value: f64) {
        if !self.counts.contains_key(name) {
            let family = Family::<Labels, Count>::default();
            self.registry.register(name, help, family.clone());
            self.counts.insert(name.to_owned(), family);
        }
        if let Some(family) = self.counts.get(name) {
            family.get_or_create(&labels).inc_by(value);
        }
    }

    fn level(&mut self, name: &str, help: &str, labels: Labels, value: f64) {
        if !self.levels.contains_key(name) {
            let family = Family::<Labels, Level>::default();
            self.registry.register(name, help, family.clone());
            self.levels.insert(name.to_owned(), family);
        }
        if let Some(family) = self.levels.get(name) {
            family.get_or_create(&labels).set(value);
        }
    }

    /// In OpenMetrics.
    pub(super) fn openmetrics(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "the figures could not be written");
        }
        text.lines().map(without_empty_labels).collect()
    }

    /// In Prometheus' own format.
    pub(super) fn prometheus(&self) -> String {
        let openmetrics = self.openmetrics();
        let lines = openmetrics.lines().filter(|line| *line != "# EOF");
        lines.fold(String::new(), |mut text, line| {
            text.push_str(&self.comment_or_sample(line));
            text.push('\n');
            text
        })
    }

    fn comment_or_sample(&self, line: &str) -> String {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(kind), Some(name), Some(rest)) if self.counts.contains_key(name) => {
                format!("# {kind} {name}_total {rest}")
            }
            _ => line.to_owned(),
        }
    }
}

/// A sample without labels is its name and value.
fn without_empty_labels(line: &str) -> String {
    match line.split_once('{') {
        Some((name, rest)) if !line.starts_with('#') && rest.starts_with("} ") => {
            format!("{name}{}\n", rest.trim_start_matches('}'))
        }
        _ => format!("{line}\n"),
    }
}

/// A label value is between quotes, whoever chose it.
fn label(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Prometheus counts in f64.
const fn number(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tally::{ModelSums, Sums};

    fn metrics() -> Metrics {
        let answers = Answers {
            responses: 2,
            output_tokens: 7,
            cost_usd: 0.25,
            ..Answers::default()
        };
        let counters = [
            ("capture.gaps_ring_full", 3),
            ("capture.gaps_other", 4),
            ("capture.connections_open", 5),
            ("sink.a.queued", 6),
        ];
        Metrics {
            uptime_seconds: 9,
            process: None,
            ai: Sums {
                requests: 3,
                answers: answers.clone(),
            },
            models: vec![ModelSums {
                provider: String::from("openai"),
                model: String::from("a\"b\\c\nd 1\n# TYPE x"),
                answers,
            }],
            counters: counters.map(|(name, value)| (name.into(), value)).into(),
        }
    }

    #[test]
    fn prometheus_reads_each_family_once_with_its_samples_behind_it() {
        let text = Page::of(&metrics(), true).prometheus();
        let gaps = "# HELP oisp_capture_gaps_total capture.gaps_* in /api/metrics.\n\
                    # TYPE oisp_capture_gaps_total counter\n";
        assert!(text.contains(gaps), "{text}");
        assert!(
            text.contains("\noisp_capture_gaps_total{cause=\"ring_full\"} 3"),
            "{text}"
        );
        assert!(
            text.contains("# TYPE oisp_capture_connections_open gauge\n"),
            "{text}"
        );
        assert!(
            text.contains("\noisp_sink_events_queued{sink=\"a\"} 6"),
            "{text}"
        );
        assert!(text.contains("oisp_ai_cost_usd_total{"), "{text}");
        assert!(!text.contains("EOF"), "{text}");
    }

    #[test]
    fn a_hostile_model_name_stays_between_its_quotes() {
        let text = Page::of(&metrics(), true).prometheus();
        let lines = text.lines().filter(|line| line.contains("openai"));
        for line in lines {
            assert!(line.contains(r#"model="a\"b\\c\nd 1\n# TYPE x""#), "{line}");
        }
    }

    #[test]
    fn openmetrics_ends_with_its_mark() {
        let text = Page::of(&metrics(), false).openmetrics();
        assert!(
            text.contains("# TYPE oisp_capture_gaps counter\n"),
            "{text}"
        );
        assert!(text.contains("\noisp_ready 0"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
