//! The Model Context Protocol over HTTP: what is called, what comes back, and
//! which answer belongs to which call.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::*;

const HOST: &str = "tools.example.test:8443";

fn ask(fields: &str, message: &Value) -> Step {
    let fields = format!("Accept: application/json, text/event-stream\r\n{fields}");
    Out(post(HOST, "/mcp", &fields, &message.to_string()))
}

fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

fn result(id: impl Into<Value>, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result})
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn document(body: &Value) -> Step {
    In(json_response(&body.to_string()))
}

fn event(message: &Value) -> String {
    format!("event: message\ndata: {message}")
}

fn stream(messages: &[Value]) -> Step {
    let events: Vec<_> = messages.iter().map(event).collect();
    In(sse_response(
        &events.iter().map(String::as_str).collect::<Vec<_>>(),
    ))
}

fn handshake(session: &str) -> [Step; 2] {
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "made-up-agent", "version": "1.2"}}});
    let answer = result(
        0,
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "files", "version": "3"}}),
    );
    let fields = format!("Content-Type: application/json\r\nMcp-Session-Id: {session}\r\n");
    [
        ask("", &initialize),
        In(response(&fields, answer.to_string().as_bytes())),
    ]
}

#[test]
fn a_tool_call_and_its_result() {
    let mut steps = handshake("s-1").to_vec();
    let mut message = call(7, "read", json!({"path": "a.txt"}));
    message["params"]["_meta"] =
        json!({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
    steps.extend([
        ask(
            "Mcp-Session-Id: s-1\r\nMcp-Protocol-Version: 2025-06-18\r\n",
            &message,
        ),
        document(&result(7, text("héllo"))),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(events.len(), 2, "{events:#?}");
    let (called, came) = (
        one(&events, "agent.tool_call"),
        one(&events, "agent.tool_result"),
    );
    let tool = json!({"name": "read", "provider": "mcp", "server": "files"});
    let agent = json!({"name": "made-up-agent", "version": "1.2"});
    assert_eq!(
        called["data"],
        json!({"agent": agent, "tool": tool, "call_id": "7", "arguments": {"path": "a.txt"}})
    );
    assert_eq!(
        came["data"],
        json!({"agent": agent, "tool": tool, "call_id": "7", "success": true, "result": "héllo",
               "result_size_bytes": 6, "duration_ms": 1})
    );
    assert_eq!(
        came["related_events"],
        json!([{"event_id": called["event_id"], "relationship": "caused_by"}])
    );
    for event in [called, came] {
        let attrs = &event["attrs"];
        assert_eq!(attrs["mcp.method.name"], "tools/call");
        assert_eq!(attrs["mcp.session.id"], "s-1");
        assert_eq!(attrs["mcp.protocol.version"], "2025-06-18");
        assert_eq!(attrs["jsonrpc.request.id"], "7");
        assert_eq!(attrs["gen_ai.tool.name"], "read");
        assert_eq!(attrs["network.transport"], "tcp");
        assert_eq!(attrs["oisp.side"], "client");
        assert_eq!(attrs["server.address"], "tools.example.test");
        assert_eq!(attrs["server.port"], 8443);
        assert_eq!(
            event["trace_context"]["trace_id"],
            "0af7651916cd43dd8448eb211c80319c"
        );
        assert_eq!(event["confidence"]["completeness"], "full");
    }
    assert_eq!(called["source"]["capture_point"], "ssl_write");
    assert_eq!(came["source"]["capture_point"], "ssl_read");
}

#[test]
fn the_same_seen_from_the_server() {
    let swap = |step: Step| match step {
        Out(bytes) => In(bytes),
        In(bytes) => Out(bytes),
        other => other,
    };
    let steps = [
        ask("", &call("a", "read", json!({}))),
        document(&result("a", text("x"))),
    ];
    let events = events(&steps.map(swap));
    let came = one(&events, "agent.tool_result");
    assert_eq!(came["attrs"]["oisp.side"], "server");
    assert_eq!(came["source"]["capture_point"], "ssl_write");
    assert_eq!(
        one(&events, "agent.tool_call")["source"]["capture_point"],
        "ssl_read"
    );
    // Nobody told the server's name.
    assert_eq!(came["data"]["tool"]["server"], HOST);
}

#[test]
fn errors_of_the_tool_and_of_the_protocol() {
    let outcome = |answer: Value| {
        let events = events(&[
            ask("", &call(1, "run", json!({}))),
            document(&answer),
            Close,
        ]);
        one(&events, "agent.tool_result").clone()
    };
    let of_tool = outcome(result(
        1,
        json!({"content": [{"type": "text", "text": "no such file"}], "isError": true}),
    ));
    assert_eq!(of_tool["data"]["success"], false);
    assert_eq!(
        of_tool["data"]["error"],
        json!({"type": "tool_error", "message": "no such file"})
    );
    assert_eq!(of_tool["attrs"]["error.type"], "tool_error");
    let of_protocol = outcome(
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "unknown tool"}}),
    );
    assert_eq!(of_protocol["data"]["success"], false);
    assert_eq!(
        of_protocol["data"]["error"],
        json!({"type": "-32602", "message": "unknown tool"})
    );
    assert_eq!(of_protocol["attrs"]["rpc.response.status_code"], "-32602");
}

#[test]
fn a_refused_http_request_fails_the_call() {
    let events = events(&[
        ask("", &call(1, "run", json!({}))),
        inn("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"),
        Close,
    ]);
    let came = one(&events, "agent.tool_result");
    assert_eq!(came["data"]["success"], false);
    assert_eq!(came["data"]["error"], json!({"type": "401"}));
}

#[test]
fn resources_and_prompts_are_calls_and_the_rest_is_none() {
    let request = |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let contents = json!({"contents": [{"uri": "file:///k", "mimeType": "text/plain", "text": "key"}, {"uri": "file:///b", "blob": "AAAA"}]});
    let messages =
        json!({"messages": [{"role": "user", "content": {"type": "text", "text": "review"}}]});
    let mut steps = Vec::new();
    for (id, method, params, answer) in [
        (1, "tools/list", json!({}), json!({"tools": []})),
        (2, "resources/read", json!({"uri": "file:///k"}), contents),
        (
            3,
            "prompts/get",
            json!({"name": "review", "arguments": {"lang": "rust"}}),
            messages,
        ),
        (
            4,
            "completion/complete",
            json!({}),
            json!({"completion": {}}),
        ),
    ] {
        steps.extend([
            ask("", &request(id, method, params)),
            document(&result(id, answer)),
        ]);
    }
    let events = events(&steps);
    assert_eq!(events.len(), 4, "{events:#?}");
    let (resource, read, prompt, filled) = (&events[0], &events[1], &events[2], &events[3]);
    assert_eq!(resource["data"]["tool"]["name"], "resources/read");
    assert_eq!(resource["data"]["arguments"], json!({"uri": "file:///k"}));
    assert_eq!(resource["attrs"]["mcp.resource.uri"], "file:///k");
    assert_eq!(read["data"]["result"], "key");
    let parts = &read["ext"]["oisp"]["output_parts"];
    assert_eq!(parts[1]["length"], 3);
    assert!(parts[1]["hash"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(prompt["data"]["tool"]["name"], "prompts/get");
    assert_eq!(
        prompt["data"]["arguments"],
        json!({"name": "review", "arguments": {"lang": "rust"}})
    );
    assert_eq!(filled["data"]["result"], "review");
}

#[test]
fn answers_in_a_stream_come_when_they_come() {
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": 1}});
    let events = events(&[
        ask("", &call(1, "run", json!({}))),
        stream(&[progress, result(1, text("done"))]),
        Close,
    ]);
    assert_eq!(one(&events, "agent.tool_result")["data"]["result"], "done");
}

#[test]
fn a_batch_is_answered_in_any_order() {
    let batch = json!([
        call(1, "a", json!({})),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        call("1", "b", json!({}))
    ]);
    let answers = json!([result("1", text("of b")), result(1, text("of a"))]);
    let events = events(&[ask("", &batch), document(&answers), Close]);
    let results: Vec<_> = of_type(&events, "agent.tool_result")
        .iter()
        .map(|event| {
            (
                event["data"]["tool"]["name"].clone(),
                event["data"]["result"].clone(),
            )
        })
        .collect();
    assert_eq!(
        results,
        [(json!("b"), json!("of b")), (json!("a"), json!("of a"))]
    );
}

#[test]
fn without_a_session_an_id_pairs_within_its_exchange_only() {
    // Two clients in one process, both counting from 1.
    let mut steps = vec![
        ask("", &call(1, "first", json!({}))),
        ask("", &call(1, "second", json!({}))),
    ];
    steps.extend([
        document(&result(1, text("one"))),
        document(&result(1, text("two"))),
        Close,
    ]);
    let events = events(&steps);
    for (tool, said) in [("first", "one"), ("second", "two")] {
        let results = of_type(&events, "agent.tool_result");
        let came = results
            .iter()
            .find(|event| event["data"]["tool"]["name"] == tool);
        assert_eq!(came.unwrap()["data"]["result"], said);
    }
}

#[test]
fn the_older_transport_answers_in_the_stream_that_names_the_session() {
    let listen =
        out("GET /sse HTTP/1.1\r\nHost: old.example.test\r\nAccept: text/event-stream\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let say = |message: &Value| {
        Out(post(
            "old.example.test",
            "/messages/?session_id=abc",
            "",
            &message.to_string(),
        ))
    };
    let accepted = || inn("HTTP/1.1 202 Accepted\r\nContent-Length: 8\r\n\r\nAccepted");
    let mut stream = Lane::new(1);
    let mut posts = Lane::new(2);
    let mut raw = Vec::new();
    raw.extend(stream.steps(&[
        listen,
        inn(head),
        inn("event: endpoint\ndata: /messages/?session_id=abc\n\n"),
    ]));
    raw.extend(posts.steps(&[say(&call(1, "slow", json!({}))), accepted()]));
    raw.extend(posts.steps(&[say(&call(2, "lost", json!({}))), accepted(), Close]));
    raw.extend(stream.steps(&[
        inn(&format!("{}\n\n", event(&result(1, text("late"))))),
        Close,
    ]));
    let events = decode(&raw);
    let results = of_type(&events, "agent.tool_result");
    assert_eq!(results.len(), 2, "{events:#?}");
    assert_eq!(results[0]["data"]["result"], "late");
    assert_eq!(results[0]["attrs"]["mcp.session.id"], "abc");
    assert_eq!(results[1]["data"]["tool"]["name"], "lost");
    assert_eq!(results[1]["confidence"]["completeness"], "partial");
    assert_eq!(results[1]["data"].get("success"), None);
}

#[test]
fn an_answer_may_come_in_the_listening_stream_of_the_session() {
    let listen = out(&format!(
        "GET /mcp HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\nMcp-Session-Id: s-2\r\nLast-Event-ID: 4\r\n\r\n"
    ));
    let mut steps = handshake("s-2").to_vec();
    steps.extend([
        ask("Mcp-Session-Id: s-2\r\n", &call(5, "slow", json!({}))),
        In(sse_response(&["id: 4\ndata: "])),
        listen,
        stream(&[result(5, text("resumed"))]),
        Close,
    ]);
    let events = events(&steps);
    let came = one(&events, "agent.tool_result");
    assert_eq!(came["data"]["result"], "resumed");
    assert_eq!(came["data"]["tool"]["server"], "files");
}

#[test]
fn a_stream_that_lasts_is_read_however_much_went_over_it() {
    let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "debug", "data": "x".repeat(1 << 20)}});
    let note = format!("{}\n\n", event(&note));
    let mut steps = vec![
        ask("", &call(1, "talk", json!({}))),
        inn("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
    ];
    steps.extend((0..60).map(|_| inn(&note)));
    steps.extend([
        inn(&format!("{}\n\n", event(&result(1, text("at last"))))),
        Close,
    ]);
    let events = events(&steps);
    assert_eq!(
        one(&events, "agent.tool_result")["data"]["result"],
        "at last"
    );
}

#[test]
fn other_streams_and_other_json_rpc_make_nothing() {
    let listen = out("GET /news HTTP/1.1\r\nHost: x.test\r\nAccept: text/event-stream\r\n\r\n");
    let events = events(&[
        listen,
        In(sse_response(&[
            "data: {\"price\": 1}",
            &event(&result(1, text("x"))),
        ])),
        ask(
            "",
            &json!({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": []}),
        ),
        document(&json!({"jsonrpc": "2.0", "id": 1, "result": "0x"})),
        ask(
            "",
            &json!({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover"}),
        ),
        document(&result(1, json!({}))),
        Close,
    ]);
    assert!(events.is_empty(), "{events:#?}");
}

#[test]
fn a_cancelled_and_a_cut_call_have_no_known_outcome() {
    let mut steps = handshake("s-3").to_vec();
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "user"}});
    steps.extend([
        ask("Mcp-Session-Id: s-3\r\n", &call(1, "long", json!({}))),
        ask("Mcp-Session-Id: s-3\r\n", &cancel),
        inn("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: wait\n\n"),
        Close,
        ask("Mcp-Session-Id: s-3\r\n", &call(2, "torn", json!({}))),
        Close,
    ]);
    let events = events(&steps);
    let results = of_type(&events, "agent.tool_result");
    let cancelled = results
        .iter()
        .find(|event| event["data"]["call_id"] == "1")
        .unwrap();
    assert_eq!(
        cancelled["data"]["error"],
        json!({"type": "cancelled", "message": "user"})
    );
    assert_eq!(cancelled["confidence"]["reasons"], json!(["cancelled"]));
    let torn = results
        .iter()
        .find(|event| event["data"]["call_id"] == "2")
        .unwrap();
    assert_eq!(torn["data"].get("success"), None);
    assert_eq!(torn["data"].get("duration_ms"), None);
    assert_eq!(torn["confidence"]["completeness"], "partial");
    assert_eq!(results.len(), 2);
}

#[test]
fn without_a_session_nobody_knows_whose_call_is_cancelled() {
    let cancel =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let events = events(&[
        ask("", &call(1, "run", json!({}))),
        ask("", &cancel),
        document(&result(1, text("done"))),
        Close,
    ]);
    assert_eq!(one(&events, "agent.tool_result")["data"]["result"], "done");
}

#[test]
fn a_request_that_says_all_itself() {
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
                      "io.modelcontextprotocol/clientInfo": {"name": "newer", "version": "2"}});
    let mut first = call(1, "deploy", json!({"to": "prod"}));
    first["params"]["_meta"] = meta.clone();
    let mut again = first.clone();
    again["id"] = json!(2);
    again["params"]["requestState"] = json!("opaque");
    again["params"]["inputResponses"] = json!({"q": {"action": "accept"}});
    let fields =
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: deploy\r\n";
    let mut done = result(2, text("done"));
    done["result"]["resultType"] = json!("complete");
    done["result"]["_meta"] =
        json!({"io.modelcontextprotocol/serverInfo": {"name": "ops", "version": "1"}});
    let events = events(&[
        ask(fields, &first),
        document(&result(
            1,
            json!({"resultType": "input_required", "inputRequests": {}, "requestState": "opaque"}),
        )),
        ask(fields, &again),
        document(&done),
        Close,
    ]);
    let (calls, results) = (
        of_type(&events, "agent.tool_call"),
        of_type(&events, "agent.tool_result"),
    );
    assert_eq!(calls[0]["data"]["agent"]["name"], "newer");
    assert_eq!(calls[0]["attrs"]["mcp.protocol.version"], "2026-07-28");
    assert_eq!(results[0]["data"].get("success"), None);
    assert_eq!(
        results[0]["attrs"]["oisp.mcp.result_type"],
        "input_required"
    );
    assert_eq!(
        calls[1]["related_events"],
        json!([{"event_id": calls[0]["event_id"], "relationship": "related"}])
    );
    assert_eq!(results[1]["data"]["success"], true);
    assert_eq!(results[1]["data"]["tool"]["server"], "ops");
}

