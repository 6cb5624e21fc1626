//! What the Gemini API says: contents of every kind, streams in both framings,
//! calls in pieces, blocked prompts, vectors, counting and batches.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

const GENERATE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";

fn request(path: &str, body: &Value) -> Vec<u8> {
    let fields = "x-goog-api-key: AIzaMadeUp\r\n";
    post(
        "generativelanguage.googleapis.com",
        path,
        fields,
        &body.to_string(),
    )
}

fn call(path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    events(&[Out(request(path, body)), In(response), Close])
}

fn ask() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
}

fn stream(chunks: &[Value]) -> Vec<u8> {
    let chunks: Vec<_> = chunks
        .iter()
        .map(|chunk| format!("data: {chunk}"))
        .collect();
    sse_response(&chunks.iter().map(String::as_str).collect::<Vec<_>>())
}

fn answered(chunks: &[Value]) -> Value {
    one(&call(STREAM, &ask(), stream(chunks)), "ai.response").clone()
}

fn parts(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}}]})
}

fn stop() -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP"}]})
}

#[test]
fn a_request_tells_every_kind_of_part() {
    let body = json!({
        "systemInstruction": {"role": "user", "parts": [{"text": "be"}, {"text": "kind"}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "one"}, {"text": "two"},
                {"inlineData": {"mimeType": "image/png", "data": "_-8="}},
                {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
                {"fileData": {"mimeType": "video/mp4", "fileUri": "https://example.com/v"}, "videoMetadata": {"startOffset": "1s"}},
                {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}},
                {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": true}, {"text": "let me", "thoughtSignature": "c2ln"},
                {"executableCode": {"id": "e", "language": "PYTHON", "code": "print(1)"}},
                {"codeExecutionResult": {"id": "e", "outcome": "OUTCOME_OK", "output": "1"}},
                {"functionCall": {"id": "c1", "name": "read", "args": {"path": "a"}}},
                {"functionCall": {"name": "list", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "read", "response": {"result": "text of a"},
                                      "parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}},
                {"functionResponse": {"name": "list", "response": {"output": ["a"]}}},
                {"text": "and now?"}]}
        ],
        "tools": [{"functionDeclarations": [{"name": "read", "description": "reads"}, {"name": "list"}]},
                  {"googleSearch": {}}, {"codeExecution": {}}, {"urlContext": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 40, "maxOutputTokens": 100, "stopSequences": ["END"],
            "seed": 7, "candidateCount": 2, "presencePenalty": 0.1, "frequencyPenalty": 0.2,
            "responseMimeType": "application/json", "thinkingConfig": {"thinkingBudget": 128, "thinkingLevel": "HIGH"}},
        "cachedContent": "cachedContents/x"
    });
    let events = call(GENERATE, &body, json_response(&stop().to_string()));
    let request = one(&events, "ai.request");
    is_the_question(request);
    assert_eq!(request["data"]["model"]["id"], "gemini-2.5-flash");
    assert_eq!(request["data"]["provider"]["name"], "google");
    assert_eq!(request["attrs"]["oisp.dialect"], "gemini.generate_content");
    assert_eq!(
        request["attrs"]["gen_ai.operation.name"],
        "generate_content"
    );

    let again = call(GENERATE, &snake(body), json_response(&stop().to_string()));
    is_the_question(one(&again, "ai.request"));
}

fn is_the_question(request: &Value) {
    let data = &request["data"];
    let said = data["messages"].as_array().unwrap().iter();
    let said: Vec<_> = said
        .map(|message| {
            json!([
                message["role"],
                message["content"],
                message["tool_call_id"],
                message["name"]
            ])
        })
        .collect();
    assert_eq!(
        json!(said),
        json!([
            ["system", "be\nkind", null, null],
            ["user", "one\ntwo", null, null],
            ["assistant", "let me", null, null],
            ["tool", "{\"result\":\"text of a\"}", "c1", "read"],
            ["tool", "{\"output\":[\"a\"]}", null, "list"],
            ["user", "and now?", null, null]
        ])
    );
    assert_eq!(data["messages"][1]["image_count"], 2);
    assert_eq!(
        data["parameters"],
        json!({"temperature": 0.5, "top_p": 0.9, "max_tokens": 100, "stop": ["END"],
                                         "presence_penalty": 0.1, "frequency_penalty": 0.2})
    );
    assert_eq!(data["tool_choice"], "required");
    let tools = data["tools"].as_array().unwrap().iter();
    let tools: Vec<_> = tools
        .map(|tool| json!([tool["type"], tool["description"]]))
        .collect();
    assert_eq!(tools.len(), 5);
    assert!(
        tools.contains(&json!(["function", "reads"]))
            && tools.contains(&json!(["code_interpreter", null]))
    );
    let attrs = &request["attrs"];
    for (key, value) in [
        ("gen_ai.request.top_k", json!(40)),
        ("gen_ai.request.seed", json!(7)),
        ("gen_ai.request.choice.count", json!(2)),
        ("gen_ai.request.reasoning.level", json!("high")),
        ("oisp.request.reasoning.budget_tokens", json!(128)),
        ("gen_ai.output.type", json!("json")),
        ("oisp.request.cached_content", json!("cachedContents/x")),
    ] {
        assert_eq!(attrs[key], value, "{key}");
    }
    let parts = &request["ext"]["oisp"]["input_messages"];
    let kinds = |of: &Value| -> Vec<Value> {
        let parts = of["parts"].as_array().unwrap().iter();
        parts
            .map(|part| json!([part["type"], part["modality"], part["length"]]))
            .collect()
    };
    assert_eq!(
        json!(kinds(&parts[0])),
        json!([
            ["blob", "image", 2],
            ["blob", "audio", 3],
            ["uri", "video", null],
            ["uri", "image", null],
            ["blob", "document", 3]
        ])
    );
    let model = parts[1]["parts"].as_array().unwrap();
    let types: Vec<_> = model
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "reasoning",
            "server_tool_call",
            "server_tool_call_response",
            "tool_call",
            "tool_call"
        ]
    );
    assert_eq!(model[1]["arguments"]["code"], "print(1)");
    assert_eq!(model[2]["response"]["output"], "1");
    assert_eq!(
        parts[2]["parts"][0]["length"], 3,
        "a function may give a picture"
    );
}

