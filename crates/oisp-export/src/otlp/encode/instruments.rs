//! The metrics of the semantic conventions for generative AI.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aggregation {
    /// How often a value was up to each of these bounds.
    Histogram(&'static [f64]),
    /// A sum that only grows.
    Counter,
}

/// A metric.
#[derive(Debug, PartialEq)]
pub(crate) struct Instrument {
    pub name: &'static str,
    pub unit: &'static str,
    pub description: &'static str,
    pub aggregation: Aggregation,
}

const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
const SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const SERVER_FIRST_TOKEN: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

const fn seconds(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        name,
        unit: "s",
        description,
        aggregation: Aggregation::Histogram(SECONDS),
    }
}

const fn tokens(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        name,
        unit: "{token}",
        description,
        aggregation: Aggregation::Histogram(TOKENS),
    }
}

const fn counter(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        name,
        unit: "{token}",
        description,
        aggregation: Aggregation::Counter,
    }
}

const DURATION: &str = "Duration of operations of generative AI";
const FIRST_CHUNK: &str = "Time from a streamed request to the first content of its answer";

pub(super) static OPERATION_DURATION: Instrument =
    seconds("gen_ai.client.operation.duration", DURATION);
pub(super) static OPERATION_FIRST_CHUNK: Instrument =
    seconds("gen_ai.client.operation.time_to_first_chunk", FIRST_CHUNK);
pub(super) static TOKEN_USAGE: Instrument = tokens(
    "gen_ai.client.token.usage",
    "Tokens of input and output that operations used",
);

pub(super) static INFERENCE_DURATION: Instrument =
    seconds("gen_ai.client.inference.duration", DURATION);
pub(super) static INFERENCE_FIRST_CHUNK: Instrument =
    seconds("gen_ai.client.inference.time_to_first_chunk", FIRST_CHUNK);
pub(super) static INFERENCE_INPUT: Instrument = tokens(
    "gen_ai.client.inference.operation.input_tokens",
    "Input tokens of an operation",
);
pub(super) static INFERENCE_OUTPUT: Instrument = tokens(
    "gen_ai.client.inference.operation.output_tokens",
    "Output tokens of an operation",
);
/// The counters of tokens, each with the attribute that it counts.
pub(super) static INFERENCE_USAGE: [(&str, Instrument); 5] = [
    (
        "/data/usage/prompt_tokens",
        counter(
            "gen_ai.client.inference.usage.input_tokens",
            "Input tokens used",
        ),
    ),
    (
        "/data/usage/completion_tokens",
        counter(
            "gen_ai.client.inference.usage.output_tokens",
            "Output tokens used",
        ),
    ),
    (
        "/data/usage/cached_tokens",
        counter(
            "gen_ai.client.inference.usage.cache_read.input_tokens",
            "Input tokens read from the provider's cache",
        ),
    ),
    (
        "/attrs/gen_ai.usage.cache_creation.input_tokens",
        counter(
            "gen_ai.client.inference.usage.cache_write.input_tokens",
            "Input tokens written to the provider's cache",
        ),
    ),
    (
        "/data/usage/reasoning_tokens",
        counter(
            "gen_ai.client.inference.usage.reasoning.output_tokens",
            "Output tokens used for reasoning",
        ),
    ),
];

pub(super) static SERVER_DURATION: Instrument = seconds(
    "gen_ai.server.request.duration",
    "Duration of requests that a server of generative AI answered",
);
pub(super) static SERVER_TIME_TO_FIRST_TOKEN: Instrument = Instrument {
    name: "gen_ai.server.time_to_first_token",
    unit: "s",
    description: "Time from a request to the first token that a server answered",
    aggregation: Aggregation::Histogram(SERVER_FIRST_TOKEN),
};
