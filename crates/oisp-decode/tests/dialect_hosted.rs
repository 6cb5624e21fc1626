//! Services that serve many models by APIs of their own.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

fn call(host: &str, path: &str, body: &Value, response: Vec<u8>) -> Vec<Value> {
    let request = post(host, path, "", &body.to_string());
    events(&[Out(request), In(response), Close])
}

fn whole(answer: &Value) -> Vec<u8> {
    json_response(&answer.to_string())
}

fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("data: {event}"))
        .collect();
    sse_response(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn torn(host: &str, path: &str, body: &Value, answer: &[u8], lost: &[u8]) -> Value {
    let at = answer
        .windows(lost.len())
        .position(|at| at == lost)
        .unwrap();
    let steps = [
        Out(post(host, path, "", &body.to_string())),
        In(answer[..at].to_vec()),
        GapIn(lost.len() as u64),
        In(answer[at + lost.len()..].to_vec()),
    ];
    let events = events(&steps);
    let response = one(&events, "ai.response").clone();
    assert_eq!(response["confidence"]["completeness"], "partial");
    response
}

const REPLICATE: &str = "api.replicate.com";

#[test]
fn a_prediction_that_was_waited_for_is_an_answer() {
    let body = json!({"input": {"prompt": "hi", "system_prompt": "be brief", "image": "https://example.com/a.png", "max_tokens": 9, "temperature": 0.5, "top_k": 3, "stop_sequences": "X"}});
    let answer = json!({"id": "p1", "model": "meta/llama-3-8b", "version": "v", "status": "succeeded", "error": null, "output": ["Hel", "lo"],
        "metrics": {"input_token_count": 4, "output_token_count": 2, "predict_time": 0.1}});
    let events = call(
        REPLICATE,
        "/v1/models/meta/llama-3-8b/predictions",
        &body,
        whole(&answer),
    );
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["model"]["id"], "meta/llama-3-8b");
    assert_eq!(request["request_type"], "chat");
    assert_eq!(request["provider"]["name"], "replicate");
    assert_eq!(request["messages"][0]["content"], "be brief");
    assert_eq!(request["messages"][1]["image_count"], 1);
    assert_eq!(
        request["parameters"],
        json!({"temperature": 0.5, "max_tokens": 9, "stop": ["X"]})
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "Hello");
    assert_eq!(data["finish_reason"], "stop");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6})
    );
}

#[test]
fn a_prediction_that_only_began_has_no_end() {
    let body = json!({"version": "abc123", "input": {"prompt": "robots", "width": 512}});
    let answer = json!({"id": "p2", "model": "o/n", "status": "starting", "error": null, "urls": {"get": "https://api.replicate.com/v1/predictions/p2"}});
    let events = call(REPLICATE, "/v1/predictions", &body, whole(&answer));
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["model"]["id"], "abc123");
    assert_eq!(request["request_type"], "image");
    let response = one(&events, "ai.response");
    assert_eq!(response["confidence"]["completeness"], "full");
    assert_eq!(response["attrs"]["oisp.replicate.status"], "starting");
    assert!(
        response["data"].get("choices").is_none()
            && response["data"].get("finish_reason").is_none()
    );
}

#[test]
fn pictures_and_failures_of_predictions() {
    let body = json!({"version": "abc123", "input": {"prompt": "robots"}});
    let answer = json!({"id": "p3", "status": "succeeded", "output": ["https://replicate.delivery/x/out-0.png"]});
    let events = call(REPLICATE, "/v1/predictions", &body, whole(&answer));
    let part = &one(&events, "ai.response")["ext"]["oisp"]["output_messages"][0]["parts"][0];
    assert_eq!(part["uri"], "https://replicate.delivery/x/out-0.png");

    let answer = json!({"id": "p4", "status": "failed", "output": null, "error": "out of memory"});
    let events = call(REPLICATE, "/v1/predictions", &body, whole(&answer));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["success"], &data["error"]["message"]),
        (&json!(false), &json!("out of memory"))
    );
}