/// The same with the names that the API takes as well.
fn snake(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(snake).collect(),
        Value::Object(object) => {
            let renamed = object.into_iter().map(|(key, inner)| {
                let mut name = String::new();
                for letter in key.chars() {
                    if letter.is_ascii_uppercase() {
                        name.push('_');
                    }
                    name.push(letter.to_ascii_lowercase());
                }
                (name, snake(inner))
            });
            Value::Object(renamed.collect())
        }
        other => other,
    }
}

#[test]
fn an_answer_tells_all_its_parts_and_what_it_cost() {
    let body = json!({
        "candidates": [{
            "content": {"role": "model", "parts": [
                {"text": "hm", "thought": true}, {"text": "one "}, {"text": "two"},
                {"executableCode": {"language": "PYTHON", "code": "1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                {"functionCall": {"name": "read", "args": {"path": "a"}}}]},
            "finishReason": "STOP", "index": 0,
            "groundingMetadata": {"webSearchQueries": ["q"], "groundingChunks": [{"web": {"uri": "https://example.com", "title": "t"}}]}
        }, {"content": {"parts": [{"text": "other"}]}, "finishReason": "MAX_TOKENS", "index": 1}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "toolUsePromptTokenCount": 3,
            "cachedContentTokenCount": 4, "totalTokenCount": 25, "trafficType": "ON_DEMAND",
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}, {"modality": "AUDIO", "tokenCount": 2}],
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 3}]},
        "modelVersion": "gemini-2.5-flash-001", "responseId": "r1"
    });
    let events = call(GENERATE, &ask(), json_response(&body.to_string()));
    let response = one(&events, "ai.response");
    let data = &response["data"];
    assert_eq!(data["model"]["id"], "gemini-2.5-flash-001");
    assert_eq!(data["choices"][0]["message"]["content"], "one two");
    assert_eq!(data["choices"][1]["message"]["content"], "other");
    assert_eq!(
        (&data["finish_reason"], &data["choices"][1]["finish_reason"]),
        (&json!("tool_calls"), &json!("length"))
    );
    assert_eq!(
        data["tool_calls"],
        json!([
        {"name": "code_execution", "type": "executableCode", "arguments": {"language": "PYTHON", "code": "1"}},
        {"name": "read", "type": "function", "arguments": {"path": "a"}}])
    );
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 13, "completion_tokens": 12, "total_tokens": 25,
                                    "cached_tokens": 4, "reasoning_tokens": 7})
    );
    let attrs = &response["attrs"];
    assert_eq!(attrs["gen_ai.usage.audio.input_tokens"], 2);
    assert_eq!(attrs["gen_ai.usage.image.output_tokens"], 3);
    assert_eq!(attrs["gen_ai.response.id"], "r1");
    assert_eq!(
        attrs["gen_ai.response.finish_reasons"],
        json!(["STOP", "MAX_TOKENS"])
    );
    let parts = response["ext"]["oisp"]["output_messages"][0]["parts"]
        .as_array()
        .unwrap();
    let types: Vec<_> = parts
        .iter()
        .map(|part| part["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "reasoning",
            "server_tool_call_response",
            "blob",
            "grounding"
        ]
    );
    assert_eq!(
        parts[3]["sources"],
        json!([{"uri": "https://example.com", "title": "t"}])
    );
    assert_eq!(of_type(&events, "agent.tool_call").len(), 1);
}

