//! Vectors of contents. The answer counts no tokens.

use serde_json::{Value, json};

use crate::answer::{Call, Meant};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::Received;
use crate::turns::{Speaker, Turn, items, text};
use crate::vectors::vector;

const USUAL_DIMENSIONS: usize = 768;
const MAX_DIMENSIONS: u64 = 4096;

/// The call that a body asks for: one content, or a list of requests.
pub(super) fn read(body: &Value, model: &str) -> Result<Call, String> {
    let turns: Vec<Turn> = requests(body)
        .map(|request| Turn::new(Speaker::User, content(request)))
        .collect();
    Call::of_turns(model, &turns, false)
}

fn requests(body: &Value) -> impl Iterator<Item = &Value> {
    let one = body.get("content").map(|_| body);
    one.into_iter().chain(items(body, "requests"))
}

fn content(request: &Value) -> String {
    text(
        request
            .get("content")
            .and_then(|content| content.get("parts")),
    )
}

pub(super) fn one(call: &Call) -> Reply {
    answer(
        call,
        &json!({ "embedding": { "values": vector(&call.prompt, USUAL_DIMENSIONS) } }),
    )
}

pub(super) fn many(call: &Call, received: &Received) -> Reply {
    let body = received.json().unwrap_or_default();
    let vectors: Vec<Value> = requests(&body)
        .map(|request| json!({ "values": vector(&content(request), dimensions(request)) }))
        .collect();
    answer(call, &json!({ "embeddings": vectors }))
}

fn dimensions(request: &Value) -> usize {
    let asked = request.get("outputDimensionality").and_then(Value::as_u64);
    let asked = asked.map(|asked| asked.clamp(1, MAX_DIMENSIONS));
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .unwrap_or(USUAL_DIMENSIONS)
}

fn answer(call: &Call, body: &Value) -> Reply {
    let meant = Meant {
        model: call.model.clone(),
        ..Meant::default()
    };
    Reply::json(Dialect::GeminiEmbedding, 200, body).meaning(meant)
}
