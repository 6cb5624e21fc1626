//! What the made-up programs do: an agent that mends a test, a script that
//! sums up tickets, a local model, and the calls that go wrong.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oisp_core::{EventId, SafeEvent, Timestamp};
use serde_json::{Map, Value, json};

const LONG: usize = 5 << 20;

/// Everything before now.
pub(crate) fn past() -> Vec<SafeEvent> {
    let mut story = Story {
        ago: 1_130.0,
        events: Vec::new(),
        n: 0,
    };
    story.processes();
    for round in 0..24 {
        story.summary(round);
    }
    story.agent();
    story.failures();
    story.redacted();
    story.local_model();
    story.long();
    story.events
}

/// One streamed call, now: request, pieces, response.
pub(crate) fn live(turn: usize) -> Vec<SafeEvent> {
    let mut story = Story {
        ago: 0.0,
        events: Vec::new(),
        n: 1_000_000 + turn * 1_000,
    };
    let answer = "Three tickets came in since the last summary: two about exports that stop at 10,000 rows, one about a \
                  wrong time zone in the weekly mail. The exports share one cause; I would close the second as a duplicate.";
    let id = story.request(&script(), "openai", "gpt-4o-mini", &json!([{"role": "user", "content": format!("Sum up the tickets of the last minute (run {turn}).")}]), json!({}));
    for (index, piece) in answer.split_inclusive(' ').enumerate() {
        story.push(
            "ai.streaming_chunk",
            &script(),
            json!({"request_id": id, "chunk_index": index, "delta": {"content": piece}}),
            json!({}),
        );
    }
    story.answer(
        &id,
        &script(),
        "openai",
        "gpt-4o-mini-2024-07-18",
        answer,
        json!({"usage": usage(412, 51), "latency_ms": 4_900, "time_to_first_token_ms": 120}),
    );
    story.events
}

struct Story {
    /// Seconds before now.
    ago: f64,
    events: Vec<SafeEvent>,
    n: usize,
}

impl Story {
    fn processes(&mut self) {
        self.exec(3100, 2900, "/usr/bin/zsh", &["zsh"]);
        self.exec(
            4211,
            3100,
            "/usr/bin/node",
            &["node", "/usr/local/bin/coder", "--continue"],
        );
        self.exec(
            4388,
            3100,
            "/usr/bin/python3.11",
            &["python3", "summaries.py", "--every", "60"],
        );
    }

    fn exec(&mut self, pid: u32, ppid: u32, exe: &str, args: &[&str]) {
        let name = exe.rsplit('/').next().unwrap_or(exe);
        let process = json!({"pid": pid, "ppid": ppid, "exe": exe, "name": name});
        let data = json!({"exe": exe, "args": args, "cwd": "/home/ada/shop"});
        self.push("process.exec", &process, data, json!({}));
    }

    fn exit(&mut self, pid: u32, code: i32) {
        let data = json!({"exit_code": code, "termination_type": "normal"});
        self.push("process.exit", &json!({"pid": pid}), data, json!({}));
    }

    fn summary(&mut self, round: usize) {
        let topics = [
            "billing",
            "exports",
            "sign-in",
            "the mobile app",
            "shipping times",
        ];
        let topic = topics
            .get(round % topics.len())
            .copied()
            .unwrap_or("billing");
        let asked = json!([
            {"role": "system", "content": "You sum up support tickets in two sentences."},
            {"role": "user", "content": format!("Sum up what customers said about {topic} in the last hour:\n\n- #{}: “It worked yesterday.”\n- #{}: “Since the update the page is blank.”", 8100 + round, 8120 + round)},
        ]);
        let id = self.request(&script(), "openai", "gpt-4o-mini", &asked, json!({}));
        self.ago -= 1.4;
        let answer = format!(
            "Customers report that {topic} stopped working after the update. Two of them say it worked the day before."
        );
        let n = u64::try_from(round).unwrap_or(0);
        self.answer(&id, &script(), "openai", "gpt-4o-mini-2024-07-18", &answer, json!({"usage": usage(380 + n * 7, 44 + n), "latency_ms": 1_380 + n * 31, "time_to_first_token_ms": 240 + n * 9}));
        self.ago -= 42.0;
    }

