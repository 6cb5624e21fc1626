//! Many calls of one process at the same time, and very large ones.

use super::support::clients::{self, Call};
use super::support::curl::Request;
use super::support::world::World;

const MANY: usize = 50;
const MEGABYTES: usize = 5_000_000;

#[test]
fn fifty_calls_at_once_in_one_python_process() {
    let test = "fifty_calls_at_once_in_one_python_process";
    let Some(python) = clients::python(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let call = |mode| Call {
        script: "openai_async.py",
        mode,
        case: "crowd",
        directive: "chunks=40 delay_ms=5 fragment=300",
        calls: MANY,
        ..Call::default()
    };
    let ran = python.run_all(&world, &[call("stream"), call("plain")]);
    world.check_all(sensor, &ran);
}

#[test]
fn fifty_calls_at_once_in_one_node_process() {
    let test = "fifty_calls_at_once_in_one_node_process";
    let Some(node) = clients::node(test) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let call = |script| Call {
        script,
        mode: "concurrent",
        case: "crowd",
        directive: "chunks=40 delay_ms=5 fragment=300",
        calls: MANY,
        ..Call::default()
    };
    let ran = node.run_all(&world, &[call("openai_chat.mjs"), call("fetch_chat.mjs")]);
    world.check_all(sensor, &ran);
}

#[test]
fn five_megabytes_each_way_arrive_whole() {
    let test = "five_megabytes_each_way_arrive_whole";
    let (Some(python), Some(node)) = (clients::python(test), clients::node(test)) else {
        return;
    };
    let Some((world, sensor)) = World::with_sensor(test, &[]) else {
        return;
    };
    let directive = format!("bytes={MEGABYTES}");
    let call = |script| Call {
        script,
        mode: "stream",
        case: "large",
        directive: &directive,
        calls: 1,
        prompt_bytes: MEGABYTES,
        ..Call::default()
    };
    let curl = Request {
        case: "large",
        http: "2",
        stream: true,
        directive: &directive,
        ..Request::default()
    };
    let ran = vec![
        python.start(&world, &call("openai_async.py")).finish(),
        node.start(&world, &call("openai_chat.mjs")).finish(),
        curl.start(&world).finish(),
    ];
    world.check_all(sensor, &ran);
}
