//! A saved capture, decoded later, gives the events that were told live.

use std::collections::BTreeMap;

use serde_json::Value;

use super::support::clients::{self, Call, Running};
use super::support::curl::Request;
use super::support::events::{Events, parse};
use super::support::sensor::{binary, whole_lines};
use super::support::world::World;

#[test]
fn a_saved_capture_decodes_to_the_live_events() {
    let test = "a_saved_capture_decodes_to_the_live_events";
    let Some(node) = clients::node(test) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let capture = dir.path().join("capture.ndjson");
    let save = ["--save-capture", capture.to_str().unwrap()];
    let Some((world, sensor)) = World::with_sensor(test, &save) else {
        return;
    };
    let stream = |http| Request {
        case: "saved",
        http,
        stream: true,
        directive: "tool=get_weather fragment=9",
        ..Request::default()
    };
    let mut running = vec![stream("1.1").start(&world), stream("2").start(&world)];
    let call = Call {
        script: "openai_chat.mjs",
        mode: "concurrent",
        case: "saved",
        directive: "chunks=20",
        calls: 10,
        ..Call::default()
    };
    running.push(node.start(&world, &call));
    let ran: Vec<_> = running.into_iter().map(Running::finish).collect();
    let live = world.check_all(sensor, &ran);

    assert_eq!(
        mode_of(&capture),
        0o600,
        "a capture file is its owner's alone"
    );
    assert!(!whole_lines(&capture).is_empty());
    let decoded = binary().arg("decode").arg(&capture).output().unwrap();
    let said = String::from_utf8_lossy(&decoded.stderr);
    assert_eq!(decoded.status.code(), Some(0), "{said}");
    let decoded = parse(std::str::from_utf8(&decoded.stdout).unwrap());
    assert_same(&live, &decoded);
}

fn assert_same(live: &Events, decoded: &Events) {
    let (live, decoded) = (without_host(live), without_host(decoded));
    for (id, event) in &live {
        assert_eq!(decoded.get(id), Some(event), "{id}");
    }
    assert_eq!(
        live.len(),
        decoded.len(),
        "decoding makes no event that was not told live"
    );
}

/// By id; the machine is known only where the capture was made.
fn without_host(events: &Events) -> BTreeMap<String, Value> {
    assert!(!events.of_ai().0.is_empty());
    let told = events.0.clone();
    let by_id = |mut event: Value| {
        event.as_object_mut().unwrap().remove("host");
        (event["event_id"].as_str().unwrap().to_owned(), event)
    };
    told.into_iter().map(by_id).collect()
}

fn mode_of(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
