//! The ways in which a sensor ends, and how soon a call is told.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::support::curl::Request;
use super::support::sensor::{Sensor, binary, wait};
use super::support::world::World;
use super::support::{is_root, within};

#[test]
fn a_signal_drains_and_flushes() {
    let test = "a_signal_drains_and_flushes";
    for signal in [Signal::INT, Signal::TERM] {
        let Some((world, sensor)) = World::with_sensor(test, &[]) else {
            return;
        };
        let start = |http| {
            Request {
                case: "the last",
                http,
                stream: true,
                ..Request::default()
            }
            .start(&world)
        };
        let running = [start("1.1"), start("2")];
        let ran = running.map(super::support::clients::Running::finish);
        let ended = sensor.stop_by(signal);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        for ran in &ran {
            world.check(&ended.events, ran);
        }
    }
}

#[test]
fn a_duration_ends_by_itself() {
    let test = "a_duration_ends_by_itself";
    if !is_root(test) {
        return;
    }
    let began = Instant::now();
    let Some(sensor) = Sensor::record(test, &["--duration", "2s"]) else {
        return;
    };
    let world = World::new();
    let ran = Request {
        case: "in time",
        ..Request::default()
    }
    .start(&world)
    .finish();
    let ended = sensor.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(began.elapsed() >= Duration::from_secs(2));
    world.check(&ended.events, &ran);
}

#[test]
fn a_reader_that_goes_away_ends_it_cleanly() {
    let test = "a_reader_that_goes_away_ends_it_cleanly";
    // Says whether this machine can capture at all.
    let Some((world, _sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let mut sensor = binary()
        .args(["record", "--output", "-", "--no-web", "--ephemeral"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(sensor.stderr.take().unwrap());
    let mut line = String::new();
    assert!(stderr.read_line(&mut line).unwrap() > 0);
    assert!(line.starts_with("capturing"), "{line}");
    let request = Request {
        case: "piped",
        ..Request::default()
    };
    request.start(&world).finish();
    let mut stdout = BufReader::new(sensor.stdout.take().unwrap());
    line.clear();
    assert!(stdout.read_line(&mut line).unwrap() > 0);
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["oisp_version"], "0.1");
    drop(stdout);
    // Programs start until the sensor finds out that nobody reads.
    let ended = within(super::support::LIMIT, || {
        request.start(&world).finish();
        sensor.try_wait().unwrap()
    });
    if ended.is_none() {
        let _ = sensor.kill();
    }
    let status = wait(&mut sensor, "the end of a sensor without a reader");
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    assert!(!rest.contains("panic") && !rest.contains("error"), "{rest}");
}

#[test]
fn a_call_is_told_within_seconds() {
    let test = "a_call_is_told_within_seconds";
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    for http in ["1.1", "2"] {
        let ran = Request {
            case: "soon",
            http,
            stream: true,
            ..Request::default()
        }
        .start(&world)
        .finish();
        let told = within(Duration::from_secs(5), || {
            (sensor.events().answers(ran.pid) == 1).then_some(())
        });
        assert!(
            told.is_some(),
            "no answer in the file 5 s after the client's end"
        );
    }
}

#[test]
fn a_full_disk_is_told_and_is_a_failure() {
    let test = "a_full_disk_is_told_and_is_a_failure";
    // Says whether this machine can capture at all.
    let Some((world, _sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let full = binary()
        .args([
            "record",
            "--output",
            "/dev/full",
            "--no-web",
            "--ephemeral",
            "--duration",
            "3s",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Request {
        case: "nowhere to write",
        ..Request::default()
    }
    .start(&world)
    .finish();
    let ended = full.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("events were not written: cannot write /dev/full"),
        "{stderr}"
    );
}
