//! Made-up events, as the log holds them.

use std::sync::Arc;

use oisp_core::SafeEvent;
use oisp_store::Stored;
use serde_json::{Value, json};

/// Events in the log, numbered from 1.
pub(super) fn stored(events: Vec<Value>) -> Vec<Arc<Stored>> {
    let numbered = events.into_iter().zip(1..);
    numbered
        .map(|(event, seq)| {
            let event = SafeEvent::from_redacted(event.as_object().unwrap());
            Arc::new(Stored { seq, event })
        })
        .collect()
}

fn event(id: &str, kind: &str, ts: &str, data: Value) -> Value {
    json!({
        "oisp_version": "0.1",
        "event_id": id,
        "event_type": kind,
        "ts": ts,
        "host": {"hostname": "box", "device_id": "d-1", "os": "linux", "os_version": "Debian 13",
            "arch": "x86_64", "kernel_version": "6.12.0"},
        "actor": {"uid": 1000, "user": "ada"},
        "process": {"pid": 42, "ppid": 7, "exe": "/usr/bin/python3.13", "name": "python3",
            "cmdline": "python3 ask.py", "cwd": "/home/ada", "start_time": "2026-03-04T05:06:00.000000Z"},
        "source": {"collector": "oisp-sensor", "collector_version": "0.1.0",
            "capture_method": "tls_boundary", "capture_point": "ssl_write"},
        "confidence": {"level": "high", "completeness": "full"},
        "data": data,
    })
}

fn with(mut event: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(more);
    event
}

fn own_context() -> Value {
    json!({"trace_id": "0123456789abcdef0123456789abcdef", "span_id": "0123456789abcdef"})
}

/// A question that leads to a tool call.
pub(super) fn request() -> Value {
    let data = json!({
        "request_id": "req_01REQUEST",
        "conversation_id": "conv_a",
        "provider": {"name": "openai", "endpoint": "https://api.openai.com/v1/chat/completions"},
        "model": {"id": "gpt-4o", "family": "gpt-4o"},
        "request_type": "chat",
        "streaming": true,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "List the files."},
        ],
        "messages_count": 2,
        "parameters": {"temperature": 0.5, "max_tokens": 100, "stop": ["END"]},
        "tools_count": 1,
    });
    let attrs = json!({
        "oisp.side": "client", "oisp.dialect": "openai.chat",
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "gen_ai.request.top_k": 40, "gen_ai.request.reasoning.level": "high",
        "network.peer.address": "192.0.2.7", "network.peer.port": 443,
    });
    let event = event(
        "01REQUEST",
        "ai.request",
        "2026-03-04T05:06:07.000000Z",
        data,
    );
    with(
        event,
        json!({"attrs": attrs, "trace_context": own_context()}),
    )
}

/// Its answer, streamed within 1.5 seconds.
pub(super) fn response() -> Value {
    let data = json!({
        "request_id": "req_01REQUEST",
        "conversation_id": "conv_a",
        "provider": {"name": "openai", "endpoint": "https://api.openai.com/v1/chat/completions"},
        "model": {"id": "gpt-4o-2024-08-06"},
        "status_code": 200,
        "success": true,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "I look."}, "finish_reason": "tool_calls"}],
        "tool_calls": [{"id": "call_1", "name": "shell", "type": "function", "arguments": {"command": "ls"}}],
        "tool_calls_count": 1,
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150,
            "cached_tokens": 100, "reasoning_tokens": 5, "total_cost_usd": 0.0006},
        "latency_ms": 1500,
        "time_to_first_token_ms": 320,
        "finish_reason": "tool_calls",
    });
    let attrs = json!({
        "oisp.side": "client", "oisp.streamed": true,
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "gen_ai.response.id": "chatcmpl-1", "gen_ai.response.finish_reasons": ["tool_calls"],
        "gen_ai.usage.cache_creation.input_tokens": 12,
    });
    let event = event(
        "01RESPONSE",
        "ai.response",
        "2026-03-04T05:06:08.500000Z",
        data,
    );
    with(
        event,
        json!({
            "attrs": attrs,
            "ext": {"oisp": {"output_messages": [{"choice": 0, "role": "assistant",
                "parts": [{"type": "reasoning", "content": "Files, so ls."}]}]}},
            "trace_context": own_context(),
            "related_events": [{"event_id": "01REQUEST", "relationship": "parent"}],
        }),
    )
}

/// The tool call that the answer asks for.
pub(super) fn tool_call() -> Value {
    let data = json!({
        "tool": {"name": "shell"}, "call_id": "call_1", "triggered_by": "llm_decision",
        "arguments": {"command": "ls"},
    });
    let attrs = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "oisp.side": "client", "oisp.request_id": "req_01REQUEST", "gen_ai.conversation.id": "conv_a"});
    let event = event(
        "01CALL",
        "agent.tool_call",
        "2026-03-04T05:06:08.500000Z",
        data,
    );
    with(
        event,
        json!({"attrs": attrs, "trace_context": own_context(),
            "related_events": [{"event_id": "01RESPONSE", "relationship": "caused_by"}]}),
    )
}

