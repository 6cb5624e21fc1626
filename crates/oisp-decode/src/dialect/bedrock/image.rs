//! Pictures, as Titan, Nova Canvas and Stability's models are asked for them and
//! give them.

use serde_json::{Map, Value};

use crate::dialect::answer::{Answer, error_of};
use crate::dialect::call::{Call, MessageBuilder};
use crate::dialect::json::{Fields, object};
use crate::dialect::{parts, prompt};

/// Objects of which each kind of task has one.
const TASKS: [&str; 7] = [
    "textToImageParams",
    "inPaintingParams",
    "outPaintingParams",
    "imageVariationParams",
    "colorGuidedGenerationParams",
    "backgroundRemovalParams",
    "virtualTryOnParams",
];

/// Reads a request.
pub(super) fn call(body: Value) -> Call {
    let mut body = object(body);
    let mut builder = MessageBuilder::default();
    for text in body.take_items("text_prompts") {
        builder.text(object(text).take_text("text").unwrap_or_default());
    }
    let task = TASKS.into_iter().find_map(|task| body.take_object(task));
    add(&mut body, &mut builder);
    if let Some(mut task) = task {
        add(&mut task, &mut builder);
    }
    let settings = body
        .take_object("imageGenerationConfig")
        .unwrap_or_default();
    let mut attrs = prompt::attrs(&body);
    attrs.extend(prompt::attrs(&settings));
    Call {
        messages: vec![builder.build("user")],
        attrs,
        ..Call::default()
    }
}

fn add(fields: &mut Map<String, Value>, builder: &mut MessageBuilder) {
    for name in ["prompt", "text"] {
        if let Some(text) = fields.take_text(name) {
            builder.text(text);
        }
    }
    let single = [
        "image",
        "init_image",
        "sourceImage",
        "referenceImage",
        "maskImage",
        "mask",
        "conditionImage",
    ];
    for name in single {
        if let Some(image) = fields.take_text(name) {
            builder.image(parts::blob("image", None, &image));
        }
    }
    for image in fields.take_items("images") {
        if let Value::String(image) = image {
            builder.image(parts::blob("image", None, &image));
        }
    }
}

/// True where a body holds pictures.
pub(super) fn is_answer(body: &Value) -> bool {
    ["images", "artifacts"]
        .into_iter()
        .any(|name| body.get(name).is_some_and(Value::is_array))
}

/// Reads an answer.
pub(super) fn answer(body: Value) -> Answer {
    let mut answer = Answer {
        error: error_of(&body),
        ..Answer::default()
    };
    let mut body = object(body);
    for image in body.take_items("images") {
        if let Value::String(image) = image {
            answer.parts.push(parts::blob("image", None, &image));
        }
    }
    for artifact in body.take_items("artifacts") {
        let image = object(artifact).take_text("base64");
        answer
            .parts
            .extend(image.map(|image| parts::blob("image", None, &image)));
    }
    let reasons = body.take_items("finish_reasons");
    let reasons: Vec<_> = reasons
        .into_iter()
        .filter(|reason| !reason.is_null())
        .collect();
    if !reasons.is_empty() {
        let name = "gen_ai.response.finish_reasons";
        answer.attrs.insert(name.into(), reasons.into());
    }
    answer.is_answer = answer.error.is_none();
    answer
}
