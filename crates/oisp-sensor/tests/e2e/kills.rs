//! Whoever is killed, the other goes on.

use std::io::{BufRead as _, BufReader};

use rustix::process::Signal;

use super::support::clients::{self, Call, Running};
use super::support::curl::Request;
use super::support::events::{Events, text_of};
use super::support::sensor::{Sensor, kill, whole_lines};
use super::support::skipped;
use super::support::world::World;

/// Reads the first frames of a stream, so that it is under way.
fn read_frames(running: &mut Running, count: usize) -> BufReader<std::process::ChildStdout> {
    let mut stream = BufReader::new(running.child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..count {
        line.clear();
        assert!(
            stream.read_line(&mut line).unwrap() > 0,
            "the stream ended early"
        );
    }
    stream
}

#[test]
fn a_client_killed_in_a_stream_leaves_a_partial_answer() {
    let test = "a_client_killed_in_a_stream_leaves_a_partial_answer";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    for http in ["1.1", "2"] {
        let request = Request {
            case: "killed",
            http,
            stream: true,
            directive: "chunks=2000 delay_ms=5",
            ..Request::default()
        };
        let mut running = request.start(&world);
        let _stream = read_frames(&mut running, 20);
        kill(running.pid(), Signal::KILL);
        let ran = running.gone();
        let events = sensor.until("the partial answer", |events| events.answers(ran.pid) == 1);
        check_partial(&events.of_pid(ran.pid), &world, &ran.label);

        let next = Request {
            case: "after the kill",
            http,
            ..Request::default()
        };
        let ran = next.start(&world).finish();
        sensor.until("the next call", |events| events.answers(ran.pid) == 1);
        world.check(&sensor.events(), &ran);
    }
    assert_eq!(sensor.stop().status.code(), Some(0));
}

fn check_partial(events: &Events, world: &World, label: &str) {
    assert_eq!(events.of_type("ai.request").0.len(), 1);
    let response = &events.of_type("ai.response").0[0];
    assert_eq!(response["confidence"]["completeness"], "partial");
    assert_eq!(response["confidence"]["reasons"][0], "connection_closed");
    assert_eq!(response["data"]["status_code"], 200);
    assert!(response["data"]["finish_reason"].is_null(), "{response}");
    assert!(response["data"]["usage"].is_null(), "{response}");
    let text = text_of(response);
    let sent = super::support::eventually("the abandoned exchange", || {
        world.exchanges(label).first().cloned()
    });
    let sent = String::from_utf8(sent.response_body.to_vec()).unwrap();
    assert!(!text.is_empty(), "{response}");
    let whole = whole_text(&sent);
    assert!(
        whole.starts_with(text),
        "{text:?} is no beginning of {whole:?}"
    );
}

/// The text that a stream of OpenAI carried.
fn whole_text(stream: &str) -> String {
    let data = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"));
    data.filter_map(|rest| serde_json::from_str::<serde_json::Value>(&format!("{{{rest}")).ok())
        .filter_map(|chunk| {
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect()
}

#[test]
fn a_killed_sensor_disturbs_nobody_and_leaves_whole_lines() {
    let test = "a_killed_sensor_disturbs_nobody_and_leaves_whole_lines";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let python = clients::python(test);
    let before = Request {
        case: "before",
        ..Request::default()
    };
    let before = before.start(&world).finish();
    sensor.until("the call before", |events| events.answers(before.pid) == 1);

    let directive = "chunks=200 delay_ms=10";
    let request = Request {
        case: "streams on",
        stream: true,
        directive,
        ..Request::default()
    };
    let call = Call {
        script: "openai_chat.py",
        mode: "stream",
        case: "streams on",
        directive,
        calls: 1,
        ..Call::default()
    };
    let sdk = python.map(|python| python.start(&world, &call));
    let mut curl = request.start(&world);
    let mut rest = read_frames(&mut curl, 20);
    sensor.signal(Signal::KILL);
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut rest, &mut lines).unwrap();
    assert!(
        lines.trim_end().ends_with("data: [DONE]"),
        "the stream goes on to its end"
    );
    let curl = curl.finish();
    assert_eq!(
        world.exchanges_of(&curl)[0].ending,
        oisp_testkit::Ending::Whole
    );
    match sdk.map(Running::finish) {
        Some(ran) => {
            let meant = world.exchanges_of(&ran)[0].meant.clone().unwrap();
            assert_eq!(ran.reports()[0]["text"], meant.texts[0]);
        }
        None => skipped(test, "its part with the Python client"),
    }

    let lines = whole_lines(&sensor.file("events.jsonl"));
    let killed = sensor.ended();
    assert!(!killed.status.success());
    assert_eq!(killed.events.0.len(), lines.len());
    world.check(&killed.events, &before);

    let Some(again) = Sensor::record(test, &[]) else {
        panic!("a sensor starts after a kill")
    };
    let after = Request {
        case: "after",
        http: "2",
        ..Request::default()
    };
    let after = after.start(&world).finish();
    world.check_all(again, &[after]);
}
