//! Nothing is lost without being counted.

use serde_json::Value;

use super::support::clients::{self, Call};
use super::support::sensor::Sensor;
use super::support::world::World;
use super::support::{LIMIT, within};

#[test]
fn what_is_captured_is_delivered_or_counted() {
    let test = "what_is_captured_is_delivered_or_counted";
    let Some(python) = clients::python(test) else {
        return;
    };
    let Some((world, sensor)) =
        World::with_sensor(test, &["--process", "python3.11,python3,python"])
    else {
        return;
    };
    let call = Call {
        script: "openai_async.py",
        mode: "stream",
        case: "accounts",
        directive: "chunks=100",
        calls: 20,
        ..Call::default()
    };
    let ran = python.run_all(&world, &[call]);
    sensor.until("the calls", |events| events.answers(ran[0].pid) == 20);
    // Other programs of this machine go on meanwhile: the figures of one
    // moment need not belong together, those of a quiet one do.
    let mut wrong = String::new();
    let balanced = within(LIMIT, || balance(&sensor).map_err(|why| wrong = why).ok());
    assert!(balanced.is_some(), "the accounts never balance: {wrong}");
    let ended = sensor.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    // The closing note counts what was stored: all of it is in the file.
    let stored = format!(" records: {} events", ended.events.0.len());
    assert!(ended.stderr.contains(&stored), "{stored}: {}", ended.stderr);
    world.check(&ended.events, &ran[0]);
}

/// What does not add up.
fn balance(sensor: &Sensor) -> Result<(), String> {
    let health = sensor.health();
    let counters = &health["counters"];
    let one = |name: &str| {
        counters[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no counter {name}: {counters}"))
    };
    let sum = |prefix: &str| -> u64 {
        let all = counters.as_object().unwrap().iter();
        all.filter(|(name, _)| name.starts_with(prefix))
            .map(|(_, value)| value.as_u64().unwrap())
            .sum()
    };
    let accounts = [
        (
            "raw events",
            one("capture.events"),
            one("decode.records") + sum("pipeline.skipped."),
        ),
        (
            "raw bytes",
            one("capture.bytes_delivered"),
            one("decode.bytes"),
        ),
        (
            "bytes in the kernel",
            one("capture.kernel_bytes_captured"),
            one("capture.kernel_bytes_sent") + sum("capture.kernel_bytes_dropped_"),
        ),
        (
            "events",
            one("decode.events"),
            one("pipeline.stored") + sum("pipeline.dropped."),
        ),
        (
            "the sink",
            one("pipeline.stored"),
            one("sink.jsonl.delivered") + one("sink.jsonl.queued") + sum("sink.jsonl.dropped."),
        ),
    ];
    let wrong = accounts.iter().filter(|(_, taken, told)| taken != told);
    let wrong: Vec<_> = wrong
        .map(|(what, taken, told)| format!("{what}: {taken} != {told}"))
        .collect();
    nothing_is_zero(counters);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join(", "))
    }
}

/// A balance of zeros would say nothing.
fn nothing_is_zero(counters: &Value) {
    for name in [
        "capture.events",
        "capture.bytes_delivered",
        "pipeline.stored",
        "pipeline.dropped.filtered",
        "sink.jsonl.delivered",
    ] {
        assert!(counters[name].as_u64() > Some(0), "{name}: {counters}");
    }
}
