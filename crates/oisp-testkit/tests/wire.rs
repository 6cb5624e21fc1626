//! The provider on the wire, seen by curl: what curl got is what the provider
//! says it sent, in every framing, over HTTP/1.1 and HTTP/2.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use oisp_testkit::{Dialect, Ending, Provider};
use serde_json::{Value, json};
use support::{Folder, call, curl, curl_is_missing};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn ask(prompt: &str, stream: bool) -> Value {
    let mut request = json!({ "model": "gpt-4o", "max_tokens": 9, "messages": [{ "role": "user", "content": prompt }], "stream": stream });
    if stream {
        request["stream_options"] = json!({ "include_usage": true });
    }
    request
}

fn events(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).unwrap();
    let data = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn openai_text(events: &[Value]) -> String {
    events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect()
}

fn openai_arguments(events: &[Value]) -> String {
    events
        .iter()
        .filter_map(|event| {
            event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str()
        })
        .collect()
}

#[tokio::test]
async fn a_plain_answer_is_the_same_over_every_http() {
    if curl_is_missing() {
        return;
    }
    for (flag, http) in [
        ("--http1.0", "HTTP/1.0"),
        ("--http1.1", "HTTP/1.1"),
        ("--http2", "HTTP/2.0"),
    ] {
        let (output, exchange) = call(CHAT, &ask("Grüezi 🌤️", false), &[flag]).await;
        assert_eq!(exchange.http, http);
        assert_eq!(exchange.ending, Ending::Whole);
        assert_eq!(exchange.dialect, Dialect::OpenAi);
        assert_eq!(output.stdout, exchange.response_body);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let meant = exchange.meant.unwrap();
        let usage = meant.usage.unwrap();
        assert_eq!(
            answer["choices"][0]["message"]["content"],
            meant.texts[0].as_str()
        );
        assert_eq!(answer["usage"]["total_tokens"], usage.input + usage.output);
        assert_eq!(answer["model"], "gpt-4o-2024-08-06");
        assert!(meant.texts[0].contains("Grüezi 🌤️"));
    }
}