#[test]
fn a_prediction_may_stream_plain_text() {
    let body = json!({"version": "abc123", "input": {"prompt": "hi"}, "stream": true});
    let answer = sse_response(&[
        ": hi",
        "event: output\nid: 1:0\ndata: 12",
        "event: output\nid: 1:1\ndata:  {\"a\ndata: \ndata: b",
        "event: done\nid: 1:2\ndata: {}",
    ]);
    let events = call(REPLICATE, "/v1/predictions", &body, answer);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "12 {\"a\n\nb");
    assert_eq!(data["finish_reason"], "stop");
}

const ENDPOINT: &str = "abc.us-east-1.aws.endpoints.huggingface.cloud";

#[test]
fn text_generation_inference_answers_with_details() {
    let body = json!({"inputs": "Human: hi", "stream": false, "parameters": {"max_new_tokens": 20, "temperature": 0.8, "top_p": 0.9, "seed": null, "stop": [], "details": true}});
    let answer = json!([{"generated_text": "ho", "details": {"finish_reason": "eos_token", "generated_tokens": 2, "prefill": []}}]);
    let events = call(ENDPOINT, "/", &body, whole(&answer));
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["request_type"], "completion");
    assert_eq!(request["messages"][0]["content"], "Human: hi");
    assert_eq!(
        request["parameters"],
        json!({"temperature": 0.8, "top_p": 0.9, "max_tokens": 20})
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "ho");
    assert_eq!(data["finish_reason"], "stop");
    assert_eq!(data["usage"], json!({"completion_tokens": 2}));
}

#[test]
fn text_generation_inference_streams_tokens() {
    let body = json!({"inputs": "hi", "parameters": {"max_new_tokens": 3}});
    let token = |text: &str, special: bool| json!({"token": {"id": 1, "text": text, "special": special}, "generated_text": null, "details": null});
    let answer = [
        token("Hel", false),
        token("lo", false),
        json!({"token": {"id": 2, "text": "</s>", "special": true}, "generated_text": "Hello", "details": {"finish_reason": "length", "generated_tokens": 3, "input_length": 1}}),
    ];
    let answer = stream(&answer);
    let events = call("127.0.0.1:8080", "/generate_stream", &body, answer.clone());
    assert_eq!(one(&events, "ai.request")["data"]["streaming"], true);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "Hello");
    assert_eq!(data["finish_reason"], "length");
    assert_eq!(data["usage"]["total_tokens"], 4);

    let response = torn(
        "127.0.0.1:8080",
        "/generate_stream",
        &body,
        &answer,
        b"lo\"",
    );
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"], "Hello",
        "the last event repeats it all"
    );

    let failed = stream(&[
        token("Hel", false),
        json!({"error": "overloaded", "error_type": "overloaded"}),
    ]);
    let events = call("127.0.0.1:8080", "/generate_stream", &body, failed);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        (&data["success"], &data["error"]["message"]),
        (&json!(false), &json!("overloaded"))
    );
}

#[test]
fn pipelines_of_hugging_face() {
    let vectors = json!([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]);
    for (host, path) in [
        (
            "router.huggingface.co",
            "/hf-inference/models/BAAI/bge-small/pipeline/feature-extraction",
        ),
        ("127.0.0.1:8080", "/embed"),
    ] {
        let events = call(
            host,
            path,
            &json!({"inputs": ["a", "b"], "normalize": true}),
            whole(&vectors),
        );
        let data = &one(&events, "ai.embedding")["data"];
        assert_eq!(
            (&data["input_count"], &data["dimensions"]),
            (&json!(2), &json!(3)),
            "{path}"
        );
    }
    let answer = json!([[{"label": "POSITIVE", "score": 0.9}]]);
    let events = call(
        "router.huggingface.co",
        "/hf-inference/models/distilbert/sst",
        &json!({"inputs": "nice"}),
        whole(&answer),
    );
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["model"]["id"], "distilbert/sst");
    assert_eq!(request["request_type"], "other");
    let bare = call(ENDPOINT, "/", &json!({"inputs": "nice"}), whole(&answer));
    assert_eq!(one(&bare, "ai.request")["data"]["request_type"], "other");
    assert_eq!(
        one(&events, "ai.response")["confidence"]["completeness"],
        "full"
    );
}

const WATSONX: &str = "us-south.ml.cloud.ibm.com";

