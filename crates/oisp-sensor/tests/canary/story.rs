//! A capture in which a program plants a secret wherever a client can.

use oisp_core::raw::{Access, TlsKind, Transport};
use oisp_core::{
    ConnId, Direction, FileEvent, NetEvent, ProcessEvent, ProcessFacts, RawEvent, RawKind,
    Timestamp, TlsEvent,
};
use serde_json::{Value, json};

const PID: u32 = 4000;

/// The capture, record by record.
#[derive(Default)]
pub struct Story {
    pub raw: Vec<RawEvent>,
    conn: u64,
    offsets: [u64; 2],
    /// Calls made.
    pub calls: usize,
}

/// As a program writes it into a URL.
fn percent(text: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encoded).collect()
}

impl Story {
    /// All that can be done with these secrets.
    pub fn of(secrets: &[String]) -> Self {
        let mut story = Self::default();
        for secret in secrets {
            story.machine(secret);
            story.chat(secret, false);
            story.chat(secret, true);
            story.error(secret);
            story.messages(secret);
        }
        story
    }

    fn push(&mut self, kind: RawKind) {
        let nanos = 1_700_000_000_000_000_000 + self.raw.len() as u64 * 1_000_000;
        self.raw.push(RawEvent {
            at: Timestamp::from_nanos(nanos),
            pid: PID,
            tid: PID,
            kind,
        });
    }