#[test]
fn the_head_tells_of_a_call_whose_body_was_lost() {
    let message = call(9, "wipe", json!({"disk": "x".repeat(200)})).to_string();
    let whole = post(
        HOST,
        "/mcp",
        "Mcp-Method: tools/call\r\nMcp-Name: wipe\r\n",
        &message,
    );
    let cut = whole.len() - 150;
    let events = events(&[
        Out(whole[..cut].to_vec()),
        GapOut(100),
        Out(whole[cut + 100..].to_vec()),
        document(&result(9, text("gone"))),
        Close,
    ]);
    let called = one(&events, "agent.tool_call");
    assert_eq!(called["data"]["tool"]["name"], "wipe");
    assert_eq!(called["data"].get("arguments"), None);
    assert_eq!(called["confidence"]["completeness"], "partial");
    let came = one(&events, "agent.tool_result");
    assert_eq!(came["data"]["call_id"], "9");
    assert_eq!(came["data"]["result"], "gone");
}

#[test]
fn a_gap_in_an_answer_takes_the_result_and_nothing_else() {
    let answer = event(&result(1, text(&"y".repeat(300))));
    let body = format!("{}\n\n", answer);
    let events = events(&[
        ask("", &call(1, "run", json!({}))),
        inn(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\n\r\n{}",
            body.len(),
            &body[..100]
        )),
        GapIn(50),
        inn(&body[150..]),
        ask("", &call(2, "run", json!({}))),
        document(&result(2, text("next"))),
        Close,
    ]);
    let results = of_type(&events, "agent.tool_result");
    assert_eq!(results[0]["data"].get("result"), None);
    assert_eq!(results[0]["confidence"]["reasons"], json!(["bytes_lost"]));
    assert_eq!(results[1]["data"]["result"], "next");
}

