//! What the modes take out and what they leave.

use oisp_core::event::{Confidence, Data, Event, Process, Source, ai, file, network};
use oisp_core::{EventId, Timestamp};
use serde_json::{Map, Value, json};

use crate::{Mode, Redactor};

const KEY: &str = "sk-proj-madeupmadeupmadeup0123456789";

fn event(text: &str) -> Event {
    let message = ai::Message {
        role: "user",
        content: Some(text.to_owned()),
        ..ai::Message::default()
    };
    let request = ai::Request {
        request_id: "req_1".into(),
        messages: Some(vec![message]),
        ..ai::Request::default()
    };
    Event {
        oisp_version: "0.1",
        event_id: EventId::derive(Timestamp::default(), &[]),
        ts: Timestamp::default(),
        host: None,
        actor: None,
        process: Some(Process { pid: 1, cmdline: Some(format!("tool --key {KEY}")), ..Process::default() }),
        source: Source::new("tls_boundary", "ssl_write"),
        confidence: Confidence::full(),
        data: Data::AiRequest(Box::new(request)),
        attrs: Map::new(),
        ext: json!({"oisp": {"input_messages": [{"parts": [{"type": "tool_call", "arguments": {"password": "hunter2", "q": KEY}}]}]}})
            .as_object()
            .cloned()
            .unwrap(),
        related_events: Vec::new(),
            trace_context: None,
            app: None,
    }
}

fn redact(mode: Mode, text: &str) -> Value {
    serde_json::from_str(Redactor::new(mode).redact(&event(text)).json()).unwrap()
}

fn text_of(event: &Value) -> &str {
    event["data"]["messages"][0]["content"].as_str().unwrap()
}

#[test]
fn a_key_is_found_wherever_it_stands() {
    for mode in [Mode::Safe, Mode::Minimal, Mode::Full] {
        let event = redact(mode, &format!("use {KEY} please"));
        assert!(!event.to_string().contains("madeup"), "{mode}: {event}");
        assert!(!event.to_string().contains("hunter2"), "{mode}: {event}");
        assert_eq!(event["confidence"]["redaction_applied"], true);
    }
}

#[test]
fn a_container_keeps_its_id() {
    let id = "4111111111111111".repeat(4);
    let mut in_container = event("hello");
    for name in ["container.id", "k8s.pod.uid", "container.name"] {
        in_container.attrs.insert(name.into(), id.clone().into());
    }
    if let Some(process) = &mut in_container.process {
        process.container_id = Some(id.clone());
    }
    in_container
        .attrs
        .insert("container.image.name".into(), format!("x/{KEY}:1").into());
    let redacted = Redactor::new(Mode::Safe).redact(&in_container);
    let event: Value = serde_json::from_str(redacted.json()).unwrap();
    assert_eq!(event["process"]["container_id"], id);
    assert_eq!(event["attrs"]["container.id"], id);
    assert_eq!(event["attrs"]["k8s.pod.uid"], id);
    assert!(!event.to_string().contains("madeup"), "{event}");
}

#[test]
fn the_value_after_an_option_is_found_in_lines_and_in_lists() {
    let planted: [&[&str]; 7] = [
        &["--api-key", "madeupmadeup"],
        &["--key", "madeup-0123456789"],
        &["--password", "madeup"],
        &["--db-password", "made up madeup"],
        &["-token", "madeup1"],
        &["-u", "ada:madeup"],
        &["--proxy-user", "ada:madeup"],
    ];
    for arguments in planted {
        let [option, value] = arguments else { continue };
        let quoted = if value.contains(' ') {
            format!("'{value}'")
        } else {
            (*value).to_owned()
        };
        let line = redact(Mode::Minimal, &format!("tool {option} {quoted} --verbose"));
        assert!(!text_of(&line).contains("madeup"), "{line}");
        assert!(
            text_of(&line).starts_with(&format!("tool {option} ")),
            "{line}"
        );
        assert!(text_of(&line).ends_with(" --verbose"), "{line}");
        let mut event = event("");
        event
            .attrs
            .insert("args".into(), json!(["tool", option, value, "--verbose"]));
        let list = Redactor::new(Mode::Minimal).redact(&event);
        let list: Value = serde_json::from_str(list.json()).unwrap();
        assert!(!list["attrs"].to_string().contains("madeup"), "{list}");
        assert_eq!(
            (&list["attrs"]["args"][1], &list["attrs"]["args"][3]),
            (&json!(option), &json!("--verbose"))
        );
    }
}

#[test]
fn options_that_name_no_secret_stay() {
    let text = "sort --key 2,3 --sort-key created_at; docker run -u 1000:1000; curl --key /etc/ssl/key-0123456789.pem; \
                model --max-tokens 4096 --token-limit 100000";
    assert_eq!(text_of(&redact(Mode::Safe, text)), text);
}

#[test]
fn text_around_a_finding_stays() {
    let event = redact(Mode::Safe, &format!("use {KEY} please"));
    assert_eq!(text_of(&event), "use [REDACTED:openai_key] please");
}

