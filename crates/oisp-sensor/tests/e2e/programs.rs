//! Every client program in every mode: each call is told as it was made, by the
//! process that made it.

use super::support::clients::{self, Call, Running};
use super::support::curl::{Provider, Request};
use super::support::world::World;

const CALLS: usize = 3;

/// Fragments cut frames anywhere, and clients that accept gzip get it.
const ROUGH: &str = "fragment=61 gzip";
const TOOLS: &str = "fragment=61 gzip tool=get_weather,lookup";

fn modes<'a>(script: &'a str, modes: &[&'a str]) -> Vec<Call<'a>> {
    let call = |mode: &&'a str| Call {
        script,
        mode,
        case: "as usual",
        directive: if mode.contains("tools") { TOOLS } else { ROUGH },
        calls: CALLS,
        ..Call::default()
    };
    modes.iter().map(call).collect()
}

/// An error status, an error within a stream, tokens from a cache, thinking.
fn oddities<'a>(script: &'a str, model: &'a str) -> Vec<Call<'a>> {
    let call = |mode, case, directive| Call {
        script,
        mode,
        case,
        directive,
        calls: 1,
        ..Call::default()
    };
    let refused = Call {
        model: Some(model),
        ..call("plain", "refused", "")
    };
    vec![
        refused,
        call("stream", "broken off", "error_after=3"),
        call("plain", "cached", "cached=40"),
        call("stream", "thinking", "thinking chunks=40 join=3"),
    ]
}