    fn tls(&mut self, what: TlsKind) {
        let conn = ConnId {
            pid: PID,
            start_time: 1,
            handle: self.conn,
            generation: 0,
        };
        self.push(RawKind::Tls(TlsEvent { conn, what }));
    }

    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let way = usize::from(direction == Direction::Incoming);
        let offset = self.offsets[way];
        self.offsets[way] += bytes.len() as u64;
        self.tls(TlsKind::Data {
            direction,
            offset,
            bytes: bytes.to_vec().into(),
        });
    }

    /// Command line, environment on it, working folder, files, names.
    fn machine(&mut self, secret: &str) {
        let args = [
            "env",
            &format!("PLANTED={secret}"),
            "tool",
            "--token",
            secret,
            &format!("--header=X-Api-Key: {secret}"),
            secret,
        ];
        let facts = ProcessFacts {
            pid: PID,
            ppid: Some(1),
            exe: Some("/usr/bin/env".into()),
            args: Some(args.map(str::to_owned).to_vec()),
            cwd: Some(format!("/work/{secret}/x")),
            uid: Some(1000),
            ..ProcessFacts::default()
        };
        self.push(RawKind::Process(ProcessEvent::Exec(facts.into())));
        let path = |name: &str| format!("/work/{secret} {name}");
        let access = Access {
            read: true,
            ..Access::default()
        };
        for event in [
            FileEvent::Open {
                path: path("a.txt"),
                access,
                times: 1,
            },
            FileEvent::Write {
                path: path("b.txt"),
                bytes: 1,
                times: 1,
                created: true,
                truncated: false,
                size: Some(1),
            },
            FileEvent::Rename {
                from: path("b.txt"),
                to: path("c.txt"),
            },
            FileEvent::Delete {
                path: path("c.txt"),
                is_directory: false,
            },
        ] {
            self.push(RawKind::File(event));
        }
        // Names are told in lower case, in which other secrets have no form to be
        // known by, and are none any more.
        if !secret.starts_with("AKIA") {
            return;
        }
        self.push(RawKind::Net(NetEvent::Resolved {
            name: format!("{secret} .example.com"),
            query_type: "A".into(),
            response_code: "NOERROR".into(),
            addresses: Vec::new(),
            resolver: None,
            latency_ns: None,
        }));
    }

    /// A request with the secret in its target, its header and its body; a word
    /// for the header cannot hold a line break.
    fn ask(&mut self, host: &str, path: &str, secret: &str, body: &Value) {
        self.conn += 1;
        self.offsets = [0, 0];
        self.calls += 1;
        self.tls(TlsKind::Opened {
            remote: None,
            transport: Transport::Tls,
        });
        let body = body.to_string();
        let word = secret.replace('\n', " ");
        let query = percent(secret);
        let head = format!(
            "POST {path}?api_key={query}&q={query} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {word}\r\nX-Api-Key: {word}\r\nCookie: sid={word}\r\nX-Planted: {word}\r\n\
             User-Agent: tool/1 ({word})\r\nReferer: https://x.example/?q={query}\r\nX-Session-Id: {word}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.bytes(Direction::Outgoing, head.as_bytes());
        self.bytes(Direction::Outgoing, body.as_bytes());
    }

    fn answer(&mut self, status: &str, kind: &str, secret: &str, body: &[u8], piece: usize) {
        let word = secret.replace('\n', " ");
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nX-Request-Id: {word}\r\nX-Ratelimit-Planted: {word}\r\n\
             Set-Cookie: sid={word}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.bytes(Direction::Incoming, head.as_bytes());
        for piece in body.chunks(piece) {
            self.bytes(Direction::Incoming, piece);
        }
        self.tls(TlsKind::Closed);
    }

    /// Chat Completions: everything that a message can hold, asked and answered.
    fn chat(&mut self, secret: &str, stream: bool) {
        let arguments = json!({"command": format!("curl -H 'X-Api-Key: {secret}'"), "nested": json!({"key": secret}).to_string(), secret: [secret]}).to_string();
        let call = json!({"id": "call_1", "type": "function", "function": {"name": "run", "arguments": arguments}});
        let body = json!({
            "model": "gpt-4o-mini", "stream": stream, "user": secret, "metadata": {"note": secret}, "stop": [secret],
            "tools": [{"type": "function", "function": {"name": "run", "description": format!("runs {secret}"), "parameters": {"type": "object", "description": secret}}}],
            "messages": [
                {"role": "system", "content": format!("you may use {secret} only here")},
                {"role": "user", "name": "planted", "content": [{"type": "text", "text": secret}, {"type": "image_url", "image_url": {"url": format!("https://x.example/?q={}", percent(secret))}}]},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "call_1", "content": json!({"stdout": secret, "env": {"PLANTED": secret}}).to_string()},
            ],
        });
        self.ask("api.openai.com", "/v1/chat/completions", secret, &body);
        let said = format!("It is:\n{secret} and that is all.");
        if stream {
            let body = sse(&said, &arguments);
            self.answer("200 OK", "text/event-stream", secret, body.as_bytes(), 37);
            return;
        }
        let message = json!({"role": "assistant", "content": said, "tool_calls": [call]});
        let body = json!({"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}});
        self.answer(
            "200 OK",
            "application/json",
            secret,
            body.to_string().as_bytes(),
            1000,
        );
    }

    /// An error that quotes what was sent.
    fn error(&mut self, secret: &str) {
        let body =
            json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]});
        self.ask("api.openai.com", "/v1/chat/completions", secret, &body);
        let body = json!({"error": {"message": format!("Incorrect API key provided: {secret}."), "type": "invalid_request_error", "code": "invalid_api_key", "param": secret}});
        self.answer(
            "401 Unauthorized",
            "application/json",
            secret,
            body.to_string().as_bytes(),
            1000,
        );
    }

    /// The Messages API: blocks, thinking, a tool's result as blocks.
    fn messages(&mut self, secret: &str) {
        let body = json!({
            "model": "claude-sonnet-4-5", "max_tokens": 64, "system": [{"type": "text", "text": secret}],
            "metadata": {"user_id": secret},
            "messages": [
                {"role": "user", "content": secret},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": secret, "signature": "c2ln"}, {"type": "tool_use", "id": "toolu_1", "name": "run", "input": {"cmd": secret, "password": secret}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [{"type": "text", "text": secret}]}]},
            ],
        });
        self.ask("api.anthropic.com", "/v1/messages", secret, &body);
        let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "tool_use",
            "content": [{"type": "thinking", "thinking": secret, "signature": "c2ln"}, {"type": "text", "text": secret},
                {"type": "tool_use", "id": "toolu_2", "name": "run", "input": {"cmd": secret}}],
            "usage": {"input_tokens": 10, "output_tokens": 5}});
        self.answer(
            "200 OK",
            "application/json",
            secret,
            body.to_string().as_bytes(),
            1000,
        );
    }
}

/// A streamed answer of pieces so small that no secret is in one of them.
fn sse(said: &str, arguments: &str) -> String {
    let event = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        format!(
            "data: {}\n\n",
            json!({"id": "chatcmpl-1", "model": "gpt-4o-mini", "choices": [choice]})
        )
    };
    let pieces = |text: &str| {
        let letters: Vec<char> = text.chars().collect();
        letters
            .chunks(3)
            .map(|piece| piece.iter().collect::<String>())
            .collect::<Vec<_>>()
    };
    let mut body = String::new();
    for piece in pieces(said) {
        body.push_str(&event(json!({"content": piece}), Value::Null));
    }
    let start = json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "run", "arguments": ""}}]});
    body.push_str(&event(start, Value::Null));
    for piece in pieces(arguments) {
        let delta = json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]});
        body.push_str(&event(delta, Value::Null));
    }
    body.push_str(&event(json!({}), json!("tool_calls")));
    body.push_str("data: [DONE]\n\n");
    body
}
