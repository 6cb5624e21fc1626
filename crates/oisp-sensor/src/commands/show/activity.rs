//! What processes did, an event a line: programs, files, the network, tools.

use serde_json::Value;

use super::call::{number, text, time};
use crate::output::{bytes, first_line, printable};

/// Longest text of one event.
const MOST: usize = 160;

/// One event in a line.
pub(super) fn line(event: &Value) -> String {
    let who = text(event, "/process/name").unwrap_or_default();
    format!(
        "{}  {:<16} {:<8} {:<15} {}",
        time(event),
        text(event, "/event_type").unwrap_or_default(),
        number(event, "/process/pid"),
        first_line(&who, 15),
        what(event)
    )
}

/// What happened, in words.
pub(super) fn what(event: &Value) -> String {
    let kind = text(event, "/event_type").unwrap_or_default();
    let said = match kind.as_str() {
        "process.exec" => command(event),
        "process.fork" => format!("made {}", number(event, "/data/child_pid")),
        "process.exit" => exit(event),
        "file.open" => format!("{}  {}", of(event, "path"), flags(event)),
        "file.write" => write(event),
        "file.delete" => of(event, "path"),
        "file.rename" => format!("{} → {}", of(event, "old_path"), of(event, "new_path")),
        "network.connect" => connect(event),
        "network.accept" => format!("from {}", end(event, "src")),
        "network.flow" => flow(event),
        "network.dns" => dns(event),
        "agent.tool_call" => tool(event),
        _ => event.get("data").map(Value::to_string).unwrap_or_default(),
    };
    first_line(&printable(&said).replace(['\n', '\t'], " "), MOST)
}

fn of(event: &Value, field: &str) -> String {
    text(event, &format!("/data/{field}")).unwrap_or_default()
}

fn command(event: &Value) -> String {
    let args = event.pointer("/data/args").and_then(Value::as_array);
    let args: Vec<_> = args
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if args.is_empty() {
        return of(event, "exe");
    }
    args.join(" ")
}

fn exit(event: &Value) -> String {
    let how = text(event, "/data/signal_name")
        .unwrap_or_else(|| format!("exit {}", number(event, "/data/exit_code")));
    let runtime = number(event, "/data/runtime_ms");
    if runtime.is_empty() {
        return how;
    }
    format!("{how} after {runtime} ms")
}

fn flags(event: &Value) -> String {
    let flags = event.pointer("/data/flags").and_then(Value::as_array);
    let flags: Vec<_> = flags
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    flags.join(", ")
}

fn write(event: &Value) -> String {
    let is = |field: &str| event.pointer(field) == Some(&Value::Bool(true));
    let made = match (is("/data/created"), is("/data/truncated")) {
        (true, _) => ", new",
        (false, true) => ", replaced",
        (false, false) => "",
    };
    let size = count(event, "bytes_written").unwrap_or_default();
    format!("{}  {size}{made}", of(event, "path"))
}

fn connect(event: &Value) -> String {
    let how = text(event, "/data/error").unwrap_or_else(|| "connected".into());
    let latency = event.pointer("/data/latency_ms").and_then(Value::as_f64);
    let latency = latency.map(|ms| format!(", {ms} ms")).unwrap_or_default();
    format!("{}  {how}{latency}", end(event, "dest"))
}

fn flow(event: &Value) -> String {
    let inbound = text(event, "/data/direction").as_deref() == Some("inbound");
    let (arrow, other) = if inbound {
        ("from", "src")
    } else {
        ("to", "dest")
    };
    let counts = [("sent", "bytes_sent"), ("received", "bytes_received")];
    let counts = counts
        .into_iter()
        .filter_map(|(word, field)| Some(format!(", {word} {}", count(event, field)?)));
    let counts: String = counts.collect();
    let duration = number(event, "/data/duration_ms");
    let duration = if duration.is_empty() {
        duration
    } else {
        format!(", {duration} ms")
    };
    format!("{arrow} {}{counts}{duration}", end(event, other))
}

