//! The APIs beside chat completions and messages, seen by curl: the text that is
//! on the wire is the text that the provider says it meant.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use oisp_testkit::{Dialect, Ending};
use serde_json::{Value, json};
use support::{call, curl_is_missing};

const PROMPT: &str = "Grüezi 🌤️ [[fragment=7]]";

/// Where a delta of a stream, or a whole answer, may have its text.
const TEXTS: [&str; 9] = [
    "/delta",
    "/choices/0/text",
    "/candidates/0/content/parts/0/text",
    "/message/content",
    "/message/content/0/text",
    "/delta/message/content/text",
    "/output/message/content/0/text",
    "/output/0/content/0/text",
    "/contentBlockDelta/delta/text",
];

/// The text of a value, wherever it stands; a piece that repeats the whole at
/// the end of a stream has none of these places.
fn text(value: &Value) -> Option<String> {
    let mut found = TEXTS
        .iter()
        .filter_map(|place| value.pointer(place)?.as_str());
    found.next().map(str::to_owned)
}

fn user() -> Value {
    json!([{ "role": "user", "content": PROMPT }])
}

/// Path, body, and the dialect that answers.
fn requests() -> Vec<(&'static str, Value, Dialect)> {
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": PROMPT }] }] });
    let blocks = json!({ "messages": [{ "role": "user", "content": [{ "text": PROMPT }] }] });
    vec![
        (
            "/v1/responses",
            json!({ "model": "gpt-4o", "input": PROMPT }),
            Dialect::Responses,
        ),
        (
            "/v1/responses",
            json!({ "model": "gpt-4o", "input": PROMPT, "stream": true }),
            Dialect::Responses,
        ),
        (
            "/v1/completions",
            json!({ "model": "m", "prompt": PROMPT }),
            Dialect::Completions,
        ),
        (
            "/v1/completions",
            json!({ "model": "m", "prompt": [PROMPT], "stream": true }),
            Dialect::Completions,
        ),
        (
            "/v1beta/models/gemini-2.5-flash:generateContent",
            contents.clone(),
            Dialect::Gemini,
        ),
        (
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            contents.clone(),
            Dialect::Gemini,
        ),
        (
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            contents,
            Dialect::Gemini,
        ),
        (
            "/api/chat",
            json!({ "model": "llama3.2", "messages": user() }),
            Dialect::Ollama,
        ),
        (
            "/api/chat",
            json!({ "model": "llama3.2", "messages": user(), "stream": false }),
            Dialect::Ollama,
        ),
        (
            "/model/amazon.nova-lite-v1%3A0/converse",
            blocks.clone(),
            Dialect::Bedrock,
        ),
        (
            "/model/amazon.nova-lite-v1%3A0/converse-stream",
            blocks,
            Dialect::Bedrock,
        ),
        (
            "/v2/chat",
            json!({ "model": "command-a", "messages": user() }),
            Dialect::Cohere,
        ),
        (
            "/v2/chat",
            json!({ "model": "command-a", "messages": user(), "stream": true }),
            Dialect::Cohere,
        ),
    ]
}

/// The JSON values of a body, however they are framed.
fn values(dialect: Dialect, body: &[u8]) -> Vec<Value> {
    if dialect == Dialect::Bedrock && body.first() == Some(&0) {
        return eventstream(body);
    }
    let text = std::str::from_utf8(body).unwrap();
    if let Ok(whole) = serde_json::from_str::<Value>(text) {
        return match whole {
            Value::Array(items) => items,
            one => vec![one],
        };
    }
    let lines = text
        .lines()
        .map(|line| line.strip_prefix("data: ").unwrap_or(line));
    let objects = lines.filter(|line| line.starts_with('{'));
    objects
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The payloads of the messages, each under the name of its event.
fn eventstream(mut body: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    while !body.is_empty() {
        let number = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap()) as usize;
        let (len, headers) = (number(0), number(4));
        let (message, rest) = body.split_at(len);
        let names = String::from_utf8_lossy(&message[12..12 + headers]).into_owned();
        let payload: Value = serde_json::from_slice(&message[12 + headers..len - 4]).unwrap();
        let kind = if names.contains("contentBlockDelta") {
            "contentBlockDelta"
        } else {
            "other"
        };
        values.push(json!({ kind: payload }));
        body = rest;
    }
    values
}

#[tokio::test]
async fn the_text_on_the_wire_is_the_one_that_was_meant() {
    if curl_is_missing() {
        return;
    }
    for (path, body, dialect) in requests() {
        let key = if dialect == Dialect::Gemini {
            ["-H", "x-goog-api-key: made-up"].as_slice()
        } else {
            &[]
        };
        let (output, exchange) = call(path, &body, key).await;
        assert_eq!(output.stdout, exchange.response_body, "{path}");
        assert_eq!(
            (exchange.dialect, exchange.status, exchange.ending),
            (dialect, 200, Ending::Whole),
            "{path}"
        );
        let meant = exchange.meant.unwrap();
        let said: String = values(dialect, &output.stdout)
            .iter()
            .filter_map(text)
            .collect();
        assert_eq!(said, meant.texts[0], "{path} {body}");
        assert!(said.contains("Grüezi"), "{said}");
        assert!(meant.usage.is_some() || body["stream"] == true, "{path}");
    }
}

#[tokio::test]
async fn vectors_pictures_and_sound_are_what_was_asked_for() {
    if curl_is_missing() {
        return;
    }
    let asked =
        json!({ "model": "text-embedding-3-small", "input": [PROMPT, "b"], "dimensions": 5 });
    let (output, _) = call("/v1/embeddings", &asked, &[]).await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let vectors = answer["data"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    assert!(
        vectors
            .iter()
            .all(|vector| vector["embedding"].as_array().unwrap().len() == 5)
    );
    assert_ne!(vectors[0]["embedding"], vectors[1]["embedding"]);

    let (output, _) = call(
        "/v1/images/generations",
        &json!({ "model": "gpt-image-1", "prompt": PROMPT, "n": 2 }),
        &[],
    )
    .await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let pictures = answer["data"].as_array().unwrap();
    assert!(pictures.iter().all(|picture| {
        picture["b64_json"]
            .as_str()
            .unwrap()
            .starts_with("iVBORw0KGgo")
    }));
    assert_ne!(pictures[0], pictures[1]);

    let (output, exchange) = call(
        "/v1/audio/speech",
        &json!({ "model": "tts-1", "input": PROMPT, "voice": "alloy" }),
        &[],
    )
    .await;
    assert_eq!(exchange.response_header("content-type"), Some("audio/mpeg"));
    assert!(output.stdout.starts_with(b"ID3") && output.stdout.len() > 100);
    assert!(std::str::from_utf8(&output.stdout).is_err(), "no text");
}

#[tokio::test]
async fn each_api_refuses_in_its_own_words() {
    if curl_is_missing() {
        return;
    }
    let all = requests();
    for (path, mut body, dialect) in all {
        let words = body.to_string().replace("fragment=7", "error=429");
        body = serde_json::from_str(&words).unwrap();
        let key = if dialect == Dialect::Gemini {
            ["-H", "x-goog-api-key: made-up"].as_slice()
        } else {
            &[]
        };
        let (output, exchange) = call(path, &body, key).await;
        assert_eq!(exchange.status, 429, "{path}");
        let message = exchange.meant.unwrap().error.unwrap().message;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = [
            &answer["error"]["message"],
            &answer["error"],
            &answer["message"],
        ];
        assert!(
            told.iter()
                .any(|told| told.as_str() == Some(message.as_str())),
            "{path}: {answer}"
        );
    }
}
