//! From a request to the dialect that answers it. No I/O.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::json;

use crate::answer::Call;
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::scenario::Scenario;
use crate::{anthropic, openai};

/// A request, received whole.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
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
        ("POST", anthropic::MESSAGES) => anthropic::messages(received, routing),
        ("POST", anthropic::COUNT_TOKENS) => anthropic::count_tokens(received, routing),
        (method, path) => {
            let message = format!("nothing answers {method} {path} here");
            Reply::json(
                Dialect::None,
                404,
                &json!({ "error": { "message": message } }),
            )
        }
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(received: &Received) -> Option<&str> {
    received.header("authorization")?.strip_prefix("Bearer ")
}

/// No key, or one that says `bad-key` somewhere, is refused.
pub(crate) fn is_refused(key: Option<&str>) -> bool {
    key.is_none_or(|key| key.contains("bad-key"))
}