/// Chunks of a stream, the usage growing.
fn chunks() -> Vec<Value> {
    let mut first = parts(json!([{"text": "hm", "thought": true}, {"text": "Zwölf "}]));
    first["usageMetadata"] = json!({"promptTokenCount": 4, "candidatesTokenCount": 1, "thoughtsTokenCount": 2, "totalTokenCount": 7});
    first["modelVersion"] = "gemini-2.5-flash".into();
    first["responseId"] = "r1".into();
    let second = parts(
        json!([{"text": "Boxkämpfer"}, {"functionCall": {"id": "c", "name": "read", "args": {"path": "a"}}}]),
    );
    let mut last = stop();
    last["usageMetadata"] = json!({"promptTokenCount": 4, "candidatesTokenCount": 9, "thoughtsTokenCount": 2, "totalTokenCount": 15});
    vec![first, second, last]
}

fn is_the_answer(response: &Value) {
    let data = &response["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "Zwölf Boxkämpfer");
    assert_eq!(
        data["tool_calls"],
        json!([{"id": "c", "name": "read", "type": "function", "arguments": {"path": "a"}}])
    );
    assert_eq!(data["finish_reason"], "tool_calls");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 4, "completion_tokens": 11, "total_tokens": 15, "reasoning_tokens": 2})
    );
    assert_eq!(
        response["ext"]["oisp"]["output_messages"][0]["parts"][0]["content"],
        "hm"
    );
    assert_eq!(response["confidence"]["completeness"], "full");
}

#[test]
fn a_stream_tells_the_same_in_both_framings_and_however_it_is_cut() {
    let sse = stream(&chunks());
    let events = call(STREAM, &ask(), sse.clone());
    assert_eq!(one(&events, "ai.request")["data"]["streaming"], true);
    is_the_answer(one(&events, "ai.response"));
    let mut steps = vec![Out(request(STREAM, &ask()))];
    steps.extend(sse.iter().map(|byte| In(vec![*byte])));
    is_the_answer(one(&support::events(&steps), "ai.response"));
    let array = json_response(&Value::from(chunks()).to_string());
    let path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    is_the_answer(one(&call(path, &ask(), array), "ai.response"));
}

