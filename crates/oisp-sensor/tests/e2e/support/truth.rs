//! What the sensor must tell of a call, worked out from the provider's log
//! alone, and the comparison with what it told.

mod answered;
mod asked;

use std::collections::BTreeMap;

use oisp_testkit::{Dialect, Exchange};
use serde_json::{Value, json};

use super::clients::Ran;
use super::events::Events;

/// Checks all calls of one client: each was told once, and none beside.
pub fn check_client(events: &Events, ran: &Ran, exchanges: &[Exchange]) {
    let events = events.of_pid(ran.pid);
    let of = |kind: &str| by_request_id(&events.of_type(kind), &ran.label);
    let (requests, mut responses) = (of("ai.request"), of("ai.response"));
    let mut left: Vec<&Value> = requests.values().collect();
    for exchange in exchanges {
        let wanted = asked::of(exchange);
        let at = left.iter().position(|event| told_request(event) == wanted);
        let Some(at) = at else {
            panic!(
                "{}: no such ai.request:\n{}\namong {}",
                ran.label,
                short(&wanted),
                told(&left)
            );
        };
        let request = left.swap_remove(at);
        let id = request["data"]["request_id"].as_str().unwrap();
        let Some(response) = responses.remove(id) else {
            panic!("{}: no answer to {}", ran.label, short(&wanted));
        };
        check_pair(request, &response, exchange, &ran.label);
        check_process(request, ran);
        check_process(&response, ran);
        check_tool_calls(&events, &response, exchange);
        check_tool_results(&events, request, exchange);
        check_embedding(&events, &response, exchange);
    }
    assert!(
        left.is_empty(),
        "{}: calls nobody made: {}",
        ran.label,
        told(&left)
    );
    assert!(responses.is_empty(), "{}: answers to nothing", ran.label);
}

fn by_request_id(events: &Events, label: &str) -> BTreeMap<String, Value> {
    let id = |event: &Value| event["data"]["request_id"].as_str().unwrap().to_owned();
    let found: BTreeMap<_, _> = events
        .0
        .iter()
        .map(|event| (id(event), event.clone()))
        .collect();
    assert_eq!(found.len(), events.0.len(), "{label}: a call is told twice");
    found
}

fn told(events: &[&Value]) -> String {
    events
        .iter()
        .map(|event| {
            let confidence = &event["confidence"];
            format!("\n{} {confidence}", short(&told_request(event)))
        })
        .collect()
}

/// Megabytes are of no use in a message.
fn short(value: &Value) -> String {
    value.to_string().chars().take(1_000).collect()
}

fn told_request(event: &Value) -> Value {
    let data = &event["data"];
    let messages = data["messages"].as_array().into_iter().flatten();
    let messages: Vec<_> = messages
        .map(|message| {
            let content = message["content"].as_str().unwrap_or_default();
            json!({"role": message["role"], "content": content, "tool_call_id": message["tool_call_id"]})
        })
        .collect();
    let tools = data["tools"].as_array().into_iter().flatten();
    json!({
        "provider": data["provider"]["name"],
        "endpoint": data["provider"]["endpoint"],
        "model": data["model"]["id"],
        "type": data["request_type"],
        "streaming": data["streaming"].as_bool().unwrap_or_default(),
        "messages": messages,
        "tools": tools.map(|tool| tool["name"].clone()).collect::<Vec<_>>(),
        "user_agent": event["attrs"]["user_agent.original"],
        "auth": data["auth"]["type"],
        "side": event["attrs"]["oisp.side"],
        "completeness": event["confidence"]["completeness"],
    })
}

/// The answer that the sensor told, against the one that the provider meant.
fn check_pair(request: &Value, response: &Value, exchange: &Exchange, label: &str) {
    assert_eq!(told_response(response), answered::of(exchange), "{label}");
    let related = json!([{"event_id": request["event_id"], "relationship": "parent"}]);
    assert_eq!(response["related_events"], related, "{label}");
    let conversation = |event: &Value| event["data"]["conversation_id"].clone();
    assert_eq!(conversation(response), conversation(request), "{label}");
    assert!(
        response["data"]["latency_ms"].is_u64(),
        "{label}: {response}"
    );
    assert!(request["ts"].as_str() <= response["ts"].as_str(), "{label}");
    let texts = exchange.meant.as_ref().unwrap().texts.concat();
    if exchange.meant.as_ref().unwrap().streamed && !texts.is_empty() {
        let first = response["data"]["time_to_first_token_ms"].as_u64();
        assert!(
            first <= response["data"]["latency_ms"].as_u64() && first.is_some(),
            "{label}: {response}"
        );
    }
}