#[test]
fn minimal_leaves_personal_data_and_safe_does_not() {
    let text = "mail ada@example.com, card 4111 1111 1111 1111, order 4111 1111 1111 1112";
    assert_eq!(text_of(&redact(Mode::Minimal, text)), text);
    let safe = "mail [REDACTED:email], card [REDACTED:card], order 4111 1111 1111 1112";
    assert_eq!(text_of(&redact(Mode::Safe, text)), safe);
}

#[test]
fn full_keeps_lengths_only() {
    let event = redact(Mode::Full, "tell me");
    assert_eq!(
        event["data"]["messages"][0]["content"]["$redacted"]["original_length"],
        7
    );
    assert_eq!(event["confidence"]["completeness"], "redacted");
    assert!(!event.to_string().contains("tell me"));
}

#[test]
fn off_changes_nothing_but_says_so() {
    let event = redact(Mode::Off, KEY);
    assert_eq!(text_of(&event), KEY);
    assert_eq!(event["confidence"]["redaction_profile"], "off");
}

#[test]
fn ordinary_text_and_code_stay() {
    let text = "let token = parse(input); the password field is empty; mask-skating; #4521 @ 10:30";
    let event = redact(Mode::Safe, text);
    assert_eq!(text_of(&event), text);
}

#[test]
fn secrets_of_many_kinds_are_found_in_text() {
    let planted = [
        "AKIAMADEUPMADEUPMADE",
        "ghp_madeupmadeupmadeupmadeup0123",
        "xoxb-1234567890-madeup",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYWRldXAifQ.bWFkZXVwbWFkZXVw",
        "-----BEGIN RSA PRIVATE KEY-----\nbWFkZXVw\n-----END RSA PRIVATE KEY-----",
        "postgres://app:madeup-pass@db/x",
        "DB_PASSWORD=madeup-password-9",
        "{\\\"api_key\\\": \\\"madeupmadeup\\\"}",
        "Authorization: Bearer madeupmadeupmadeup",
        "sk_live_madeupmadeupmadeup",
    ];
    for secret in planted {
        let event = redact(Mode::Minimal, &format!("before {secret} after"));
        let text = text_of(&event);
        assert!(
            !text.contains("madeup") && !text.contains("MADEUP") && !text.contains("bWFkZXVw"),
            "{secret} -> {text}"
        );
        assert!(
            text.starts_with("before ") && text.ends_with(" after"),
            "{text}"
        );
    }
}

/// An event of the machine, after redaction.
fn of_machine(mode: Mode, data: Data) -> Value {
    let event = Event {
        data,
        process: Some(Process::default()),
        ext: Map::new(),
        ..event("")
    };
    serde_json::from_str(Redactor::new(mode).redact(&event).json()).unwrap()
}

fn written(path: &str, name: &str) -> Data {
    Data::FileWrite(Box::new(file::Write {
        path: path.into(),
        bytes_written: 5,
        truncated: false,
        created: true,
        file: file::FileInfo {
            path: path.into(),
            name: Some(name.into()),
            extension: Some("txt".into()),
            size: Some(5),
            ..file::FileInfo::default()
        },
    }))
}

#[test]
fn names_of_files_and_hosts_are_text_like_any_other() {
    let name = format!("{KEY}.txt");
    let data = written(&format!("/home/u/{name}"), &name);
    for mode in [Mode::Safe, Mode::Minimal, Mode::Full] {
        let event = of_machine(mode, data.clone());
        assert!(!event.to_string().contains("madeup"), "{mode}: {event}");
        assert_eq!(event["data"]["bytes_written"], 5);
        assert_eq!(event["data"]["file"]["extension"], "txt");
    }
    let asked = Data::NetworkDns(Box::new(network::Dns {
        query_name: format!("{KEY}.example.com"),
        query_type: "A",
        response_code: "NOERROR",
        answers: Vec::new(),
        resolver: None,
        latency_ms: None,
    }));
    let event = of_machine(Mode::Safe, asked);
    assert!(!event.to_string().contains("madeup"), "{event}");
}

#[test]
fn an_ordinary_path_stays_and_goes_with_all_content() {
    let path = "/home/u/work/src/main.rs";
    let data = written(path, "main.rs");
    let safe = of_machine(Mode::Safe, data.clone());
    assert_eq!(safe["data"]["path"], path);
    assert_eq!(safe["confidence"]["redaction_applied"], false);
    let full = of_machine(Mode::Full, data);
    assert!(!full.to_string().contains("main.rs"), "{full}");
    let renamed = Data::FileRename(Box::new(file::Rename {
        old_path: path.into(),
        new_path: "/home/u/work/src/lib.rs".into(),
        file: file::FileInfo::default(),
    }));
    let full = of_machine(Mode::Full, renamed);
    assert!(!full.to_string().contains("work"), "{full}");
}

fn configured(config: &str) -> Redactor {
    let key = oisp_core::HashKey::new([7; 32]);
    Redactor::with_config(&toml::from_str(config).unwrap(), Some(key)).unwrap()
}