/// What the call runs.
pub(super) fn exec() -> Value {
    let data = json!({"exe": "/usr/bin/ls", "args": ["ls"], "is_shell": false});
    let event = event(
        "01EXEC",
        "process.exec",
        "2026-03-04T05:06:08.600000Z",
        data,
    );
    with(
        event,
        json!({"related_events": [{"event_id": "01CALL", "relationship": "caused_by"}]}),
    )
}

/// What the call gives, told by the next request.
pub(super) fn tool_result() -> Value {
    let data = json!({
        "tool": {"name": "shell"}, "call_id": "call_1", "success": false,
        "error": {"type": "exit_status"}, "result": "no such directory", "result_size_bytes": 17,
    });
    let attrs = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "oisp.side": "client", "oisp.request_id": "req_01NEXT", "gen_ai.conversation.id": "conv_a"});
    let event = event(
        "01RESULT",
        "agent.tool_result",
        "2026-03-04T05:06:09.000000Z",
        data,
    );
    with(
        event,
        json!({"attrs": attrs, "trace_context": own_context(), "related_events": [
            {"event_id": "01CALL", "relationship": "caused_by"},
            {"event_id": "01NEXT", "relationship": "parent"},
        ]}),
    )
}

/// A connection, of which no tool call is the cause.
pub(super) fn connect() -> Value {
    let data = json!({
        "dest": {"ip": "192.0.2.7", "port": 443, "domain": "api.openai.com", "is_private": false},
        "protocol": "tcp", "success": false, "error": "ECONNREFUSED", "latency_ms": 1.25,
    });
    event(
        "01CONNECT",
        "network.connect",
        "2026-03-04T05:06:06.900000Z",
        data,
    )
}

/// A call that failed, of a client that sends `traceparent`.
pub(super) fn failed() -> [Value; 2] {
    let context = json!({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7", "trace_flags": 1});
    let attrs = json!({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "oisp.side": "client", "oisp.streamed": false});
    let provider =
        json!({"name": "openai", "endpoint": "http://localhost:8080/v1/chat/completions"});
    let asked = json!({"request_id": "req_01ASKED", "conversation_id": "conv_b",
        "provider": provider, "model": {"id": "gpt-4o"}, "streaming": false});
    let answered = json!({"request_id": "req_01ASKED", "conversation_id": "conv_b",
        "provider": provider, "model": {"id": "gpt-4o"}, "status_code": 429, "success": false,
        "error": {"type": "rate_limit_error", "message": "slow down"}, "latency_ms": 40,
        "finish_reason": "error"});
    let asked = event(
        "01ASKED",
        "ai.request",
        "2026-03-04T05:07:00.000000Z",
        asked,
    );
    let answered = event(
        "01FAILED",
        "ai.response",
        "2026-03-04T05:07:00.040000Z",
        answered,
    );
    [
        with(asked, json!({"attrs": attrs, "trace_context": context})),
        with(
            answered,
            json!({"attrs": attrs, "trace_context": context,
                "related_events": [{"event_id": "01ASKED", "relationship": "parent"}]}),
        ),
    ]
}

/// A tool of an MCP server, called because a model decided it.
pub(super) fn mcp() -> [Value; 2] {
    let attrs = json!({"mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search", "network.transport": "pipe", "oisp.side": "client",
        "jsonrpc.request.id": "3"});
    let tool = json!({"name": "search", "provider": "mcp", "server": "docs"});
    let called = json!({"tool": tool, "call_id": "3", "triggered_by": "llm_decision",
        "arguments": {"q": "otlp"}});
    let gave = json!({"tool": tool, "call_id": "3", "success": true, "result": {"hits": 2},
        "duration_ms": 200});
    let called = event(
        "01MCPCALL",
        "agent.tool_call",
        "2026-03-04T05:06:08.550000Z",
        called,
    );
    let gave = event(
        "01MCPGAVE",
        "agent.tool_result",
        "2026-03-04T05:06:08.750000Z",
        gave,
    );
    [
        with(
            called,
            json!({"attrs": attrs, "related_events": [{"event_id": "01CALL", "relationship": "caused_by"}]}),
        ),
        with(
            gave,
            json!({"attrs": attrs, "related_events": [{"event_id": "01MCPCALL", "relationship": "caused_by"}]}),
        ),
    ]
}

/// The exchange with its tool, in the order of the log.
pub(super) fn exchange() -> Vec<Value> {
    vec![
        connect(),
        request(),
        response(),
        tool_call(),
        exec(),
        tool_result(),
    ]
}
