//! What `ai.request` must say, worked out from the bytes of a request.

use oisp_testkit::{Dialect, Exchange};
use serde_json::{Value, json};

/// A request as it was meant.
struct Asked {
    provider: &'static str,
    kind: &'static str,
    streaming: bool,
    messages: Vec<Value>,
    tools: Vec<Value>,
}

/// What the event must say.
pub fn of(exchange: &Exchange) -> Value {
    let body = body(exchange);
    let asked = read(exchange, &body);
    json!({
        "provider": asked.provider,
        "endpoint": format!("https://{}{}", exchange.host, path(exchange)),
        "model": model(exchange),
        "type": asked.kind,
        "streaming": asked.streaming,
        "messages": asked.messages,
        "tools": asked.tools,
        "user_agent": exchange.request_header("user-agent"),
        "auth": auth(exchange),
        "side": "client",
        "completeness": "full",
    })
}

/// The model that was asked for: most APIs name it in the body, some in the path.
pub fn model(exchange: &Exchange) -> String {
    let named = match exchange.dialect {
        Dialect::Gemini | Dialect::GeminiEmbedding => path(exchange).split("/models/").nth(1),
        Dialect::Bedrock => path(exchange).split("/model/").nth(1),
        Dialect::Transcription => return form_field(exchange, "model"),
        _ => return body(exchange)["model"].as_str().unwrap().to_owned(),
    };
    let named = named.unwrap();
    let end = if exchange.dialect == Dialect::Bedrock {
        '/'
    } else {
        ':'
    };
    let (model, _) = named.rsplit_once(end).unwrap();
    model
        .replace("%3A", ":")
        .replace("%2B", "+")
        .replace("%3D", "=")
}

fn body(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.request_body).unwrap_or_default()
}

fn path(exchange: &Exchange) -> &str {
    exchange.target.split('?').next().unwrap()
}

fn auth(exchange: &Exchange) -> Value {
    match exchange.dialect {
        Dialect::Ollama => "none".into(),
        // Requests to AWS are signed.
        Dialect::Bedrock => "service_account".into(),
        _ => "api_key".into(),
    }
}

fn read(exchange: &Exchange, body: &Value) -> Asked {
    let streaming = body["stream"].as_bool().unwrap_or_default();
    let chat = |provider, messages| Asked {
        provider,
        kind: "chat",
        streaming,
        messages,
        tools: tools(body),
    };
    match exchange.dialect {
        Dialect::Anthropic => chat("anthropic", anthropic_messages(body)),
        Dialect::Responses => Asked {
            // A session over a WebSocket streams whatever it answers.
            streaming: streaming || exchange.status == 101,
            ..chat("openai", responses_messages(body))
        },
        Dialect::Gemini => Asked {
            streaming: path(exchange).ends_with(":streamGenerateContent"),
            ..chat("google", gemini_messages(body))
        },
        Dialect::Bedrock => Asked {
            streaming: path(exchange).ends_with("-stream"),
            ..chat("aws_bedrock", bedrock_messages(body))
        },
        Dialect::Ollama => chat("ollama", plain_messages(body)),
        Dialect::Cohere => chat("cohere", plain_messages(body)),
        Dialect::OpenAi => chat("openai", plain_messages(body)),
        other => beside_conversations(other, exchange, body),
    }
}

fn beside_conversations(dialect: Dialect, exchange: &Exchange, body: &Value) -> Asked {
    let (provider, kind, prompts) = match dialect {
        Dialect::Completions => ("openai", "completion", texts(&body["prompt"])),
        Dialect::Embeddings => ("openai", "embedding", texts(&body["input"])),
        Dialect::GeminiEmbedding => {
            let requests = body["requests"].as_array().unwrap().iter();
            let content = |request: &Value| text(&request["content"]["parts"]);
            ("google", "embedding", requests.map(content).collect())
        }
        Dialect::Images => ("openai", "image", texts(&body["prompt"])),
        Dialect::Speech => ("openai", "audio", texts(&body["input"])),
        Dialect::Transcription => ("openai", "audio", vec![form_field(exchange, "prompt")]),
        other => panic!("no AI call: {other:?}"),
    };
    let streaming = match dialect {
        Dialect::Transcription => exchange.meant.as_ref().unwrap().streamed,
        _ => body["stream"].as_bool().unwrap_or_default(),
    };
    let user = Value::from("user");
    Asked {
        provider,
        kind,
        streaming,
        messages: prompts
            .iter()
            .map(|prompt| message(&user, prompt, None))
            .collect(),
        tools: Vec::new(),
    }
}