fn told_response(event: &Value) -> Value {
    let data = &event["data"];
    let choices = data["choices"].as_array().into_iter().flatten();
    let texts = choices.map(|choice| {
        choice["message"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    });
    let calls = data["tool_calls"].as_array().into_iter().flatten();
    let calls =
        calls.map(|call| json!([call["id"], call["name"], call["type"], call["arguments"]]));
    json!({
        "status": data["status_code"],
        "success": data["success"],
        "model": data["model"]["id"],
        "texts": texts.collect::<Vec<_>>(),
        "tool_calls": calls.collect::<Vec<_>>(),
        "usage": [data["usage"]["prompt_tokens"], data["usage"]["completion_tokens"]],
        "finish": data["finish_reason"],
        "finish_raw": event["attrs"]["gen_ai.response.finish_reasons"][0],
        "error": data["error"]["message"],
        "streamed": event["attrs"]["oisp.streamed"],
        "completeness": event["confidence"]["completeness"],
    })
}

/// An `agent.tool_call` for each call of a tool, caused by the answer.
fn check_tool_calls(events: &Events, response: &Value, exchange: &Exchange) {
    let caused = json!([{"event_id": response["event_id"], "relationship": "caused_by"}]);
    let calls = events.of_type("agent.tool_call").0;
    let told: Vec<_> = calls
        .iter()
        .filter(|call| call["related_events"] == caused)
        .map(|call| {
            json!([
                call["data"]["call_id"],
                call["data"]["tool"]["name"],
                call["data"]["arguments"]
            ])
        })
        .collect();
    let meant = exchange
        .meant
        .as_ref()
        .unwrap()
        .tool_calls
        .iter()
        .map(|call| {
            let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
            json!([call.id, call.name, arguments])
        });
    assert_eq!(told, meant.collect::<Vec<_>>());
}

/// An `agent.tool_result` for each result that a request brings, tied to it. What
/// stands before the user's last words was brought by an earlier one.
fn check_tool_results(events: &Events, request: &Value, exchange: &Exchange) {
    let brought = json!({"event_id": request["event_id"], "relationship": "parent"});
    let results = events.of_type("agent.tool_result").0;
    let told = results.iter().filter(|result| {
        let related = result["related_events"].as_array().unwrap();
        related.contains(&brought)
    });
    let told: Vec<_> = told.map(|result| &result["data"]["result"]).collect();
    let asked = asked::of(exchange);
    let messages = asked["messages"].as_array().unwrap();
    let new = messages.rsplit(|message| message["role"] == "user").next();
    let brought: Vec<_> = new
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| &message["content"])
        .collect();
    assert_eq!(told, brought, "{}", short(request));
}

/// An `ai.embedding` for each answer that brings vectors, and for no other.
fn check_embedding(events: &Events, response: &Value, exchange: &Exchange) {
    let caused = json!([{"event_id": response["event_id"], "relationship": "caused_by"}]);
    let embeddings = events.of_type("ai.embedding").0;
    let told = embeddings
        .iter()
        .filter(|event| event["related_events"] == caused)
        .map(|event| {
            let data = &event["data"];
            json!([
                data["model"]["id"],
                data["input_count"],
                data["dimensions"],
                data["total_tokens"]
            ])
        });
    let is_embedding = matches!(
        exchange.dialect,
        Dialect::Embeddings | Dialect::GeminiEmbedding
    );
    let is_meant = is_embedding && exchange.status < 400;
    let meant = is_meant.then(|| answered::embedding(exchange));
    assert_eq!(told.collect::<Vec<_>>(), Vec::from_iter(meant));
}

/// The process is the client itself, as this test started it.
fn check_process(event: &Value, ran: &Ran) {
    let process = &event["process"];
    assert_eq!(process["exe"], ran.exe.to_str().unwrap(), "{}", ran.label);
    assert_eq!(process["ppid"], std::process::id(), "{}", ran.label);
    assert_eq!(
        process["parent"]["pid"],
        std::process::id(),
        "{}",
        ran.label
    );
    let cmdline = process["cmdline"].as_str().unwrap();
    assert_eq!(cmdline, command_line(&ran.args), "{}", ran.label);
    assert_eq!(event["actor"]["uid"], 0, "{}", ran.label);
}

/// As a shell would want it.
fn command_line(args: &[String]) -> String {
    let quoted = |arg: &String| {
        let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
        if !arg.is_empty() && arg.chars().all(plain) {
            arg.clone()
        } else {
            format!("'{arg}'")
        }
    };
    args.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