#[test]
fn watsonx_generates_and_streams() {
    let body = json!({"model_id": "ibm/granite", "input": "hi", "project_id": "p", "parameters": {"max_new_tokens": 5, "temperature": 0.3, "random_seed": 4, "stop_sequences": ["\n"]}});
    let answer = json!({"model_id": "ibm/granite", "results": [{"generated_text": "ho", "generated_token_count": 2, "input_token_count": 3, "stop_reason": "max_tokens"}]});
    let events = call(
        WATSONX,
        "/ml/v1/text/generation?version=2024-03-14",
        &body,
        whole(&answer),
    );
    let request = one(&events, "ai.request");
    assert_eq!(request["data"]["model"]["id"], "ibm/granite");
    assert_eq!(
        request["data"]["parameters"],
        json!({"temperature": 0.3, "max_tokens": 5, "stop": ["\n"]})
    );
    assert_eq!(request["attrs"]["gen_ai.request.seed"], 4);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "ho");
    assert_eq!(data["finish_reason"], "length");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    );

    let piece = |text: &str, output: u64, input: u64, stop: &str| json!({"model_id": "ibm/granite", "results": [{"generated_text": text, "generated_token_count": output, "input_token_count": input, "stop_reason": stop}]});
    let answer = stream(&[
        piece("", 0, 3, "not_finished"),
        piece("he", 1, 0, "not_finished"),
        piece("llo", 2, 0, "not_finished"),
        piece("", 3, 0, "eos_token"),
    ]);
    let path = "/ml/v1/text/generation_stream?version=2024-03-14";
    let events = call(WATSONX, path, &body, answer.clone());
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "hello");
    assert_eq!(
        data["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6})
    );
    assert_eq!(data["finish_reason"], "stop");
    let response = torn(WATSONX, path, &body, &answer, b"\"he\"");
    assert!(!response["data"].to_string().contains("llo"));
}

#[test]
fn watsonx_chats_embeds_and_fails() {
    let body = json!({"model_id": "meta/llama", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}], "max_tokens": 5});
    let chunk = json!({"id": "c", "model_id": "meta/llama-3", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}]});
    let events = call(
        WATSONX,
        "/ml/v1/text/chat_stream?version=2024-10-08",
        &body,
        stream(&[chunk]),
    );
    assert_eq!(
        one(&events, "ai.request")["data"]["model"]["id"],
        "meta/llama"
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["model"]["id"], "meta/llama-3");
    assert_eq!(data["choices"][0]["message"]["content"], "ho");

    let body = json!({"model_id": "ibm/slate", "inputs": ["a", "b"], "project_id": "p"});
    let answer = json!({"model_id": "ibm/slate", "results": [{"embedding": [0.5, 0.5]}, {"embedding": [0.1, 0.2]}], "input_token_count": 7});
    let events = call(
        WATSONX,
        "/ml/v1/text/embeddings?version=2024-10-08",
        &body,
        whole(&answer),
    );
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (
            &data["input_count"],
            &data["dimensions"],
            &data["total_tokens"]
        ),
        (&json!(2), &json!(2), &json!(7))
    );

    let error = r#"{"errors":[{"code":"model_not_supported","message":"no such model"}],"trace":"t","status_code":404}"#;
    let failed = format!(
        "HTTP/1.1 404 x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{error}",
        error.len()
    );
    let events = call(
        WATSONX,
        "/ml/v1/text/embeddings?version=2024-10-08",
        &body,
        failed.into_bytes(),
    );
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"message": "no such model", "code": "model_not_supported"})
    );
}

const CLOUDFLARE: &str = "api.cloudflare.com";

