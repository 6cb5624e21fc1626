//! Log records, spans and measurements of a batch of events.

pub(crate) mod attributes;
mod content;
pub(crate) mod event;
mod gen_ai;
mod ids;
pub(crate) mod instruments;
mod logs;
pub(crate) mod measurements;
mod payload;
mod place;
pub(crate) mod recall;
mod spans;
mod subject;

use std::sync::Arc;

use oisp_store::Stored;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::config::SemanticConventions;
use attributes::Attributes;
use event::Event;
use measurements::Measurement;
use recall::{Memory, Recall};
use spans::Course;

/// What is made of events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Which names.
    pub conventions: SemanticConventions,
    /// What was said, too.
    pub content: bool,
    /// Log records.
    pub logs: bool,
    /// Spans.
    pub traces: bool,
    /// Measurements.
    pub metrics: bool,
}

/// Something that an event became.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    /// The event's place in the log.
    pub seq: u64,
    /// The machine that it comes from.
    pub host: Attributes,
    /// What it became.
    pub value: T,
}

/// What a batch became.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub logs: Vec<Item<LogRecord>>,
    pub spans: Vec<Item<Span>>,
    pub measurements: Vec<Item<Measurement>>,
}

/// Makes log records, spans and measurements.
#[derive(Debug)]
pub(crate) struct Encoder {
    options: Options,
    memory: Memory,
}

impl Encoder {
    /// `recall` finds events that are no longer at hand.
    pub fn new(options: Options, recall: Recall) -> Self {
        Self {
            options,
            memory: Memory::new(recall),
        }
    }

    /// Encodes a batch. The same batch may come again and gives the same.
    pub fn encode(&mut self, batch: &[Arc<Stored>]) -> Encoded {
        let mut encoded = Encoded::default();
        for stored in batch {
            self.memory.keep(stored);
            self.add(&Event::read(stored), &mut encoded);
        }
        encoded
    }

    fn add(&self, event: &Event, encoded: &mut Encoded) {
        let (options, memory) = (&self.options, &self.memory);
        let host = subject::host(event);
        let attributes = payload::attributes(event);
        if options.logs {
            let record = logs::record(event, attributes.clone(), options, memory);
            encoded.logs.push(item(event, &host, record));
        }
        if !(options.traces || options.metrics) {
            return;
        }
        let Some(course) = Course::ended_by(event, attributes, memory) else {
            return;
        };
        if options.traces
            && let Some(span) = course.span(options, memory)
        {
            encoded.spans.push(item(event, &host, span));
        }
        if options.metrics {
            let found = measurements::of(&course, options.conventions);
            let found = found.into_iter().map(|value| item(event, &host, value));
            encoded.measurements.extend(found);
        }
    }
}

fn item<T>(event: &Event, host: &Attributes, value: T) -> Item<T> {
    Item {
        seq: event.seq,
        host: host.clone(),
        value,
    }
}