#[test]
fn a_stream_that_is_cut_or_torn_tells_no_total_and_joins_nothing() {
    let mut cut = stream(&chunks()[..2]);
    cut.truncate(cut.len() - 5);
    let events = call(STREAM, &ask(), cut);
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "Zwölf Boxkämpfer"
    );
    assert_eq!(response["data"]["usage"], json!({"prompt_tokens": 4}));
    let unsaid = answered(&chunks()[..2]);
    assert_eq!(
        unsaid["data"]["usage"]["total_tokens"], 7,
        "a stream that came whole need not say why it ended"
    );

    let whole = stream(&[
        parts(json!([{"text": "before "}])),
        parts(json!([{"text": "lost "}])),
        parts(json!([{"text": "after"}])),
        chunks()[2].clone(),
    ]);
    let hole = whole
        .windows(5)
        .position(|window| window == b"lost ")
        .unwrap();
    let torn = support::events(&[
        Out(request(STREAM, &ask())),
        In(whole[..hole].to_vec()),
        GapIn(5),
        In(whole[hole + 5..].to_vec()),
    ]);
    let response = one(&torn, "ai.response");
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "before "
    );
    assert_eq!(response["data"]["usage"]["completion_tokens"], 11);
    assert_eq!(response["confidence"]["completeness"], "partial");
}

#[test]
fn arguments_in_pieces_are_put_together_by_their_places() {
    let piece = |pieces: Value, goes_on: bool| {
        let mut call = json!({"partialArgs": pieces});
        if goes_on {
            call["willContinue"] = true.into();
        }
        parts(json!([{ "functionCall": call }]))
    };
    let start = parts(json!([{"functionCall": {"id": "c", "name": "book", "willContinue": true}}]));
    let chunks = [
        start,
        piece(
            json!([{"jsonPath": "$.city", "stringValue": "New ", "willContinue": true}]),
            true,
        ),
        piece(json!([{"jsonPath": "$.city", "stringValue": "York"}]), true),
        piece(
            json!([{"jsonPath": "$.guests[0].name", "stringValue": "Ada"}, {"jsonPath": "$.guests[0]['years old']", "numberValue": 36}]),
            true,
        ),
        piece(
            json!([{"jsonPath": "$.guests[1].name", "nullValue": "NULL_VALUE"}, {"jsonPath": "$.late", "boolValue": true}]),
            true,
        ),
        parts(json!([{"functionCall": {}}])),
        stop(),
    ];
    let whole = answered(&chunks);
    assert_eq!(
        whole["data"]["tool_calls"],
        json!([{"id": "c", "name": "book", "type": "function", "arguments":
        {"city": "New York", "guests": [{"name": "Ada", "years old": 36}, {"name": null}], "late": true}}])
    );
    let cut = answered(&chunks[..2]);
    assert_eq!(
        cut["data"]["tool_calls"][0]["arguments"], "",
        "half of a value is none"
    );
    let lost = answered(&[
        chunks[0].clone(),
        piece(json!([{"jsonPath": "$.a[7]", "stringValue": "x"}]), false),
        stop(),
    ]);
    assert_eq!(
        lost["data"]["tool_calls"][0]["arguments"], "",
        "a list has no holes"
    );
}

