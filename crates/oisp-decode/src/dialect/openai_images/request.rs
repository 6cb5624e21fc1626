//! `POST /v1/images/{generations,edits,variations}`: the request, as JSON or as
//! a form with the pictures.

use serde_json::{Map, Value};

use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;
use crate::http::RequestHead;

const COPIED: [(&str, &str); 6] = [
    ("seed", "gen_ai.request.seed"),
    ("size", "oisp.request.image.size"),
    ("quality", "oisp.request.image.quality"),
    ("background", "oisp.request.image.background"),
    ("output_format", "oisp.request.image.format"),
    ("user", "enduser.id"),
];

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    openai::typed(&mut body, &["n", "stream", "seed"]);
    let mut builder = MessageBuilder::default();
    if let Some(prompt) = body.take_text("prompt") {
        builder.text(prompt);
    }
    for key in ["image", "images", "mask", "markup"] {
        add_pictures(body.remove(key), &mut builder);
    }
    Call {
        model: openai::deployment(head).or_else(|| body.take_text("model")),
        streaming: openai::streaming(&body),
        messages: vec![builder.build("user")],
        attrs: attrs(&body),
        ..Call::default()
    }
}

/// Files of a form, or in JSON what refers to pictures.
fn add_pictures(value: Option<Value>, builder: &mut MessageBuilder) {
    match value {
        Some(Value::Array(items)) => items
            .into_iter()
            .for_each(|item| add_pictures(Some(item), builder)),
        Some(Value::String(source)) => builder.image(openai::source("image", None, &source)),
        Some(value @ Value::Object(_)) => match openai::form_file("image", &value) {
            Some(part) => builder.image(part),
            None => {
                let mut picture = object(value);
                picture.insert("type".into(), "image_url".into());
                openai::content(Some(Value::Object(picture)), builder);
            }
        },
        _ => {}
    }
}

fn attrs(body: &Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    openai::choice_count(body, &mut attrs);
    openai::copy(body, &mut attrs, &COPIED);
    attrs.insert("gen_ai.output.type".into(), "image".into());
    attrs
}