fn dns(event: &Value) -> String {
    let answers = event.pointer("/data/answers").and_then(Value::as_array);
    let answers: Vec<_> = answers
        .into_iter()
        .flatten()
        .filter_map(|answer| answer.get("value")?.as_str())
        .collect();
    let said = if answers.is_empty() {
        of(event, "response_code")
    } else {
        answers.join(", ")
    };
    format!(
        "{} {} → {said}",
        of(event, "query_name"),
        of(event, "query_type")
    )
}

fn tool(event: &Value) -> String {
    let arguments = event.pointer("/data/arguments");
    let arguments = arguments.map(Value::to_string).unwrap_or_default();
    let name = text(event, "/data/tool/name").unwrap_or_default();
    format!("{name} {arguments}")
}

/// An end of a connection: its name, and its address.
fn end(event: &Value, which: &str) -> String {
    let ip = of(event, &format!("{which}/ip"));
    let port = number(event, &format!("/data/{which}/port"));
    let address = if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    };
    match text(event, &format!("/data/{which}/domain")) {
        Some(domain) => format!("{domain} ({address})"),
        None => address,
    }
}

fn count(event: &Value, field: &str) -> Option<String> {
    let count = event.pointer(&format!("/data/{field}"))?.as_u64()?;
    Some(bytes(count))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_reads_well() {
        let end = |ip: &str| json!({"ip": ip, "port": 443, "is_private": false});
        let named = json!({"ip": "198.51.100.4", "port": 443, "domain": "example.com"});
        for (kind, data, expected) in [
            (
                "process.exec",
                json!({"exe": "/bin/sh", "args": ["sh", "-c", "a\nb"]}),
                "sh -c a b",
            ),
            ("process.exec", json!({"exe": "/bin/sh"}), "/bin/sh"),
            (
                "process.exit",
                json!({"exit_code": 3, "runtime_ms": 70}),
                "exit 3 after 70 ms",
            ),
            (
                "process.exit",
                json!({"exit_code": 137, "signal": 9, "signal_name": "SIGKILL"}),
                "SIGKILL",
            ),
            (
                "file.open",
                json!({"path": "/a", "flags": ["read", "write"]}),
                "/a  read, write",
            ),
            (
                "file.write",
                json!({"path": "/a", "bytes_written": 1536, "created": true, "truncated": false}),
                "/a  1.5 KiB, new",
            ),
            (
                "file.write",
                json!({"path": "/a", "bytes_written": 5, "created": false, "truncated": true}),
                "/a  5 B, replaced",
            ),
            (
                "file.delete",
                json!({"path": "/a\u{1b}[31m"}),
                "/a\u{fffd}[31m",
            ),
            (
                "file.rename",
                json!({"old_path": "/a", "new_path": "/b"}),
                "/a → /b",
            ),
            (
                "network.connect",
                json!({"dest": named, "success": true, "latency_ms": 18.25}),
                "example.com (198.51.100.4:443)  connected, 18.25 ms",
            ),
            (
                "network.connect",
                json!({"dest": end("2001:db8::1"), "error": "connection refused"}),
                "[2001:db8::1]:443  connection refused",
            ),
            (
                "network.accept",
                json!({"src": end("192.0.2.1")}),
                "from 192.0.2.1:443",
            ),
            (
                "network.flow",
                json!({"direction": "outbound", "dest": named, "src": end("192.0.2.1"), "bytes_sent": 5, "bytes_received": 2048, "duration_ms": 9}),
                "to example.com (198.51.100.4:443), sent 5 B, received 2.0 KiB, 9 ms",
            ),
            (
                "network.flow",
                json!({"direction": "inbound", "dest": named, "src": end("192.0.2.1")}),
                "from 192.0.2.1:443",
            ),
            (
                "network.dns",
                json!({"query_name": "a.example", "query_type": "A", "response_code": "NXDOMAIN"}),
                "a.example A → NXDOMAIN",
            ),
            (
                "network.dns",
                json!({"query_name": "a.example", "query_type": "A", "answers": [{"value": "192.0.2.1"}]}),
                "a.example A → 192.0.2.1",
            ),
            (
                "agent.tool_call",
                json!({"tool": {"name": "run"}, "arguments": {"a": 1}}),
                "run {\"a\":1}",
            ),
        ] {
            let event = json!({"event_type": kind, "data": data});
            assert_eq!(what(&event), expected, "{kind}");
        }
    }
}