#[test]
fn workers_ai_wraps_its_results() {
    let path = "/client/v4/accounts/a1/ai/run/@cf/meta/llama-3.1-8b-instruct";
    let body = json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}], "max_tokens": 9, "tools": [{"name": "add", "description": "adds", "parameters": {}}]});
    let answer = json!({"result": {"response": "ho", "tool_calls": [{"name": "add", "arguments": {"x": 1}}], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}, "success": true, "errors": [], "messages": []});
    let events = call(CLOUDFLARE, path, &body, whole(&answer));
    let request = &one(&events, "ai.request")["data"];
    assert_eq!(request["model"]["id"], "@cf/meta/llama-3.1-8b-instruct");
    assert_eq!(request["tools"][0]["name"], "add");
    assert_eq!(request["messages"][1]["content"], "hi");
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "ho");
    assert_eq!(data["tool_calls"][0]["arguments"], json!({"x": 1}));
    assert_eq!(data["usage"]["total_tokens"], 7);

    let answer = stream(&[
        json!({"response": "h"}),
        json!({"response": "o"}),
        json!({"response": "", "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}),
    ]);
    let events = call(CLOUDFLARE, path, &body, answer);
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["choices"][0]["message"]["content"], "ho");
    assert_eq!(data["usage"]["completion_tokens"], 2);

    let answer = json!({"result": null, "success": false, "errors": [{"code": 5007, "message": "No such model"}]});
    let events = call(CLOUDFLARE, path, &body, whole(&answer));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(data["success"], false);
    assert_eq!(
        data["error"],
        json!({"message": "No such model", "code": "5007"})
    );
}

#[test]
fn workers_ai_embeds_and_paints() {
    let path = "/client/v4/accounts/a1/ai/run/@cf/baai/bge-base-en-v1.5";
    let answer = json!({"result": {"shape": [2, 2], "data": [[0.1, 0.2], [0.3, 0.4]]}, "success": true, "errors": []});
    let events = call(
        CLOUDFLARE,
        path,
        &json!({"text": ["a", "b"]}),
        whole(&answer),
    );
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (&data["input_count"], &data["dimensions"]),
        (&json!(2), &json!(2))
    );

    let path = "/client/v4/accounts/a1/ai/run/@cf/black-forest-labs/flux-1-schnell";
    let answer = json!({"result": {"image": "AAAA"}, "success": true});
    let events = call(
        CLOUDFLARE,
        path,
        &json!({"prompt": "a cat"}),
        whole(&answer),
    );
    assert_eq!(
        one(&events, "ai.response")["ext"]["oisp"]["output_parts"][0]["length"],
        3
    );
}

const DASHSCOPE: &str = "dashscope.aliyuncs.com";
const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";

fn dashscope(parameters: Value, texts: &[&str]) -> Value {
    let body = json!({"model": "qwen-plus", "parameters": parameters, "input": {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"text": "hi"}, {"image": "https://example.com/a.png"}]}]}});
    let last = texts.len() - 1;
    let answers: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| json!({"output": {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": if n == last { "stop" } else { "null" }}]},
            "usage": {"input_tokens": 4, "output_tokens": n + 1, "total_tokens": 5 + n}, "request_id": "r"}))
        .collect();
    let events = call(DASHSCOPE, GENERATION, &body, stream(&answers));
    assert_eq!(
        one(&events, "ai.request")["data"]["messages"][1]["image_count"],
        1
    );
    one(&events, "ai.response")["data"].clone()
}

