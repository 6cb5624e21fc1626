//! Secrets leave memory nowhere: not to the events file, not to the API, not to
//! standard error however much it says.

use super::support::clients::{self, Call, Running};
use super::support::curl::{Provider, Request};
use super::support::world::World;

/// Made up. Each holds the word that nothing may tell.
const OPENAI: &str = "sk-proj-CANARYa1b2c3d4e5f6g7h8i9j0k1l2";
const ANTHROPIC: &str = "sk-ant-api03-CANARYm3n4o5p6q7r8s9t0";
const GITHUB: &str = "ghp_CANARY0123456789abcdefghijklmnop";
const PASSWORD: &str = "password=CANARYhunter2hunter2";
const FLAGS: [&str; 2] = ["CANARYafterflag0", "CANARYuserpassw0"];

#[test]
fn planted_secrets_are_told_nowhere() {
    let test = "planted_secrets_are_told_nowhere";
    let Some(python) = clients::python(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &["-vvv"]) else {
        return;
    };
    // The provider quotes the prompt in its answer and in the tools' arguments.
    let case = format!("{GITHUB} {PASSWORD}");
    let mut running = Vec::new();
    for (http, provider, key) in [
        ("1.1", Provider::OpenAi, OPENAI),
        ("2", Provider::Anthropic, ANTHROPIC),
    ] {
        for stream in [false, true] {
            let directive = if stream {
                "tool=get_weather fragment=5"
            } else {
                "error=401"
            };
            let user = format!("someone:{}", FLAGS[1]);
            let header = format!("x-forwarded-authorization: Bearer {key}");
            let options = ["--user", &user, "--header", &header];
            running.push(
                Request {
                    case: &case,
                    http,
                    provider,
                    stream,
                    directive,
                    key,
                    options: &options,
                }
                .start(&world),
            );
        }
    }
    let call = Call {
        script: "openai_chat.py",
        mode: "stream-tools",
        case: &case,
        directive: "tool=get_weather chunks=90",
        calls: 1,
        key: Some(FLAGS[0]),
        ..Call::default()
    };
    running.push(python.start(&world, &call));
    let ran: Vec<_> = running.into_iter().map(Running::finish).collect();
    for ran in &ran {
        sensor.until(&ran.label, |events| events.answers(ran.pid) == ran.calls);
    }
    let state = [
        "/api/doctor",
        "/api/health",
        "/api/sinks",
        "/api/filters",
        "/api/metrics",
        "/api/metrics/processes",
        "/metrics",
    ];
    let mut told: Vec<_> = state
        .into_iter()
        .map(|path| (path, sensor.get(path)))
        .inspect(|(path, (status, _))| assert_eq!(*status, 200, "{path}"))
        .map(|(path, (_, body))| (path, body))
        .collect();
    told.push(("/api/events", sensor.get("/api/events?limit=1000").1));
    told.push((
        "the types of /api/events",
        sensor
            .get("/api/events?limit=1000&type=ai.request,ai.response,agent.tool_call")
            .1,
    ));
    let events_file = sensor.file("events.jsonl");
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    std::fs::hard_link(&events_file, &kept)
        .or_else(|_| std::fs::copy(&events_file, &kept).map(drop))
        .unwrap();
    let ended = sensor.stop();
    told.push(("the events file", std::fs::read_to_string(&kept).unwrap()));
    told.push(("standard error", ended.stderr));
    let calls = ended.events.of_pid(ran[0].pid).of_ai().0;
    assert!(
        calls
            .iter()
            .any(|event| event.to_string().contains("[REDACTED:")),
        "{calls:?}"
    );
    for (place, text) in told {
        assert!(!text.is_empty(), "{place}");
        if let Some(at) = text.find("CANARY") {
            let from = text.floor_char_boundary(at.saturating_sub(200));
            let to = text.floor_char_boundary((at + 60).min(text.len()));
            panic!("a secret stands in {place}: …{}…", &text[from..to]);
        }
    }
}
