//! `POST /v1/embeddings`: vectors of texts, as numbers or in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::texts;
use crate::answer::{Call, Meant, Usage};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::turns::{Speaker, Turn, field, model};
use crate::vectors::vector;

const USUAL_DIMENSIONS: usize = 1536;
const MAX_DIMENSIONS: usize = 4096;

/// What is to be made of the texts.
pub(super) struct Wanted {
    texts: Vec<String>,
    dimensions: usize,
    base64: bool,
}

pub(super) fn read(body: &Value) -> Result<(Call, Wanted), String> {
    let texts = texts(body.get("input"));
    let turns: Vec<Turn> = texts
        .iter()
        .map(|text| Turn::new(Speaker::User, text.clone()))
        .collect();
    let call = Call::of_turns(model(body)?, &turns, false)?;
    let asked = body.get("dimensions").and_then(Value::as_u64);
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    let dimensions = asked.unwrap_or(USUAL_DIMENSIONS).clamp(1, MAX_DIMENSIONS);
    let base64 = field(body, "encoding_format") == Some("base64");
    Ok((
        call,
        Wanted {
            texts,
            dimensions,
            base64,
        },
    ))
}

pub(super) fn write(call: &Call, meant: Meant, wanted: &Wanted) -> Reply {
    let data: Vec<Value> = wanted
        .texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text, wanted.dimensions);
            let embedding = if wanted.base64 {
                in_base64(&vector)
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let input = meant.usage.unwrap_or_default().input;
    let body = json!({
        "object": "list", "data": data, "model": call.plain_model(),
        "usage": { "prompt_tokens": input, "total_tokens": input },
    });
    let usage = Some(Usage {
        input,
        ..Usage::default()
    });
    let meant = Meant {
        model: call.plain_model().to_owned(),
        usage,
        ..Meant::default()
    };
    Reply::json(Dialect::Embeddings, 200, &body).meaning(meant)
}

fn in_base64(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    STANDARD.encode(bytes).into()
}