#[test]
fn a_call_that_becomes_a_task_ends_with_the_task() {
    let mut steps = handshake("s-4").to_vec();
    let get = |id: u64, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"taskId": "t-1"}});
    let field = "Mcp-Session-Id: s-4\r\n";
    steps.extend([
        ask(field, &call(1, "build", json!({}))),
        document(&result(
            1,
            json!({"task": {"taskId": "t-1", "status": "working"}}),
        )),
        ask(field, &get(2, "tasks/get")),
        document(&result(2, json!({"taskId": "t-1", "status": "working"}))),
        ask(field, &get(3, "tasks/result")),
        document(&result(3, text("built"))),
        Close,
    ]);
    let events = events(&steps);
    let came = one(&events, "agent.tool_result");
    assert_eq!(came["data"]["call_id"], "1");
    assert_eq!(came["data"]["result"], "built");
    assert_eq!(came["data"]["duration_ms"], 5);
}

#[test]
fn a_server_asks_for_the_clients_model() {
    let mut steps = handshake("s-5").to_vec();
    let field = "Mcp-Session-Id: s-5\r\n";
    let sample = json!({"jsonrpc": "2.0", "id": "srv-1", "method": "sampling/createMessage", "params": {
        "systemPrompt": "be brief", "maxTokens": 50, "temperature": 0.5,
        "modelPreferences": {"hints": [{"name": "small"}]},
        "messages": [{"role": "user", "content": {"type": "text", "text": "sum up"}},
                     {"role": "user", "content": [{"type": "tool_result", "toolUseId": "u1", "content": [{"type": "text", "text": "42"}]}]}]}});
    let sampled = result(
        "srv-1",
        json!({"role": "assistant", "model": "made-up-small", "stopReason": "endTurn",
                         "content": {"type": "text", "text": "short"}}),
    );
    let mut stream = Lane::new(1);
    let mut posts = Lane::new(2);
    let mut raw = stream.steps(&steps);
    steps.clear();
    raw.extend(stream.steps(&[
        ask(field, &call(1, "digest", json!({}))),
        inn("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
        inn(&format!("{}\n\n", event(&sample))),
    ]));
    raw.extend(posts.steps(&[
        ask(field, &sampled),
        inn("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
    ]));
    raw.extend(stream.steps(&[
        inn(&format!("{}\n\n", event(&result(1, text("digest"))))),
        Close,
    ]));
    let events = decode(&raw);
    let (request, response) = (one(&events, "ai.request"), one(&events, "ai.response"));
    let messages = &request["data"]["messages"];
    assert_eq!(messages[0]["role"], "system");
    assert_eq!(messages[1]["content"], "sum up");
    assert_eq!(messages[2]["role"], "tool");
    assert_eq!(messages[2]["tool_call_id"], "u1");
    assert_eq!(request["data"]["parameters"]["max_tokens"], 50);
    assert_eq!(request["attrs"]["oisp.dialect"], "mcp.sampling");
    assert_eq!(request["attrs"]["oisp.side"], "server");
    assert_eq!(request["attrs"]["oisp.mcp.model_hints"], json!(["small"]));
    assert_eq!(request["attrs"]["mcp.session.id"], "s-5");
    assert_eq!(request["source"]["capture_point"], "ssl_read");
    assert_eq!(
        response["data"]["request_id"],
        request["data"]["request_id"]
    );
    assert_eq!(
        response["data"]["choices"][0]["message"]["content"],
        "short"
    );
    assert_eq!(response["data"]["model"]["id"], "made-up-small");
    assert_eq!(response["data"]["success"], true);
    assert_eq!(response["source"]["capture_point"], "ssl_write");
    assert_eq!(
        one(&events, "agent.tool_result")["data"]["result"],
        "digest"
    );
}

#[test]
fn deep_and_odd_messages_are_passed_over() {
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let odd = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 5}}),
        json!({"jsonrpc": "2.0", "id": {}, "method": "tools/call", "params": {"name": "x"}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x".repeat(5000)}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": []}),
    ];
    let mut steps = vec![
        Out(post(HOST, "/mcp", "", &deep)),
        document(&result(1, text("x"))),
    ];
    for message in odd {
        steps.extend([ask("", &message), document(&result(1, text("x")))]);
    }
    steps.push(Close);
    let events = events(&steps);
    assert!(events.is_empty(), "{events:#?}");
}