#[test]
fn a_blocked_prompt_and_every_reason_to_stop_have_a_word() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}});
    let events = call(GENERATE, &ask(), json_response(&blocked.to_string()));
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["finish_reason"], "content_filter");
    assert_eq!(
        response["attrs"]["gen_ai.response.finish_reasons"],
        json!(["PROHIBITED_CONTENT"])
    );
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 3, "total_tokens": 3})
    );
    assert_eq!(response["confidence"]["completeness"], "full");
    for (raw, word) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("OTHER", "other"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("IMAGE_SAFETY", "content_filter"),
        ("IMAGE_PROHIBITED_CONTENT", "content_filter"),
        ("IMAGE_OTHER", "other"),
        ("NO_IMAGE", "other"),
        ("IMAGE_RECITATION", "content_filter"),
        ("UNEXPECTED_TOOL_CALL", "error"),
        ("TOO_MANY_TOOL_CALLS", "error"),
        ("MISSING_THOUGHT_SIGNATURE", "error"),
        ("MALFORMED_RESPONSE", "error"),
        ("ESCALATION", "other"),
        ("PUP_LIMITED_DISABLED", "other"),
        ("CONTINUATION", "other"),
        ("MODEL_ARMOR", "content_filter"),
        ("FINISH_REASON_UNSPECIFIED", "other"),
    ] {
        let body = json!({"candidates": [{"finishReason": raw}]});
        let events = call(GENERATE, &ask(), json_response(&body.to_string()));
        assert_eq!(
            one(&events, "ai.response")["data"]["finish_reason"],
            word,
            "{raw}"
        );
    }
}

