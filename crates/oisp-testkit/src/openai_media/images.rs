//! `POST /v1/images/generations`: pictures of one pixel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

use crate::answer::{Call, Meant, Usage, fingerprint};
use crate::exchange::Dialect;
use crate::reply::Reply;
use crate::route::Routing;
use crate::turns::{Speaker, Turn, field, model};

/// Output tokens of a picture.
const TOKENS: u64 = 272;

pub(super) fn read(body: &Value) -> Result<(Call, ()), String> {
    let prompt = field(body, "prompt").unwrap_or_default().to_owned();
    let mut call = Call::of_turns(model(body)?, &[Turn::new(Speaker::User, prompt)], false)?;
    let count = body
        .get("n")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        .clamp(1, 10);
    call.choices = usize::try_from(count).unwrap_or(1);
    Ok((call, ()))
}

pub(super) fn write(call: &Call, meant: Meant, routing: &Routing<'_>) -> Reply {
    let pictures: Vec<Value> = (0..call.choices)
        .map(|nth| json!({ "b64_json": STANDARD.encode(png(fingerprint(format!("{} {nth}", call.prompt).as_bytes()))) }))
        .collect();
    let input = meant.usage.unwrap_or_default().input;
    let output = TOKENS * u64::try_from(call.choices).unwrap_or(1);
    let body = json!({
        "created": routing.now_secs, "background": "opaque", "output_format": "png", "quality": "low",
        "size": "1024x1024", "data": pictures,
        "usage": {
            "input_tokens": input, "output_tokens": output, "total_tokens": input + output,
            "input_tokens_details": { "text_tokens": input, "image_tokens": 0 },
        },
    });
    let usage = Some(Usage {
        input,
        output,
        ..Usage::default()
    });
    let meant = Meant {
        model: call.model.clone(),
        usage,
        ..Meant::default()
    };
    Reply::json(Dialect::Images, 200, &body).meaning(meant)
}

/// A PNG of one pixel in a colour of its own.
fn png(colour: u64) -> Vec<u8> {
    let [red, green, blue, ..] = colour.to_be_bytes();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to a Vec cannot fail. The first byte: no filter.
    let _ = encoder.write_all(&[0, red, green, blue]);
    let pixels = encoder.finish().unwrap_or_default();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
    chunk(&mut png, b"IDAT", &pixels);
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let len = u32::try_from(data.len()).unwrap_or_default();
    png.extend_from_slice(&len.to_be_bytes());
    let body = [kind, data].concat();
    png.extend_from_slice(&body);
    png.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
}
