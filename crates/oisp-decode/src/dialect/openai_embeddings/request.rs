//! `POST /v1/embeddings`: the request.

use serde_json::{Map, Value};

use crate::dialect::call::Call;
use crate::dialect::json::{Fields, object};
use crate::dialect::openai;
use crate::http::RequestHead;

const COPIED: [(&str, &str); 5] = [
    ("dimensions", "gen_ai.embeddings.dimension.count"),
    ("output_dimension", "gen_ai.embeddings.dimension.count"),
    ("input_type", "oisp.request.input_type"),
    ("task", "oisp.request.input_type"),
    ("user", "enduser.id"),
];

pub(super) fn call(head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    Call {
        model: openai::deployment(head).or_else(|| body.take_text("model")),
        messages: openai::inputs(body.remove("input")),
        attrs: attrs(&mut body),
        ..Call::default()
    }
}

fn attrs(body: &mut Map<String, Value>) -> Map<String, Value> {
    let mut attrs = Map::new();
    openai::copy(body, &mut attrs, &COPIED);
    if let Some(format) = body.take_text("encoding_format") {
        let formats = vec![Value::from(format)];
        attrs.insert("gen_ai.request.encoding_formats".into(), formats.into());
    }
    attrs
}