#[test]
fn errors_are_told_alone_in_an_array_and_in_a_stream() {
    let error = json!({"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}});
    let told = json!({"type": "RESOURCE_EXHAUSTED", "message": "Quota", "code": "429"});
    let forms = [error.to_string(), format!("[{error}]")];
    let kinds = ["application/json", "text/event-stream"];
    for (body, kind) in forms.iter().flat_map(|body| kinds.map(|kind| (body, kind))) {
        let response = format!(
            "HTTP/1.1 429 x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let events = call(STREAM, &ask(), response.into_bytes());
        let data = &one(&events, "ai.response")["data"];
        assert_eq!((&data["error"], &data["success"]), (&told, &json!(false)));
        assert!(data.get("choices").is_none());
    }
    let late = answered(&[parts(json!([{"text": "half"}])), error]);
    assert_eq!(
        (&late["data"]["error"], &late["data"]["success"]),
        (&told, &json!(false))
    );
    assert_eq!(late["data"]["choices"][0]["message"]["content"], "half");
}

#[test]
fn the_wrapper_of_the_gemini_cli_is_taken_off() {
    let body = json!({"model": "gemini-2.5-pro", "project": "p", "user_prompt_id": "u",
        "request": {"contents": ask()["contents"], "session_id": "s1", "generationConfig": {"temperature": 0}}});
    let wrapped: Vec<_> = chunks()
        .into_iter()
        .map(|chunk| json!({"response": chunk, "traceId": "t"}))
        .collect();
    let path = "/v1internal:streamGenerateContent?alt=sse";
    let one_of = |response: Vec<u8>| {
        let request = post("cloudcode-pa.googleapis.com", path, "", &body.to_string());
        events(&[Out(request), In(response), Close])
    };
    let events = one_of(stream(&wrapped));
    let data = &one(&events, "ai.request")["data"];
    assert_eq!(data["model"]["id"], "gemini-2.5-pro");
    assert_eq!(data["messages"][0]["content"], "hi");
    assert_eq!(data["provider"]["name"], "google");
    assert_eq!(data["parameters"]["temperature"], 0.0);
    is_the_answer(one(&events, "ai.response"));
    let again = one_of(stream(&wrapped));
    assert_eq!(
        data["conversation_id"],
        one(&again, "ai.request")["data"]["conversation_id"]
    );
}

#[test]
fn vectors_are_counted_and_not_told() {
    let content = |text: &str| json!({"parts": [{"text": text}]});
    let single = json!({"model": "models/gemini-embedding-001", "content": content("a"), "outputDimensionality": 3});
    let many = json!({"requests": [{"model": "models/gemini-embedding-001", "content": content("a"), "outputDimensionality": 3},
                                   {"model": "models/gemini-embedding-001", "content": content("b")}]});
    let vector = json!({"values": vec![0.125; 768]});
    for (method, body, answer, count) in [
        (
            "embedContent",
            single,
            json!({"embedding": vector, "usageMetadata": {"promptTokenCount": 2, "totalTokenCount": 2}}),
            1,
        ),
        (
            "batchEmbedContents",
            many,
            json!({"embeddings": [vector, vector]}),
            2,
        ),
    ] {
        let path = format!("/v1beta/models/gemini-embedding-001:{method}");
        let events = call(&path, &body, json_response(&answer.to_string()));
        let request = one(&events, "ai.request");
        assert_eq!(request["data"]["request_type"], "embedding");
        assert_eq!(request["data"]["model"]["id"], "gemini-embedding-001");
        assert_eq!(request["data"]["messages_count"], count);
        assert_eq!(request["attrs"]["gen_ai.embeddings.dimension.count"], 3);
        let embedding = &one(&events, "ai.embedding")["data"];
        assert_eq!(
            (&embedding["input_count"], &embedding["dimensions"]),
            (&json!(count), &json!(768))
        );
        assert!(!one(&events, "ai.response").to_string().contains("0.125"));
    }
}

#[test]
fn counting_and_batches_are_no_chats() {
    let body = json!({"generateContentRequest": {"model": "models/gemini-2.5-flash", "contents": ask()["contents"]}});
    let path = "/v1beta/models/gemini-2.5-flash:countTokens";
    let events = call(
        path,
        &body,
        json_response(r#"{"totalTokens": 9, "cachedContentTokenCount": 2}"#),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["attrs"]["gen_ai.operation.name"], "count_tokens");
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    let response = one(&events, "ai.response");
    assert_eq!(
        response["data"]["usage"],
        json!({"prompt_tokens": 9, "cached_tokens": 2})
    );
    assert_eq!(response["confidence"]["completeness"], "full");

    let batch = json!({"batch": {"displayName": "b", "inputConfig": {"requests": {"requests": [{"request": ask()}, {"request": ask()}]}}}});
    let path = "/v1beta/models/gemini-2.5-flash:batchGenerateContent";
    let status = json!({"name": "batches/1", "metadata": {"state": "BATCH_STATE_PENDING"}});
    let events = call(path, &batch, json_response(&status.to_string()));
    assert_eq!(
        one(&events, "ai.request")["attrs"]["oisp.batch.request_count"],
        2
    );
    assert_eq!(
        one(&events, "ai.response")["attrs"]["oisp.batch.status"],
        "BATCH_STATE_PENDING"
    );
}

#[test]
fn paths_name_the_model_and_unknown_paths_are_known_by_shape() {
    for (path, model) in [
        (
            "/v1/models/gemini-2.0-flash%3AgenerateContent",
            "gemini-2.0-flash",
        ),
        (
            "/v1beta/tunedModels/mine-1:generateContent",
            "tunedModels/mine-1",
        ),
        (
            "/v1/projects/p/locations/l/endpoints/42:generateContent",
            "endpoints/42",
        ),
        (
            "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent",
            "gemini-2.5-pro",
        ),
    ] {
        let events = call(path, &ask(), json_response(&stop().to_string()));
        assert_eq!(
            one(&events, "ai.request")["data"]["model"]["id"],
            model,
            "{path}"
        );
    }
    let events = call("/gateway", &ask(), json_response(&stop().to_string()));
    let request = one(&events, "ai.request");
    assert_eq!(
        request["confidence"]["ai_detection_method"],
        "payload_inspection"
    );
    assert!(request["data"].get("model").is_none());
    for other in [
        json!({"contents": [{"title": "a page"}], "parts": []}),
        json!({"contents": [{"parts": ["wheel"]}]}),
    ] {
        assert!(call("/v1/pages", &other, json_response("{}")).is_empty());
    }
}
