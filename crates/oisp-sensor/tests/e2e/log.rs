//! The event log: read while it is written, whole after a kill, one writer.

use rustix::process::Signal;

use super::support::curl::Request;
use super::support::eventually;
use super::support::sensor::{Sensor, binary};
use super::support::world::World;

/// What `show` says of the sensor's log.
fn show(sensor: &Sensor, words: &[&str]) -> String {
    let mut command = binary();
    let output = command
        .args(["show", "--store"])
        .arg(sensor.file("events.db"))
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_log_is_read_while_it_is_written_and_after_a_kill() {
    let test = "the_log_is_read_while_it_is_written_and_after_a_kill";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let request = Request {
        case: "logged",
        ..Request::default()
    };
    let ran = request.start(&world).finish();
    let events = sensor.until("the answer", |events| events.answers(ran.pid) == 1);
    let asked = &events.of_pid(ran.pid).of_type("ai.request").0[0];
    let id = asked["data"]["request_id"].as_str().unwrap();
    eventually("the call in the log", || {
        let shown = show(&sensor, &[id, "--json"]);
        (shown.lines().count() >= 2).then_some(())
    });
    assert!(show(&sensor, &[]).contains("curl"));
    let counters = sensor.health()["counters"].clone();
    assert_eq!(counters["store.dropped.disk"], 0, "{counters}");

    let mut second = binary();
    let refused = second
        .args(["record", "--no-web", "--output", "-", "--store"])
        .arg(sensor.file("events.db"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let pid = format!("(pid {})", sensor.pid());
    for word in [pid.as_str(), "--store", "--ephemeral"] {
        assert!(said.contains(word), "{said}");
    }

    let before = show(&sensor, &["-t", "ai.response", "--json", "-n", "999"]);
    sensor.signal(Signal::KILL);
    let whole = show(&sensor, &[id]);
    assert!(whole.contains("Hello from curl 1.1 logged."), "{whole}");
    let after = show(&sensor, &["-t", "ai.response", "--json", "-n", "999"]);
    assert!(after.starts_with(&before), "what was there is there");
}