    /// An agent: each request carries what came before.
    fn agent(&mut self) {
        let system = "You are a coding agent. Work in small steps, run the tests, and tell the user what you changed.\n".repeat(40);
        let mut messages = vec![
            json!({"role": "system", "content": system}),
            json!({"role": "user", "content": "The test `rounds_to_cents` fails since yesterday. Find out why and mend it."}),
        ];
        let mut parts: Vec<Value> = Vec::new();
        let steps = [
            (
                "I'll run the test first, to see how it fails.",
                "Bash",
                json!({"command": "cargo test rounds_to_cents 2>&1 | tail -20", "timeout": 60}),
                "running 1 test\ntest price::rounds_to_cents ... FAILED\n\nthread 'price::rounds_to_cents' panicked at src/price.rs:41:9:\nassertion `left == right` failed\n  left: 1999\n right: 2000",
            ),
            (
                "It is off by one cent. I'll look at the rounding.",
                "Read",
                json!({"file_path": "/home/ada/shop/src/price.rs", "offset": 1, "limit": 60}),
                "1  pub fn to_cents(price: f64) -> i64 {\n2      (price * 100.0) as i64\n3  }",
            ),
            (
                "The cast cuts off instead of rounding: `19.999` becomes 1999.",
                "Edit",
                json!({"file_path": "/home/ada/shop/src/price.rs", "old_string": "(price * 100.0) as i64", "new_string": "(price * 100.0).round() as i64"}),
                "The file was changed.",
            ),
        ];
        for (step, (text, tool, arguments, result)) in steps.into_iter().enumerate() {
            let call = format!("toolu_01Kd{step}");
            let id = self.request(
                &agent(),
                "anthropic",
                "claude-sonnet-4-5",
                &json!(messages),
                json!({"ext": {"oisp": {"input_messages": parts}}}),
            );
            self.ago -= 3.1;
            self.answer(&id, &agent(), "anthropic", "claude-sonnet-4-5-20250929", text, json!({
                "usage": {"prompt_tokens": 14_210 + step * 900, "completion_tokens": 164, "total_tokens": 14_374 + step * 900, "cached_tokens": 13_800},
                "tool_calls": [{"id": call, "name": tool, "type": "function", "arguments": arguments}], "tool_calls_count": 1,
                "finish_reason": "tool_calls", "latency_ms": 3_080 + step * 410, "time_to_first_token_ms": 890,
            }));
            parts.push(json!({"message": messages.len(), "role": "assistant", "parts": [{"type": "tool_call", "id": call, "name": tool, "arguments": arguments}]}));
            messages.push(json!({"role": "assistant", "content": text}));
            messages.push(json!({"role": "tool", "tool_call_id": call, "content": result}));
            if tool == "Bash" {
                self.exec(
                    4960,
                    4211,
                    "/usr/bin/bash",
                    &["bash", "-c", "cargo test rounds_to_cents 2>&1 | tail -20"],
                );
                self.exec(
                    4961,
                    4960,
                    "/home/ada/.cargo/bin/cargo",
                    &["cargo", "test", "rounds_to_cents"],
                );
                self.ago -= 1.6;
                self.exit(4961, 101);
                self.exit(4960, 101);
            }
            self.ago -= 2.0;
        }
        let id = self.request(
            &agent(),
            "anthropic",
            "claude-sonnet-4-5",
            &json!(messages),
            json!({"ext": {"oisp": {"input_messages": parts}}}),
        );
        self.ago -= 4.0;
        let done = "`to_cents` cut the fraction off instead of rounding it, so 19.999 became 1999 cents. I changed one line in `src/price.rs`:\n\n```rust\npub fn to_cents(price: f64) -> i64 {\n    (price * 100.0).round() as i64\n}\n```\n\nThe test passes now, and so do the 41 others.";
        self.answer(&id, &agent(), "anthropic", "claude-sonnet-4-5-20250929", done, json!({
            "usage": {"prompt_tokens": 17_044, "completion_tokens": 231, "total_tokens": 17_275, "cached_tokens": 16_800}, "latency_ms": 4_120, "time_to_first_token_ms": 940,
        }));
        self.ago -= 9.0;
    }