#[test]
fn python_clients() {
    let test = "python_clients";
    let Some(python) = clients::python(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let calls = [
        modes(
            "openai_chat.py",
            &["plain", "stream", "tools", "stream-tools"],
        ),
        oddities("openai_chat.py", "gpt-4o-mini+error=429"),
        modes("openai_async.py", &["plain", "stream"]),
        modes(
            "anthropic_messages.py",
            &[
                "plain",
                "stream",
                "tools",
                "stream-tools",
                "async",
                "async-stream",
            ],
        ),
        oddities("anthropic_messages.py", "claude-sonnet-4-5+error=529"),
        modes(
            "libraries_https.py",
            &[
                "requests",
                "requests-stream",
                "httpx",
                "httpx-stream",
                "aiohttp",
                "aiohttp-stream",
            ],
        ),
        modes("stdlib_https.py", &["keepalive", "stream", "urllib"]),
    ];
    let ran = python.run_all(&world, &calls.concat());
    world.check_all(sensor, &ran);
}

/// A case of each dialect that is none of chat completions and messages.
#[test]
fn python_clients_of_other_apis() {
    let test = "python_clients_of_other_apis";
    let Some(python) = clients::python(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    const TURNS: [&str; 4] = ["plain", "stream", "tools", "stream-tools"];
    let calls = [
        modes("openai_responses.py", &TURNS),
        oddities("openai_responses.py", "gpt-4o-mini+error=429"),
        modes("openai_media.py", &MEDIA),
        modes("gemini_contents.py", &TURNS),
        modes("gemini_contents.py", &["array", "embeddings"]),
        oddities("gemini_contents.py", "gemini-2.5-flash+error=429"),
        modes("ollama_chat.py", &TURNS),
        oddities("ollama_chat.py", "llama3.2+error=503"),
        modes("bedrock_converse.py", &TURNS),
        oddities("bedrock_converse.py", "amazon.nova-lite-v1:0+error=429"),
        modes("cohere_chat.py", &TURNS),
        oddities("cohere_chat.py", "command-a-03-2025+error=429"),
    ];
    let ran = python.run_all(&world, &calls.concat());
    world.check_all(sensor, &ran);
}

const MEDIA: [&str; 7] = [
    "completions",
    "completions-stream",
    "embeddings",
    "images",
    "speech",
    "transcription",
    "transcription-stream",
];

/// One connection carries many calls, and each is told as if it were alone.
#[test]
fn calls_over_a_websocket() {
    let test = "calls_over_a_websocket";
    let (Some(python), Some(node)) = (clients::python(test), clients::node(test)) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let script = "openai_responses.py";
    let broken_off = Call {
        script,
        mode: "socket",
        case: "broken off",
        directive: "error_after=3",
        calls: 1,
        ..Call::default()
    };
    let refused = Call {
        case: "refused",
        directive: "",
        model: Some("gpt-4o-mini+error=429"),
        ..broken_off
    };
    let calls = [
        modes(script, &["socket", "socket-tools", "socket-deflate"]),
        vec![broken_off, refused],
    ];
    let mut ran = python.run_all(&world, &calls.concat());
    let calls = modes("openai_responses.mjs", &["socket", "socket-deflate"]);
    ran.extend(node.run_all(&world, &calls));
    for ran in &ran {
        let deflated = ran.label.contains("deflate");
        for exchange in world.exchanges_of(ran) {
            assert_eq!(exchange.status, 101, "{}", ran.label);
            let smaller = exchange.encoded_len < exchange.response_body.len();
            assert_eq!(smaller, deflated, "{}", ran.label);
        }
    }
    world.check_all(sensor, &ran);
}

#[test]
fn node_clients() {
    let test = "node_clients";
    let Some(node) = clients::node(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let calls = [
        modes(
            "openai_chat.mjs",
            &["plain", "stream", "tools", "concurrent"],
        ),
        oddities("openai_chat.mjs", "gpt-4o-mini+error=500"),
        modes("anthropic_messages.mjs", &["plain", "stream", "concurrent"]),
        oddities("anthropic_messages.mjs", "claude-sonnet-4-5+error=401"),
        modes("fetch_chat.mjs", &["plain", "stream", "concurrent"]),
        modes("openai_responses.mjs", &["plain", "stream", "concurrent"]),
        modes("gemini_contents.mjs", &["plain", "stream", "concurrent"]),
    ];
    let ran = node.run_all(&world, &calls.concat());
    world.check_all(sensor, &ran);
}

#[test]
fn curl_over_http1_and_http2() {
    let test = "curl_over_http1_and_http2";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let mut running = Vec::new();
    for http in ["1.1", "2"] {
        for provider in [Provider::OpenAi, Provider::Anthropic] {
            for stream in [false, true] {
                running.extend(requests(&world, http, provider, stream));
            }
        }
    }
    let ran: Vec<_> = running.into_iter().map(Running::finish).collect();
    assert_eq!(ran.len(), 2 * 2 * 2 * DIRECTIVES.len());
    let exchanges = ran.iter().flat_map(|ran| world.exchanges_of(ran));
    let over_http2 = exchanges
        .filter(|exchange| exchange.http == "HTTP/2.0")
        .count();
    assert_eq!(
        over_http2,
        ran.len() / 2,
        "curl speaks HTTP/2 where it is asked to"
    );
    world.check_all(sensor, &ran);
}

const DIRECTIVES: [(&str, &str, &[&str]); 6] = [
    ("plain", "", &[]),
    ("fragments", "fragment=7", &[]),
    ("gzip", "gzip", &["--compressed"]),
    ("tools", "tool=get_weather", &[]),
    ("refused", "error=429", &[]),
    ("long", "bytes=70000", &[]),
];

fn requests(world: &World, http: &str, provider: Provider, stream: bool) -> Vec<Running> {
    let name = if provider == Provider::OpenAi {
        "openai"
    } else {
        "anthropic"
    };
    let kind = if stream { "streamed" } else { "whole" };
    let request = |(case, directive, options): &(&str, &str, &[&str])| {
        let case = format!("{name} {kind} {case}");
        let request = Request {
            case: &case,
            http,
            provider,
            stream,
            directive,
            options,
            ..Request::default()
        };
        request.start(world)
    };
    DIRECTIVES.iter().map(request).collect()
}

#[test]
fn many_calls_share_an_http2_connection() {
    let test = "many_calls_share_an_http2_connection";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let request = Request {
        case: "multiplexed",
        http: "2",
        stream: true,
        directive: "chunks=60 fragment=200 delay_ms=2",
        ..Request::default()
    };
    let ran = vec![request.start_many(&world, 12).finish()];
    let mut connections: Vec<_> = world
        .exchanges_of(&ran[0])
        .iter()
        .map(|exchange| exchange.connection)
        .collect();
    connections.sort_unstable();
    connections.dedup();
    assert!(connections.len() < 12, "curl multiplexes: {connections:?}");
    world.check_all(sensor, &ran);
}
