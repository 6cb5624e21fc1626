//! `POST /v1/images/*`: the answer: pictures by length and hash or by URL, and
//! the prompts that were made of the one that was given.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, error_of};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    head(&mut answer, &mut body);
    let format = body.take_text("output_format");
    answer.is_answer = body.get("data").is_some_and(Value::is_array);
    for image in body.take_items("data") {
        add_picture(&mut answer, object(image), format.as_deref());
    }
    answer
}

/// What the answer, or the last event of a stream, says beside the picture.
pub(super) fn head(answer: &mut Answer, body: &mut Map<String, Value>) {
    answer.id = body.take_text("id").or(answer.id.take());
    answer.model = body.take_text("model").or(answer.model.take());
    let usage = body.take_object("usage");
    openai::add_usage(answer, usage, "input_tokens", "output_tokens");
    let names = [
        ("size", "oisp.response.image.size"),
        ("quality", "oisp.response.image.quality"),
    ];
    openai::copy(body, &mut answer.attrs, &names);
}

/// Adds a picture.
pub(super) fn add_picture(
    answer: &mut Answer,
    mut image: Map<String, Value>,
    format: Option<&str>,
) {
    answer.is_answer = true;
    answer.parts.extend(openai::picture(&mut image, format));
    if let Some(prompt) = image.take_text("revised_prompt") {
        answer
            .parts
            .push(json!({"type": "text", "content": prompt}));
    }
}
