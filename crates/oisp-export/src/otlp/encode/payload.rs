//! What the events of each type say beyond what any event says. Text of
//! conversations and tools is no part of it: that is `content.rs`.

use serde_json::Value;

use super::attributes::Attributes;
use super::event::Event;
use super::{gen_ai, subject};

type Table = &'static [(&'static str, &'static str)];

const CHUNK: Table = &[
    ("/data/request_id", "oisp.request_id"),
    ("/data/chunk_index", "oisp.chunk.index"),
    ("/data/finish_reason", "oisp.finish_reason"),
];

const TOOL: Table = &[
    ("/data/tool/name", "gen_ai.tool.name"),
    ("/data/call_id", "gen_ai.tool.call.id"),
    ("/data/tool/provider", "oisp.tool.provider"),
    ("/data/tool/server", "oisp.tool.server"),
    ("/data/agent/name", "gen_ai.agent.name"),
    ("/data/agent/version", "gen_ai.agent.version"),
    ("/data/triggered_by", "oisp.tool_call.triggered_by"),
    ("/data/success", "oisp.tool.success"),
    ("/data/result_size_bytes", "oisp.tool.result.size"),
    ("/data/duration_ms", "oisp.duration_ms"),
];

const SESSION: Table = &[
    ("/data/session_id", "gen_ai.conversation.id"),
    ("/data/action", "oisp.session.action"),
    ("/data/agent/name", "gen_ai.agent.name"),
    ("/data/agent/version", "gen_ai.agent.version"),
    ("/data/duration_ms", "oisp.duration_ms"),
    ("/data/stats/llm_calls", "oisp.session.llm_calls"),
    ("/data/stats/tool_calls", "oisp.session.tool_calls"),
    ("/data/stats/tokens_used", "oisp.session.tokens_used"),
    (
        "/data/stats/estimated_cost_usd",
        "oisp.session.estimated_cost_usd",
    ),
];

const EXEC: Table = &[
    ("/data/exe", "process.executable.path"),
    ("/data/args", "process.command_args"),
    ("/data/cwd", "process.working_directory"),
    ("/data/interpreter", "oisp.process.interpreter"),
    ("/data/script_path", "oisp.process.script_path"),
    ("/data/is_script", "oisp.process.is_script"),
    ("/data/is_shell", "oisp.process.is_shell"),
];

const FORK: Table = &[("/data/child_pid", "oisp.process.child_pid")];

const EXIT: Table = &[
    ("/data/exit_code", "process.exit.code"),
    ("/data/signal", "oisp.process.exit.signal"),
    ("/data/signal_name", "oisp.process.exit.signal_name"),
    ("/data/termination_type", "oisp.process.exit.termination"),
    ("/data/runtime_ms", "oisp.process.runtime_ms"),
    ("/data/cpu_user_ms", "oisp.process.cpu_user_ms"),
    ("/data/cpu_system_ms", "oisp.process.cpu_system_ms"),
    ("/data/max_rss_kb", "oisp.process.max_rss_kb"),
];

const FILE: Table = &[
    ("/data/path", "file.path"),
    ("/data/new_path", "file.path"),
    ("/data/old_path", "oisp.file.old_path"),
    ("/data/file/name", "file.name"),
    ("/data/file/extension", "file.extension"),
    ("/data/file/size", "file.size"),
    ("/data/flags", "oisp.file.flags"),
    ("/data/bytes_written", "oisp.file.bytes_written"),
    ("/data/truncated", "oisp.file.truncated"),
    ("/data/created", "oisp.file.created"),
];

const CONNECT: Table = &[
    ("/data/dest/ip", "network.peer.address"),
    ("/data/dest/port", "network.peer.port"),
    ("/data/dest/domain", "server.address"),
    ("/data/src/ip", "network.local.address"),
    ("/data/src/port", "network.local.port"),
    ("/data/protocol", "network.transport"),
    ("/data/success", "oisp.network.success"),
    ("/data/latency_ms", "oisp.network.latency_ms"),
    ("/data/direction", "oisp.network.direction"),
    ("/data/bytes_sent", "oisp.network.bytes_sent"),
    ("/data/bytes_received", "oisp.network.bytes_received"),
    ("/data/duration_ms", "oisp.duration_ms"),
    ("/data/tls/sni", "tls.client.server_name"),
];

const ACCEPT: Table = &[
    ("/data/src/ip", "network.peer.address"),
    ("/data/src/port", "network.peer.port"),
    ("/data/dest/ip", "network.local.address"),
    ("/data/dest/port", "network.local.port"),
    ("/data/protocol", "network.transport"),
];

const DNS: Table = &[
    ("/data/query_name", "dns.question.name"),
    ("/data/query_type", "oisp.dns.query_type"),
    ("/data/response_code", "oisp.dns.response_code"),
    ("/data/resolver", "oisp.dns.resolver"),
    ("/data/latency_ms", "oisp.network.latency_ms"),
];

/// Everything that an event says, content aside.
pub(super) fn attributes(event: &Event) -> Attributes {
    let mut attributes = subject::attributes(event);
    let table: Table = match event.kind() {
        "ai.request" => {
            gen_ai::request(&mut attributes, event);
            &[]
        }
        "ai.response" => {
            gen_ai::answer(&mut attributes, event);
            &[]
        }
        "ai.embedding" => {
            gen_ai::embedding(&mut attributes, event);
            &[]
        }
        "ai.streaming_chunk" => CHUNK,
        "agent.tool_call" | "agent.tool_result" => TOOL,
        "agent.session" => SESSION,
        "process.exec" => EXEC,
        "process.fork" => FORK,
        "process.exit" => EXIT,
        "network.connect" | "network.flow" => CONNECT,
        "network.accept" => ACCEPT,
        "network.dns" => DNS,
        kind if kind.starts_with("file.") => FILE,
        _ => &[],
    };
    subject::add(&mut attributes, event, table);
    match event.kind() {
        "agent.tool_call" | "agent.tool_result" => tool(&mut attributes, event),
        "network.connect" => attributes.text("error.type", event.text("/data/error")),
        "network.dns" => answers(&mut attributes, event),
        _ => {}
    }
    attributes
}

fn tool(attributes: &mut Attributes, event: &Event) {
    // The event's own attributes are those of the exchange that it was read from.
    attributes.text("gen_ai.operation.name", "execute_tool");
    if event.text("/data/triggered_by") == Some("llm_decision")
        && event.attr("mcp.method.name").is_none()
    {
        attributes.text("gen_ai.tool.type", "function");
    }
    attributes.text("error.type", tool_error(event).as_deref());
}

/// What kind of error a tool ended with.
pub(super) fn tool_error(event: &Event) -> Option<String> {
    if event.at("/data/success") != Some(&Value::Bool(false)) {
        return None;
    }
    let fallback = match event.attr("mcp.method.name") {
        Some(_) => "tool_error",
        None => "_OTHER",
    };
    let kind = event.text("/data/error/type").unwrap_or(fallback);
    Some(kind.to_owned())
}

fn answers(attributes: &mut Attributes, event: &Event) {
    let answers = event.list("/data/answers").iter();
    let values: Vec<Value> = answers
        .filter_map(|answer| answer.get("value").cloned())
        .collect();
    if !values.is_empty() {
        attributes.set("dns.answers", &Value::Array(values));
    }
}
