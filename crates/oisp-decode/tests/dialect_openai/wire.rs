//! What these tests share: calls of OpenAI's API, its streams and forms.

use serde_json::{Value, json};

use crate::support::*;

pub fn call(request: Vec<u8>, response: Vec<u8>) -> Vec<Value> {
    events(&[Out(request), In(response), Close])
}

/// The answer to some question.
pub fn answered_chat(body: &Value) -> Value {
    let events = call(chat_request(ASK), json_response(&body.to_string()));
    one(&events, "ai.response").clone()
}

pub fn parts(response: &Value) -> &Value {
    &response["ext"]["oisp"]["output_messages"][0]["parts"]
}

pub fn call_to(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post("api.openai.com", path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

pub fn answered_responses(response: Vec<u8>) -> Value {
    let events = call_to(
        "/v1/responses",
        &json!({"model": "m", "input": "hi"}),
        response,
    );
    one(&events, "ai.response").clone()
}

pub fn named_stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}", event["type"].as_str().unwrap()))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn text_of(response: &Value) -> &Value {
    &response["data"]["choices"][0]["message"]["content"]
}

/// A POST of a form: name, further parameters and fields of the head, content.
pub fn form(host: &str, path: &str, parts: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (name, more, content) in parts {
        body.push_str(&format!(
            "--made-up\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--made-up--\r\n");
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=made-up\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("data: {event}"))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The events, which are the same byte by byte.
pub fn both_ways(request: &[u8], response: &[u8]) -> Vec<Value> {
    let whole = events(&[Out(request.to_vec()), In(response.to_vec()), Close]);
    let out = request.iter().map(|byte| Out(vec![*byte]));
    let bytes = out.chain(response.iter().map(|byte| In(vec![*byte])));
    let split = events(&bytes.chain([Close]).collect::<Vec<_>>());
    assert_eq!(whole.len(), split.len());
    for (one, other) in whole.iter().zip(&split) {
        assert_eq!(one["ext"], other["ext"]);
        assert_eq!(one["data"]["choices"], other["data"]["choices"]);
        assert_eq!(one["data"]["messages"], other["data"]["messages"]);
    }
    whole
}

pub fn output(events: &[Value]) -> &Value {
    &one(events, "ai.response")["ext"]["oisp"]["output_parts"]
}

pub fn events_stream(events: &[(&str, Value)]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|(name, event)| match *name {
            "" => format!("data: {event}"),
            name => format!("event: {name}\ndata: {event}"),
        })
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

pub fn contents(request: &Value) -> Vec<Option<&str>> {
    let messages = request["data"]["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"].as_str())
        .collect()
}
