//! `POST /v1/ocr`: a document in, its pages as text out.

use serde_json::{Map, Value, json};

use crate::dialect::answer::{Answer, error_of};
use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::parts;
use crate::http::RequestHead;

pub(super) fn call(_head: &RequestHead, body: Value) -> Call {
    let mut body = object(body);
    let mut builder = MessageBuilder::default();
    let document = body.take_object("document").unwrap_or_default();
    add_document(document, &mut builder);
    Call {
        model: body.take_text("model"),
        streaming: Some(false),
        messages: vec![builder.build("user")],
        ..Call::default()
    }
}

fn add_document(mut document: Map<String, Value>, builder: &mut MessageBuilder) {
    let url = |value: Option<Value>| match value {
        Some(Value::String(url)) => Some(url),
        Some(Value::Object(mut object)) => object.take_text("url"),
        _ => None,
    };
    if let Some(url) = url(document.remove("document_url")) {
        builder.part(parts::uri("document", &url));
    } else if let Some(url) = url(document.remove("image_url")) {
        builder.image(parts::uri("image", &url));
    } else if let Some(file) = document.take_text("file_id") {
        builder.part(parts::file(&file));
    } else {
        builder.part(parts::generic("document"));
    }
}

pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    answer.model = body.take_text("model");
    answer.is_answer = body.contains_key("pages");
    for page in body.take_items("pages") {
        answer.parts.push(page_part(object(page)));
    }
    if let Some(annotation) = body.take_text("document_annotation") {
        answer
            .parts
            .push(json!({"type": "annotation", "content": annotation}));
    }
    let pages = body.number_in("usage_info", "pages_processed");
    if let Some(pages) = pages {
        answer.attrs.insert("oisp.usage.pages".into(), pages.into());
    }
    answer
}

fn page_part(mut page: Map<String, Value>) -> Value {
    let text = page.take_text("markdown").unwrap_or_default();
    let images = page.take_items("images").len();
    json!({"type": "page", "index": page.number("index"), "content": text, "images": images})
}