/// The names of the tools, wherever a dialect puts them.
fn tools(body: &Value) -> Vec<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut declared = list(&body["tools"]);
    declared.extend(list(&body["toolConfig"]["tools"]));
    let functions = |tool: &Value| match tool.get("functionDeclarations") {
        Some(functions) => list(functions),
        None => vec![tool.clone()],
    };
    let name = |tool: &Value| {
        let holders = [&tool["function"], &tool["toolSpec"], tool];
        holders
            .iter()
            .find_map(|holder| holder.get("name"))
            .unwrap()
            .clone()
    };
    declared
        .iter()
        .flat_map(functions)
        .map(|tool| name(&tool))
        .collect()
}

fn message(role: &Value, content: &str, tool_call_id: Option<&Value>) -> Value {
    json!({"role": role, "content": content, "tool_call_id": tool_call_id})
}

/// The text parts of a content, joined by a newline.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn texts(input: &Value) -> Vec<String> {
    match input {
        Value::Array(texts) => texts.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// The value of a form's field, as text.
fn form_field(exchange: &Exchange, name: &str) -> String {
    let body = String::from_utf8_lossy(&exchange.request_body).into_owned();
    let (_, rest) = body
        .split_once(&format!("name=\"{name}\"\r\n\r\n"))
        .unwrap();
    rest.split("\r\n--").next().unwrap().to_owned()
}

/// Messages that have a role and a content, tool results too.
fn plain_messages(body: &Value) -> Vec<Value> {
    let messages = body["messages"].as_array().unwrap().iter();
    messages
        .map(|spoken| {
            message(
                &spoken["role"],
                &text(&spoken["content"]),
                spoken.get("tool_call_id"),
            )
        })
        .collect()
}

fn system(prompt: &Value) -> Option<Value> {
    (!prompt.is_null()).then(|| message(&"system".into(), &text(prompt), None))
}

/// The system prompt comes first, and each tool result is a message.
fn anthropic_messages(body: &Value) -> Vec<Value> {
    let mut messages = Vec::from_iter(system(&body["system"]));
    for spoken in body["messages"].as_array().unwrap() {
        let parts = spoken["content"].as_array().into_iter().flatten();
        let results: Vec<_> = parts.filter(|part| part["type"] == "tool_result").collect();
        for result in &results {
            let id = Some(&result["tool_use_id"]);
            messages.push(message(&"tool".into(), &text(&result["content"]), id));
        }
        if results.is_empty() {
            messages.push(message(&spoken["role"], &text(&spoken["content"]), None));
        }
    }
    messages
}

/// Each item of the input is a message: what the model asked for is the model's.
fn responses_messages(body: &Value) -> Vec<Value> {
    let mut messages = Vec::from_iter(system(&body["instructions"]));
    for item in body["input"].as_array().unwrap() {
        messages.push(match item["type"].as_str() {
            Some("function_call") => message(&"assistant".into(), "", None),
            Some("function_call_output") => message(
                &"tool".into(),
                &text(&item["output"]),
                Some(&item["call_id"]),
            ),
            _ => message(&item["role"], &text(&item["content"]), None),
        });
    }
    messages
}

/// A result of a tool is an object: it stands there as its JSON.
fn gemini_messages(body: &Value) -> Vec<Value> {
    let mut messages = Vec::from_iter(system(&body["systemInstruction"]["parts"]));
    for content in body["contents"].as_array().unwrap() {
        let parts = content["parts"].as_array().unwrap().iter();
        let results: Vec<_> = parts
            .filter_map(|part| part.get("functionResponse"))
            .collect();
        for result in &results {
            let content = result["response"].to_string();
            messages.push(message(&"tool".into(), &content, result.get("id")));
        }
        if results.is_empty() {
            let role = if content["role"] == "model" {
                "assistant"
            } else {
                "user"
            };
            messages.push(message(&role.into(), &text(&content["parts"]), None));
        }
    }
    messages
}

fn bedrock_messages(body: &Value) -> Vec<Value> {
    let mut messages = Vec::from_iter(system(&body["system"]));
    for spoken in body["messages"].as_array().unwrap() {
        let blocks = spoken["content"].as_array().unwrap().iter();
        let results: Vec<_> = blocks.filter_map(|block| block.get("toolResult")).collect();
        for result in &results {
            let content = result["content"][0]["json"].to_string();
            messages.push(message(
                &"tool".into(),
                &content,
                Some(&result["toolUseId"]),
            ));
        }
        if results.is_empty() {
            messages.push(message(&spoken["role"], &text(&spoken["content"]), None));
        }
    }
    messages
}
