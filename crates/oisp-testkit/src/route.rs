//! From a request to the dialect that answers it. No I/O.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::scenario::Scenario;
use crate::{anthropic, bedrock, cohere, gemini, ollama, openai, openai_media, openai_responses};

/// A request, received whole.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, or what is wrong with it.
    pub(crate) fn json(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

/// What an answer depends on beside the request.
#[derive(Debug)]
pub(crate) struct Routing<'a> {
    pub(crate) scenarios: &'a [Scenario],
    /// Unique to the exchange; all ids in the answer derive from it.
    pub(crate) token: String,
    pub(crate) now_secs: u64,
}

impl<'a> Routing<'a> {
    /// The scenario for `call`, whose directive replaces the call's own.
    pub(crate) fn stage(&self, call: &mut Call) -> Option<&'a Scenario> {
        let scenario = self
            .scenarios
            .iter()
            .find(|scenario| scenario.fits(&call.model, &call.prompt, call.after_tool))?;
        call.directive = scenario.directive.clone();
        Some(scenario)
    }

    /// The way of a call to its answer, which is the same in all dialects:
    /// `failure` writes one that is refused with a status, `write` any other.
    pub(crate) fn play(
        &self,
        mut call: Call,
        failure: impl FnOnce(&Call, u16) -> Reply,
        write: impl FnOnce(&Call, Meant) -> Reply,
    ) -> Reply {
        let scenario = self.stage(&mut call);
        let reply = match call.directive.error {
            Some(status) => failure(&call, status),
            None => write(&call, Meant::to(&call, scenario, &self.token)),
        };
        Reply {
            directive: call.directive,
            ..reply
        }
    }
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 20 letters and digits for exchange `serial` of the provider that started
/// at `seed`.
pub(crate) fn token(seed: u64, serial: u64) -> String {
    let mut rest = u128::from(mixed(seed ^ serial.rotate_left(32))) << 64
        | u128::from(mixed(seed.wrapping_add(serial)));
    let mut token = String::with_capacity(20);
    for _ in 0..20 {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        token.push(BASE62.get(digit).copied().map_or('0', char::from));
        rest /= 62;
    }
    token
}

/// The finaliser of SplitMix64: distinct numbers stay distinct.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The answer to `received`.
pub(crate) fn answer(received: &Received, routing: &Routing<'_>) -> Reply {
    match (received.method.as_str(), received.path.as_str()) {
        ("POST", openai::CHAT) => openai::chat(received, routing),
        ("GET", openai::MODELS) => openai::models(received, routing),
        ("POST", openai_responses::PATH) => openai_responses::create(received, routing),
        ("POST", openai_media::COMPLETIONS) => openai_media::completions(received, routing),
        ("POST", openai_media::EMBEDDINGS) => openai_media::embeddings(received, routing),
        ("POST", openai_media::IMAGES) => openai_media::images(received, routing),
        ("POST", openai_media::SPEECH) => openai_media::speech(received, routing),
        ("POST", openai_media::TRANSCRIPTIONS) => openai_media::transcriptions(received, routing),
        ("POST", ollama::CHAT) => ollama::chat(received, routing),
        ("POST", cohere::CHAT) => cohere::chat(received, routing),
        ("POST", anthropic::MESSAGES) => anthropic::messages(received, routing),
        ("POST", anthropic::COUNT_TOKENS) => anthropic::count_tokens(received, routing),
        ("POST", path) => by_target(path, received, routing),
        _ => nothing(received),
    }
}

/// APIs that name the model in the path.
fn by_target(path: &str, received: &Received, routing: &Routing<'_>) -> Reply {
    if let Some(target) = gemini::Target::of(path) {
        gemini::answer(received, &target, routing)
    } else if let Some(target) = bedrock::Target::of(path) {
        bedrock::answer(received, &target, routing)
    } else {
        nothing(received)
    }
}

fn nothing(received: &Received) -> Reply {
    let message = format!("nothing answers {} {} here", received.method, received.path);
    let body = json!({ "error": { "message": message } });
    Reply::json(Dialect::None, 404, &body)
}

/// A piece of a path without its percent signs.
pub(crate) fn unescaped(piece: &str) -> String {
    percent_encoding::percent_decode_str(piece)
        .decode_utf8_lossy()
        .into_owned()
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(received: &Received) -> Option<&str> {
    received.header("authorization")?.strip_prefix("Bearer ")
}

/// No key, or one that says `bad-key` somewhere, is refused.
pub(crate) fn is_refused(key: Option<&str>) -> bool {
    key.is_none_or(|key| key.contains("bad-key"))
}