    fn failures(&mut self) {
        let asked = json!([{"role": "user", "content": "Say hello."}]);
        self.exec(
            5020,
            3100,
            "/usr/bin/curl",
            &["curl", "https://api.openai.com/v1/chat/completions"],
        );
        self.ago -= 0.1;
        let curl = json!({"pid": 5020, "ppid": 3100, "exe": "/usr/bin/curl", "name": "curl", "cmdline": "curl https://api.openai.com/v1/chat/completions"});
        let id = self.request(&curl, "openai", "gpt-4o-mini", &asked, json!({}));
        self.respond(&id, &curl, "openai", json!({"status_code": 401, "success": false, "latency_ms": 212,
            "error": {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided: [REDACTED:api_key]. You can find your API key in your account."}}), json!({}));
        self.ago -= 0.3;
        self.exit(5020, 22);
        self.ago -= 5.0;
        let id = self.request(
            &script(),
            "groq",
            "llama-3.3-70b-versatile",
            &asked,
            json!({}),
        );
        self.respond(&id, &script(), "groq", json!({"status_code": 429, "success": false, "latency_ms": 96,
            "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "Rate limit reached for tokens per minute. Please try again in 7.66s."}}), json!({}));
        self.ago -= 6.0;
        let id = self.request(
            &agent(),
            "anthropic",
            "claude-sonnet-4-5",
            &asked,
            json!({}),
        );
        self.respond(&id, &agent(), "anthropic", json!({"status_code": 200, "model": {"id": "claude-sonnet-4-5"},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello! Let me"}}]}),
            json!({"confidence": {"level": "medium", "completeness": "partial", "reasons": ["connection_closed"], "missing": ["choices", "usage", "latency_ms"]}}));
        self.ago -= 6.0;
    }

    fn redacted(&mut self) {
        let asked = json!([
            {"role": "system", "content": {"$redacted": {"reason": "policy", "original_length": 1250, "preview": "You are a helpful customer service…"}}},
            {"role": "user", "content": "My card is [REDACTED:credit_card], my mail [REDACTED:email]. Where is order 1182?"},
        ]);
        let redacted = json!({"confidence": {"level": "high", "completeness": "redacted", "redaction_applied": true, "redaction_profile": "safe"}});
        let id = self.request(&script(), "openai", "gpt-4.1", &asked, redacted.clone());
        self.ago -= 1.0;
        self.respond(&id, &script(), "openai", json!({"status_code": 200, "success": true, "model": {"id": "gpt-4.1-2025-04-14"}, "finish_reason": "stop",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Order 1182 left the warehouse this morning. I wrote the tracking number to [REDACTED:email]."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 316, "completion_tokens": 31, "total_tokens": 347, "total_cost_usd": 0.00088}, "latency_ms": 980, "time_to_first_token_ms": 310}), redacted);
        self.ago -= 6.0;
    }

    fn local_model(&mut self) {
        let client = json!({"pid": 6010, "ppid": 3100, "exe": "/home/ada/.local/bin/aider", "name": "aider", "cmdline": "aider --model ollama/qwen2.5-coder"});
        let asked = json!([{"role": "user", "content": "Explain what this regular expression does: ^(?=.*[0-9]).{8,}$"}]);
        let thought = json!({"ext": {"oisp": {"output_messages": [{"choice": 0, "role": "assistant", "parts": [{"type": "reasoning", "content": "A lookahead, then a length. Both must hold."}]}]}}});
        let id = self.request(&client, "ollama", "qwen2.5-coder:32b", &asked, json!({}));
        self.ago -= 8.0;
        self.respond(&id, &client, "ollama", json!({"status_code": 200, "success": true, "model": {"id": "qwen2.5-coder:32b"}, "finish_reason": "stop",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "It matches a text of at least eight characters that holds at least one digit."}, "finish_reason": "stop"}],
            "usage": usage(31, 22), "latency_ms": 8_240, "time_to_first_token_ms": 2_100}), thought);
        self.ago -= 5.0;
    }

    fn long(&mut self) {
        let line = "2026-11-20T10:00:00Z INFO shop::orders order placed id=81234 total=19.99 currency=EUR\n";
        let log = line.repeat(LONG / line.len());
        let id = self.request(
            &script(),
            "google",
            "gemini-2.5-pro",
            &json!([{"role": "user", "content": format!("What is odd in this log?\n{log}")}]),
            json!({}),
        );
        self.ago -= 6.0;
        self.answer(&id, &script(), "google", "gemini-2.5-pro", "Every line has the same order id: the log repeats one event.", json!({"usage": usage(1_310_000, 15), "latency_ms": 24_300, "time_to_first_token_ms": 21_900}));
        self.ago -= 4.0;
    }

    fn request(
        &mut self,
        process: &Value,
        provider: &str,
        model: &str,
        messages: &Value,
        more: Value,
    ) -> String {
        let id = format!("req_{:06}", self.n);
        let data = json!({
            "request_id": id, "provider": {"name": provider, "endpoint": endpoint(provider)}, "model": {"id": model}, "request_type": "chat",
            "streaming": true, "messages": messages, "messages_count": messages.as_array().map_or(0, Vec::len),
            "auth": {"type": "api_key", "key_prefix": "sk-proj-"}, "parameters": {"temperature": 0.2, "max_tokens": 4096},
        });
        self.push("ai.request", process, data, more);
        id
    }

    fn answer(
        &mut self,
        id: &str,
        process: &Value,
        provider: &str,
        model: &str,
        text: &str,
        more: Value,
    ) {
        let mut data = json!({"status_code": 200, "success": true, "model": {"id": model}, "finish_reason": "stop",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]});
        merge(&mut data, more);
        let finish = data.get("finish_reason").cloned().unwrap_or_default();
        if let Some(choice) = data.pointer_mut("/choices/0/finish_reason") {
            *choice = finish;
        }
        self.respond(id, process, provider, data, json!({}));
    }

    fn respond(&mut self, id: &str, process: &Value, provider: &str, mut data: Value, more: Value) {
        merge(
            &mut data,
            json!({"request_id": id, "provider": {"name": provider, "endpoint": endpoint(provider)}}),
        );
        self.push("ai.response", process, data, more);
    }

    fn push(&mut self, kind: &str, process: &Value, data: Value, more: Value) {
        self.n += 1;
        let at = moment(self.ago);
        let id = EventId::derive(at, &[kind.as_bytes(), &self.n.to_le_bytes()]);
        let mut event = json!({
            "oisp_version": "0.1", "event_id": id, "event_type": kind, "ts": at, "host": {"hostname": "workbench", "os": "linux", "arch": "x86_64"},
            "actor": {"uid": 1000, "user": "ada"}, "process": process, "source": {"collector": "oisp-sensor", "collector_version": "0.1.0",
            "capture_method": "tls_boundary", "capture_point": if kind == "ai.request" { "ssl_write" } else { "ssl_read" }},
            "confidence": {"level": "high", "completeness": "full", "process_attribution": "direct", "content_source": "tls_boundary"}, "data": data,
        });
        merge(&mut event, more);
        self.events.push(SafeEvent::from_redacted(
            event.as_object().unwrap_or(&Map::new()),
        ));
    }
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

fn moment(ago: f64) -> Timestamp {
    let then = SystemTime::now() - Duration::from_secs_f64(ago.max(0.0));
    let since = then.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(0))
}

fn script() -> Value {
    json!({"pid": 4388, "ppid": 3100, "exe": "/usr/bin/python3.11", "name": "python3", "cmdline": "python3 summaries.py --every 60", "cwd": "/home/ada/shop",
        "parent": {"pid": 3100, "name": "zsh", "exe": "/usr/bin/zsh"}})
}

fn agent() -> Value {
    json!({"pid": 4211, "ppid": 3100, "exe": "/usr/bin/node", "name": "node", "cmdline": "node /usr/local/bin/coder --continue", "cwd": "/home/ada/shop",
        "ancestors": [{"pid": 3100, "name": "zsh", "exe": "/usr/bin/zsh"}, {"pid": 2900, "name": "tmux: server"}, {"pid": 1, "name": "systemd"}]})
}

fn endpoint(provider: &str) -> &'static str {
    match provider {
        "anthropic" => "https://api.anthropic.com/v1/messages",
        "ollama" => "http://localhost:11434/api/chat",
        "groq" => "https://api.groq.com/openai/v1/chat/completions",
        "google" => {
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent"
        }
        _ => "https://api.openai.com/v1/chat/completions",
    }
}

fn usage(prompt: u64, completion: u64) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}