fn json_of(redactor: &Redactor, event: &Event) -> Value {
    serde_json::from_str(redactor.redact(event).json()).unwrap()
}

#[test]
fn content_that_is_one_finding_gives_way_to_the_marker() {
    let of_key = json_of(&configured(""), &event(KEY));
    let marker = &of_key["data"]["messages"][0]["content"]["$redacted"];
    assert_eq!(marker["reason"], "secret_detected");
    assert_eq!(marker["detector"], "openai_key");
    assert_eq!(marker["original_length"], KEY.len());
    assert_eq!(marker["preview"], "[REDACTED:openai_key]");
    assert_eq!(
        marker["findings"],
        json!([{"type": "openai_key", "count": 1}])
    );
    assert!(marker["hash"].as_str().unwrap().starts_with("hmac-sha256:"));
    let of_mail = json_of(&configured(""), &event("ada@example.com"));
    let marker = &of_mail["data"]["messages"][0]["content"]["$redacted"];
    assert_eq!(marker["reason"], "pii_detected");
}

#[test]
fn what_was_found_is_counted() {
    let text = format!("{KEY} and ada@example.com and bob@example.com");
    let safe = json_of(&configured(""), &event(&text));
    let findings = json!([{"type": "email", "count": 2}, {"type": "named_secret", "count": 1}, {"type": "openai_key", "count": 3}]);
    assert_eq!(safe["ext"]["oisp"]["redaction"]["findings"], findings);
    let full = json_of(&configured("mode = \"full\""), &event(&text));
    let marker = &full["data"]["messages"][0]["content"]["$redacted"];
    assert_eq!(
        marker["findings"],
        json!([{"type": "email", "count": 2}, {"type": "openai_key", "count": 1}])
    );
    assert!(marker["hash"].as_str().unwrap().starts_with("hmac-sha256:"));
    assert_eq!(marker["original_length"], text.chars().count());
}

#[test]
fn a_changed_mode_has_a_profile_of_its_own() {
    let profile = |config: &str| {
        json_of(&configured(config), &event("x"))["confidence"]["redaction_profile"].clone()
    };
    assert_eq!(profile("mode = \"minimal\""), "minimal");
    assert_eq!(profile("email.enabled = false"), "safe+custom");
}

#[test]
fn addresses_stay_where_they_are_the_event() {
    let to = |ip: &str| network::Endpoint {
        ip: ip.parse().unwrap(),
        port: 443,
        domain: None,
        is_private: false,
    };
    let data = Data::NetworkConnect(Box::new(network::Connect {
        dest: to("203.0.113.7"),
        src: Some(to("2001:db8::7")),
        protocol: "tcp",
        success: true,
        error: None,
        latency_ms: None,
    }));
    let event = of_machine(Mode::Safe, data);
    assert_eq!(event["data"]["dest"]["ip"], "203.0.113.7");
    assert_eq!(event["data"]["src"]["ip"], "2001:db8::7");
    let text = "ping 203.0.113.7";
    assert_eq!(text_of(&redact(Mode::Safe, text)), "ping [REDACTED:ip]");
    assert_eq!(text_of(&redact(Mode::Minimal, text)), text);
}

#[test]
fn numbers_and_lists_of_fields_are_looked_at() {
    let mut event = event("");
    event
        .attrs
        .insert("card".into(), json!(4_111_111_111_111_111_u64));
    event
        .attrs
        .insert("count".into(), json!(1_700_000_000_000_000_000_u64));
    event.attrs.insert(
        "headers".into(),
        json!([{"name": "Cookie", "value": "madeup"}, {"name": "Accept", "value": "text/html"}]),
    );
    event.attrs.insert(
        "line".into(),
        json!(["mysql", "-u", "root", "-pmadeup", "shop"]),
    );
    event
        .attrs
        .insert("set-cookie".into(), json!(["madeup=1", "madeup=2"]));
    let safe = json_of(&Redactor::new(Mode::Safe), &event);
    assert_eq!(safe["attrs"]["card"], "[REDACTED:card]");
    assert_eq!(safe["attrs"]["count"], 1_700_000_000_000_000_000_u64);
    assert_eq!(safe["attrs"]["headers"][1]["value"], "text/html");
    assert_eq!(safe["attrs"]["line"][4], "shop");
    assert!(!safe.to_string().contains("madeup"), "{safe}");
}

#[test]
fn a_long_text_costs_no_more_than_its_length_and_one_beyond_all_bounds_goes() {
    let redactor = Redactor::new(Mode::Safe);
    let text = format!("{}{KEY}", "token \\\"x\\\" 4111 ".repeat(10_000));
    assert!(!redactor.redact_text(&text).unwrap().contains("madeup"));
    let beyond = "a".repeat((64 << 20) + 1);
    assert_eq!(
        redactor.redact_text(&beyond).unwrap(),
        "[REDACTED:too_long]"
    );
}