#[test]
fn dashscope_repeats_or_adds() {
    let repeating = dashscope(
        json!({"result_format": "message"}),
        &["he", "hello", "hello you"],
    );
    assert_eq!(repeating["choices"][0]["message"]["content"], "hello you");
    assert_eq!(
        repeating["usage"],
        json!({"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7})
    );
    assert_eq!(repeating["finish_reason"], "stop");
    let adding = dashscope(json!({"incremental_output": true}), &["ha", "ha", "ha!"]);
    assert_eq!(adding["choices"][0]["message"]["content"], "hahaha!");
    let long = dashscope(
        json!({}),
        &["a", "a b", "a b c", "a b c d", "a b c d e", "a b c d e f"],
    );
    assert_eq!(long["choices"][0]["message"]["content"], "a b c d e f");
    assert_eq!(long["usage"]["completion_tokens"], 6);
    let taken_back = dashscope(
        json!({}),
        &["a", "a b", "a b c", "a b c d", "a b c d e", "No."],
    );
    assert_eq!(
        taken_back["choices"][0]["message"]["content"], "No.",
        "they repeated, as was plain by then"
    );
    let unsaid = dashscope(json!({}), &["he", "llo", " you"]);
    assert_eq!(unsaid["choices"][0]["message"]["content"], "hello you");
}

#[test]
fn dashscope_answers_whole_embeds_and_fails() {
    let body = json!({"model": "qwen-plus", "input": {"prompt": "hi"}, "parameters": {"temperature": 0.1, "top_k": 5, "seed": 1, "max_tokens": 7}});
    let answer = json!({"output": {"text": "ho", "finish_reason": "stop"}, "usage": {"input_tokens": 1, "output_tokens": 2}, "request_id": "r9"});
    let events = call(DASHSCOPE, GENERATION, &body, whole(&answer));
    let request = one(&events, "ai.request");
    assert_eq!(request["attrs"]["gen_ai.request.top_k"], 5);
    assert_eq!(request["data"]["messages"][0]["content"], "hi");
    let response = one(&events, "ai.response");
    assert_eq!(response["data"]["choices"][0]["message"]["content"], "ho");
    assert_eq!(response["data"]["provider_request_id"], "r9");
    assert_eq!(response["data"]["usage"]["total_tokens"], 3);

    let answer = json!({"code": "InvalidParameter", "message": "bad", "request_id": "r"});
    let events = call(DASHSCOPE, GENERATION, &body, whole(&answer));
    let data = &one(&events, "ai.response")["data"];
    assert_eq!(
        data["error"],
        json!({"message": "bad", "code": "InvalidParameter"})
    );

    let body = json!({"model": "text-embedding-v3", "input": {"texts": ["a", "b"]}});
    let answer = json!({"output": {"embeddings": [{"text_index": 0, "embedding": [0.1, 0.2]}, {"text_index": 1, "embedding": [0.1, 0.2]}]}, "usage": {"total_tokens": 4}});
    let events = call(
        DASHSCOPE,
        "/api/v1/services/embeddings/text-embedding/text-embedding",
        &body,
        whole(&answer),
    );
    let data = &one(&events, "ai.embedding")["data"];
    assert_eq!(
        (
            &data["input_count"],
            &data["dimensions"],
            &data["total_tokens"]
        ),
        (&json!(2), &json!(2), &json!(4))
    );
}

#[test]
fn databricks_names_the_endpoint_in_the_path() {
    let body = json!({"messages": [{"role": "user", "content": "hi"}]});
    let path = "/serving-endpoints/databricks-claude%2D4/invocations";
    let events = call(
        "acme.cloud.databricks.com",
        path,
        &body,
        json_response(&answer("ho")),
    );
    assert_eq!(
        one(&events, "ai.request")["data"]["model"]["id"],
        "databricks-claude-4"
    );
    assert_eq!(
        one(&events, "ai.response")["data"]["choices"][0]["message"]["content"],
        "ho"
    );
    let vectors = json!({"data": [{"index": 0, "embedding": [0.5, 0.25]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}});
    let events_of = call(
        "acme.cloud.databricks.com",
        path,
        &json!({"input": ["a"]}),
        whole(&vectors),
    );
    let data = &one(&events_of, "ai.embedding")["data"];
    assert_eq!(data["model"]["id"], "databricks-claude-4");
    assert_eq!(data["dimensions"], 2);
    let body = json!({"dataframe_split": {"columns": ["x"], "data": [[1]]}});
    let events = call(
        "acme.cloud.databricks.com",
        path,
        &body,
        json_response("{\"predictions\":[1]}"),
    );
    assert!(events.is_empty(), "{events:#?}");
}

#[test]
fn common_paths_with_other_bodies_make_nothing() {
    let bodies = [
        ("/generate", json!({"report": "monthly"})),
        ("/", json!({"inputs": [1, 2], "parameters": {"x": 1}})),
        ("/embed", json!({"inputs": "x", "layout": "wide"})),
        ("/models/7", json!({"name": "car"})),
        ("/v1/predictions", json!({"input": {"weather": "rain"}})),
        ("/completion", json!({"course": 3})),
        ("/embedding", json!({"content": {"id": 1}})),
    ];
    for (path, body) in bodies {
        let events = call("api.example.com", path, &body, json_response("{}"));
        assert!(events.is_empty(), "{path}: {events:#?}");
    }
}
