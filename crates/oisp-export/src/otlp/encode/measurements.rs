//! What exchanges say in figures.

use super::attributes::Attributes;
use super::event::Event;
use super::gen_ai;
use super::instruments::{self as instrument, Instrument};
use super::spans::Course;
use crate::otlp::config::SemanticConventions;

/// One value of one metric.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub instrument: &'static Instrument,
    pub attributes: Attributes,
    pub value: f64,
}

/// The attributes of data points: few values each, or the series would be
/// without end.
const NAMES: [&str; 6] = [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
];

/// What an exchange measures; nothing where `course` is no exchange.
pub(super) fn of(course: &Course<'_>, conventions: SemanticConventions) -> Vec<Measurement> {
    let answer = course.end();
    if answer.kind() != "ai.response" {
        return Vec::new();
    }
    let mut measured = Measured {
        attributes: course.attributes.only(&NAMES),
        found: Vec::new(),
    };
    times(&mut measured, answer, conventions);
    // A server's event of a call that was captured at the client's end, too,
    // names that one: its tokens count there.
    if !answer.is_server_side() || answer.related("related").is_none() {
        tokens(&mut measured, answer, conventions);
    }
    measured.found
}

struct Measured {
    attributes: Attributes,
    found: Vec<Measurement>,
}

impl Measured {
    fn add(
        &mut self,
        instrument: &'static Instrument,
        value: Option<f64>,
        more: Option<(&str, &str)>,
    ) {
        let Some(value) = value else { return };
        let mut attributes = self.attributes.clone();
        if let Some((name, text)) = more {
            attributes.text(name, text);
        }
        self.found.push(Measurement {
            instrument,
            attributes,
            value,
        });
    }
}

fn is_inference(answer: &Event) -> bool {
    answer.attr("gen_ai.operation.name") != Some("embeddings")
}

fn times(measured: &mut Measured, answer: &Event, conventions: SemanticConventions) {
    let is_newer = conventions == SemanticConventions::Latest && is_inference(answer);
    let (duration, first_chunk) = match (answer.is_server_side(), is_newer) {
        (true, _) => (
            &instrument::SERVER_DURATION,
            &instrument::SERVER_TIME_TO_FIRST_TOKEN,
        ),
        (false, true) => (
            &instrument::INFERENCE_DURATION,
            &instrument::INFERENCE_FIRST_CHUNK,
        ),
        (false, false) => (
            &instrument::OPERATION_DURATION,
            &instrument::OPERATION_FIRST_CHUNK,
        ),
    };
    let error = gen_ai::error_type(answer);
    let error = error.as_deref().map(|kind| ("error.type", kind));
    let lasted = answer.number("/data/latency_ms").map(gen_ai::seconds);
    measured.add(duration, lasted, error);
    measured.add(first_chunk, gen_ai::first_chunk_seconds(answer), None);
}

fn tokens(measured: &mut Measured, answer: &Event, conventions: SemanticConventions) {
    let count = |field| answer.number(field).map(|count| count as f64);
    let input = count("/data/usage/prompt_tokens");
    let output = count("/data/usage/completion_tokens");
    match conventions {
        SemanticConventions::V1_41 => {
            for (count, kind) in [(input, "input"), (output, "output")] {
                let kind = Some(("gen_ai.token.type", kind));
                measured.add(&instrument::TOKEN_USAGE, count, kind);
            }
        }
        // The newer conventions have none for other operations.
        SemanticConventions::Latest if is_inference(answer) => {
            measured.add(&instrument::INFERENCE_INPUT, input, None);
            measured.add(&instrument::INFERENCE_OUTPUT, output, None);
            for (field, counter) in &instrument::INFERENCE_USAGE {
                measured.add(counter, count(field), None);
            }
        }
        SemanticConventions::Latest => {}
    }
}