#[tokio::test]
async fn a_stream_says_what_was_meant_however_it_is_cut_into_writes() {
    if curl_is_missing() {
        return;
    }
    for words in [
        "",
        "chunks=1000",
        "fragment=7 chunks=20",
        "join=5 fragment=13",
        "length",
        "close",
        "tool=get_weather,lookup",
    ] {
        for flag in ["--http1.1", "--http2"] {
            let (output, exchange) =
                call(CHAT, &ask(&format!("Tell me [[{words}]]"), true), &[flag]).await;
            assert!(
                output.status.success(),
                "{words}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert_eq!(output.stdout, exchange.response_body, "{words}");
            let (events, meant) = (events(&output.stdout), exchange.meant.unwrap());
            assert_eq!(openai_text(&events), meant.texts[0], "{words}");
            let arguments: String = meant
                .tool_calls
                .iter()
                .map(|call| call.arguments.as_str())
                .collect();
            assert_eq!(openai_arguments(&events), arguments, "{words}");
            assert_eq!(
                meant.tool_calls.len(),
                if words.contains("tool") { 2 } else { 0 }
            );
            assert_eq!(
                events.last().unwrap()["usage"]["completion_tokens"],
                meant.usage.unwrap().output
            );
        }
    }
}

#[tokio::test]
async fn an_anthropic_stream_thinks_speaks_and_calls() {
    if curl_is_missing() {
        return;
    }
    let prompt = "Weather? [[thinking tool=get_weather cached=7 cache_write=5]]";
    let (output, exchange) = call(MESSAGES, &ask(prompt, true), &[]).await;
    let (events, meant) = (events(&output.stdout), exchange.meant.unwrap());
    let joined = |field: &str| {
        events
            .iter()
            .filter_map(|event| event["delta"][field].as_str())
            .collect::<String>()
    };
    assert_eq!(joined("text"), meant.texts[0]);
    assert_eq!(joined("thinking"), meant.thinking.unwrap());
    assert_eq!(joined("partial_json"), meant.tool_calls[0].arguments);
    let start = &events[0]["message"]["usage"];
    let all = [
        "input_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ]
    .map(|key| start[key].as_u64().unwrap());
    assert_eq!(all.iter().sum::<u64>(), meant.usage.unwrap().input);
    assert_eq!(all[1..], [7, 5]);
    assert_eq!(events[events.len() - 2]["delta"]["stop_reason"], "tool_use");
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    assert!(
        exchange
            .request_headers
            .iter()
            .any(|(name, _)| name == "authorization")
    );
}

#[tokio::test]
async fn an_answer_is_gzipped_for_those_who_take_it() {
    if curl_is_missing() {
        return;
    }
    for stream in [false, true] {
        let request = ask("Tell me [[gzip bytes=50000 fragment=999]]", stream);
        let (output, exchange) = call(CHAT, &request, &["--compressed"]).await;
        assert_eq!(output.stdout, exchange.response_body);
        assert_eq!(exchange.response_header("content-encoding"), Some("gzip"));
        assert!(exchange.encoded_len * 3 < output.stdout.len());
        let (_, exchange) = call(CHAT, &request, &[]).await;
        assert_eq!(exchange.response_header("content-encoding"), None);
    }
}

#[tokio::test]
async fn the_end_of_a_body_is_told_as_asked() {
    if curl_is_missing() {
        return;
    }
    let cases = [
        ("length", true, "\r\ncontent-length: "),
        ("chunked", false, "\r\ntransfer-encoding: chunked"),
        ("close", true, "HTTP/1.0 200 OK"),
        ("gzip", true, "\r\ntransfer-encoding: chunked"),
        ("gzip", false, "\r\ncontent-length: "),
    ];
    for (word, stream, expected) in cases {
        let (output, _) = call(
            CHAT,
            &ask(&format!("Hi [[{word}]]"), stream),
            &["--http1.1", "--include"],
        )
        .await;
        let answer = String::from_utf8_lossy(&output.stdout);
        let head = answer.split("\r\n\r\n").next().unwrap();
        assert!(head.contains(expected), "{word}: {head}");
        let framed = head.contains("content-length") || head.contains("chunked");
        assert_eq!(framed, word != "close", "{head}");
    }
}

#[tokio::test]
async fn a_cut_answer_arrives_up_to_the_cut_and_no_further() {
    if curl_is_missing() {
        return;
    }
    for flag in ["--http1.1", "--http2"] {
        for (prompt, stream) in [
            ("Hi [[chunks=50 cut_after=3]]", true),
            ("Hi [[cut_after=40]]", false),
            ("Hi [[cut_after=0]]", false),
        ] {
            let (output, exchange) = call(CHAT, &ask(prompt, stream), &[flag]).await;
            assert!(
                !output.status.success(),
                "{flag} {prompt}: curl noticed nothing"
            );
            assert_eq!(exchange.ending, Ending::Cut);
            assert_eq!(output.stdout, exchange.response_body, "{flag} {prompt}");
            if stream {
                assert_eq!(
                    openai_text(&events(&output.stdout)),
                    exchange.meant.unwrap().texts[0]
                );
            } else {
                assert_eq!(
                    output.stdout.len(),
                    if prompt.contains("40") { 40 } else { 0 }
                );
            }
        }
    }
}

#[tokio::test]
async fn errors_look_like_the_providers_own() {
    if curl_is_missing() {
        return;
    }
    let status = ["--write-out", "\n%{http_code}"];
    let cases = [
        (CHAT, "[[error=429]]", 429, "rate_limit_exceeded"),
        (CHAT, "[[error=500]]", 500, "server_error"),
        (CHAT, "[[chnuks=3]]", 400, "chnuks=3"),
        (MESSAGES, "[[error=429]]", 429, "rate_limit_error"),
        (MESSAGES, "[[error=529]]", 529, "overloaded_error"),
        ("/v1/nothing", "", 404, "nothing answers POST /v1/nothing"),
    ];
    for (path, prompt, code, word) in cases {
        let (output, exchange) = call(path, &ask(prompt, true), &status).await;
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(
            answer.contains(word) && answer.ends_with(&code.to_string()),
            "{answer}"
        );
        assert_eq!(exchange.status, code);
        assert_eq!(
            exchange.response_header("retry-after").is_some(),
            matches!(code, 429 | 529)
        );
    }
    for path in [CHAT, MESSAGES] {
        let (_, exchange) = call(
            path,
            &ask("Hi", false),
            &[
                "-H",
                "x-api-key: bad-key",
                "-H",
                "authorization: Bearer bad-key",
            ],
        )
        .await;
        assert_eq!(exchange.status, 401);
    }
}

#[tokio::test]
async fn an_error_within_a_stream_comes_after_status_200() {
    if curl_is_missing() {
        return;
    }
    for path in [CHAT, MESSAGES] {
        let (output, exchange) = call(path, &ask("Hi [[chunks=9 error_after=4]]", true), &[]).await;
        assert!(output.status.success());
        assert_eq!((exchange.status, exchange.ending), (200, Ending::Whole));
        let (events, meant) = (events(&output.stdout), exchange.meant.unwrap());
        assert_eq!(
            events.last().unwrap()["error"]["message"],
            meant.error.unwrap().message
        );
        assert_eq!((meant.finish, meant.usage), (None, None));
    }
}

#[tokio::test]
async fn a_large_upload_waits_for_100_continue() {
    if curl_is_missing() {
        return;
    }
    let prompt = "ü".repeat(2_500_000);
    let (output, exchange) = call(
        CHAT,
        &ask(&prompt, false),
        &["--http1.1", "--verbose", "-H", "expect: 100-continue"],
    )
    .await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("< HTTP/1.1 100 Continue"));
    assert_eq!(exchange.status, 200);
    assert_eq!(exchange.meant.unwrap().usage.unwrap().input, 625_000);
}

#[tokio::test]
async fn five_megabytes_come_back_whole() {
    if curl_is_missing() {
        return;
    }
    for flag in ["--http1.1", "--http2"] {
        let (output, exchange) = call(
            CHAT,
            &ask("Hi [[bytes=5000000 chunks=1000]]", true),
            &[flag],
        )
        .await;
        assert_eq!(openai_text(&events(&output.stdout)).len(), 5_000_000);
        assert_eq!(output.stdout, exchange.response_body);
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    if curl_is_missing() {
        return;
    }
    let (output, exchange) = call(
        CHAT,
        &ask("Hi [[chunks=2000 delay_ms=20]]", true),
        &["--max-time", "0.5"],
    )
    .await;
    assert_eq!(output.status.code(), Some(28), "curl's own timeout");
    assert_eq!(exchange.ending, Ending::Abandoned);
    assert!(exchange.response_body.starts_with(&output.stdout));
}

#[tokio::test]
async fn the_real_names_and_plain_http_work_too() {
    if curl_is_missing() {
        return;
    }
    let folder = Folder::new("names");
    let log = folder.0.join("exchanges.ndjson");
    std::fs::create_dir_all(&folder.0).unwrap();
    let provider = Provider::builder()
        .dir(&folder.0)
        .log(&log)
        .start()
        .await
        .unwrap();
    let ca = provider.ca_pem_path().to_str().unwrap().to_owned();
    let body = || serde_json::to_vec(&ask("Hi", false)).unwrap();
    for host in ["api.openai.com", "api.anthropic.com"] {
        let to = format!("{host}:443:{}", provider.https_addr());
        let output = curl(
            &[
                "--cacert",
                &ca,
                "--connect-to",
                &to,
                &format!("https://{host}{CHAT}"),
            ],
            body(),
        )
        .await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    curl(&[&format!("{}{CHAT}", provider.http_url())], body()).await;
    let exchanges = provider.exchanges();
    assert_eq!(
        exchanges
            .iter()
            .map(|exchange| exchange.tls)
            .collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(exchanges[1].host, "api.anthropic.com");
    let lines = std::fs::read_to_string(&log).unwrap();
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(
        (lines.lines().count(), &last["ending"], &last["status"]),
        (3, &json!("whole"), &json!(200))
    );
}