#[test]
fn a_call_names_the_models_decision_that_it_carries_out() {
    let decide = |calls: Value| {
        let answer = json!({"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": null, "tool_calls": calls}}]});
        [
            Out(chat_request(ASK)),
            In(json_response(&answer.to_string())),
        ]
    };
    let function = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let (mut model, mut server) = (Lane::new(1), Lane::new(2));
    let mut raw = model.steps(&decide(json!([
        function("a", "mcp__files__read", "{\"path\":\"a.txt\",\"n\":1}"),
        function("b", "mcp__files__read", "{\"path\":\"b.txt\"}"),
        function("c", "twice", "{}"),
        function("d", "twice", "{}"),
        function("e", "spread", "{}"),
    ])));
    let uses = [
        ("read", json!({"n": 1, "path": "a.txt"}), Some("a")),
        ("read", json!({"path": "c.txt"}), None),
        ("twice", json!({}), None),
        ("read_all", json!({"path": "b.txt"}), None),
        ("ead", json!({"path": "b.txt"}), None),
    ];
    for (id, (tool, arguments, _)) in uses.iter().enumerate() {
        raw.extend(server.steps(&[
            ask("", &call(id, tool, arguments.clone())),
            document(&result(id, text("x"))),
        ]));
    }
    let events = decode(&raw);
    let calls = of_type(&events, "agent.tool_call");
    let (decided, made): (Vec<&Value>, Vec<&Value>) = calls
        .into_iter()
        .partition(|event| event["data"]["tool"].get("provider").is_none());
    for (event, (tool, arguments, by)) in made.iter().zip(&uses) {
        let told = decided
            .iter()
            .find(|event| Some(event["data"]["call_id"].as_str().unwrap()) == *by);
        let ties =
            told.map(|event| json!([{"event_id": event["event_id"], "relationship": "caused_by"}]));
        assert_eq!(
            event.get("related_events").cloned(),
            ties,
            "{tool} {arguments}"
        );
        assert_eq!(
            event["data"].get("triggered_by").is_some(),
            by.is_some(),
            "{tool} {arguments}"
        );
    }
    assert_eq!(made.len(), uses.len());
}
