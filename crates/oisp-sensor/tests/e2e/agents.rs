//! What an agent does between its calls: tools that it was asked to run, what
//! they gave, and the session that all of it is.

use serde_json::{Value, json};

use super::support::clients::{self, Call, Ran};
use super::support::events::{Events, text_of};
use super::support::world::World;

const TASKS: usize = 2;
/// Of each task: the model asks for them at once.
const TOOLS: [&str; 2] = ["get_weather", "lookup"];
/// How long a tool of the agent takes, at least; they run one after the other.
const TOOL_MS: u64 = 50;

/// An agent that has run, with all that was told of it, and its stop.
fn run(test: &str, mode: &'static str, arguments: &[&str]) -> Option<(Events, Ran, World)> {
    let python = clients::python(test)?;
    let (world, sensor) = World::with_sensor(test, arguments)?;
    let call = Call {
        script: "agent_loop.py",
        mode,
        case: test,
        // Pieces are told once nothing in them can be the beginning of a secret:
        // only of a long answer there are many.
        directive: "bytes=20000 chunks=200 fragment=61 gzip tool=get_weather,lookup",
        calls: TASKS,
        ..Call::default()
    };
    let ran = python.start(&world, &call).finish();
    sensor.until("the end of the agent's session", |events| {
        sessions(&events.of_pid(ran.pid)).len() >= 2
    });
    let events = world.check_all(sensor, std::slice::from_ref(&ran));
    Some((events.of_pid(ran.pid), ran, world))
}

fn sessions(events: &Events) -> Vec<Value> {
    events.of_type("agent.session").0
}

/// The events that happened, in their order, each by its type.
fn course(events: &Events) -> Vec<String> {
    let of_agent = events.of_ai();
    let kinds = of_agent.0.iter().map(|event| {
        let kind = event["event_type"].as_str().unwrap();
        let what = match kind {
            "agent.tool_call" | "agent.tool_result" => &event["data"]["tool"]["name"],
            "agent.session" => &event["data"]["action"],
            _ => &Value::Null,
        };
        format!("{kind} {}", what.as_str().unwrap_or_default())
    });
    kinds.map(|kind| kind.trim().to_owned()).collect()
}

#[test]
fn an_agent_is_told_from_start_to_end() {
    let test = "an_agent_is_told_from_start_to_end";
    let Some((events, ran, world)) = run(test, "plain", &[]) else {
        return;
    };
    let mut expected = Vec::new();
    for task in 0..TASKS {
        if task == 0 {
            expected.push("agent.session start");
        }
        expected.extend([
            "ai.request",
            "ai.response",
            "agent.tool_call get_weather",
            "agent.tool_call lookup",
        ]);
        expected.extend([
            "ai.request",
            "agent.tool_result get_weather",
            "agent.tool_result lookup",
        ]);
        expected.push("ai.response");
    }
    expected.push("agent.session end");
    assert_eq!(course(&events), expected);
    check_results(&events);
    check_session(&events, &world, &ran);
}

/// Each result is tied to its call and to the request that brings it, and took
/// as long as the tool and those before it.
fn check_results(events: &Events) {
    let calls = events.of_type("agent.tool_call").0;
    let results = events.of_type("agent.tool_result").0;
    let requests = events.of_type("ai.request").0;
    assert_eq!(results.len(), TASKS * TOOLS.len());
    for (nth, (call, result)) in calls.iter().zip(&results).enumerate() {
        let bringing = &requests[nth / TOOLS.len() * 2 + 1];
        assert_eq!(
            result["related_events"],
            json!([
                {"event_id": call["event_id"], "relationship": "caused_by"},
                {"event_id": bringing["event_id"], "relationship": "parent"},
            ])
        );
        let (data, name) = (&result["data"], TOOLS[nth % TOOLS.len()]);
        assert_eq!(data["call_id"], call["data"]["call_id"]);
        assert_eq!(data["tool"]["name"], name);
        let given: Value = serde_json::from_str(data["result"].as_str().unwrap()).unwrap();
        assert_eq!(
            given,
            json!({"tool": name, "city": "Zürich 🏔️", "sky": "clear"})
        );
        assert!(
            data["duration_ms"].as_u64() >= Some(TOOL_MS * TOOLS.len() as u64),
            "{result}"
        );
        assert!(call["ts"].as_str() < result["ts"].as_str());
    }
}

/// One session, from the first call to the process's end, with the sums of the
/// calls in it.
fn check_session(events: &Events, world: &World, ran: &Ran) {
    let sessions = sessions(events);
    let [start, end] = sessions.as_slice() else {
        panic!("one start and one end: {sessions:?}");
    };
    let requests = events.of_type("ai.request").0;
    assert_eq!(start["ts"], requests[0]["ts"]);
    let id = &start["data"]["session_id"];
    assert_eq!(&end["data"]["session_id"], id);
    for request in &requests {
        assert_eq!(&request["data"]["conversation_id"], id, "one conversation");
    }
    let exits = events.of_type("process.exit").0;
    assert_eq!(end["ts"], exits[0]["ts"], "it ends with its process");
    let used = world.exchanges_of(ran).into_iter().map(|exchange| {
        let usage = exchange.meant.unwrap().usage.unwrap();
        usage.input + usage.output
    });
    let stats = &end["data"]["stats"];
    assert_eq!(stats["llm_calls"], TASKS * 2);
    assert_eq!(stats["tool_calls"], TASKS * TOOLS.len());
    assert_eq!(stats["tokens_used"], used.sum::<u64>());
    assert!(end["data"]["duration_ms"].as_u64() >= Some(TASKS as u64 * TOOL_MS));
}

#[test]
fn pieces_of_an_answer_add_up_to_it() {
    let test = "pieces_of_an_answer_add_up_to_it";
    let Some((events, _, _)) = run(test, "stream", &["--stream-chunks"]) else {
        return;
    };
    let chunks = events.of_type("ai.streaming_chunk").0;
    let responses = events.of_type("ai.response").0;
    assert_eq!(responses.len(), TASKS * 2);
    for response in &responses {
        let id = &response["data"]["request_id"];
        let of_answer: Vec<&Value> = chunks
            .iter()
            .filter(|chunk| &chunk["data"]["request_id"] == id)
            .collect();
        let nth = of_answer
            .iter()
            .map(|chunk| chunk["data"]["chunk_index"].as_u64().unwrap());
        let nth: Vec<u64> = nth.collect();
        assert!(nth.is_sorted_by(|one, next| one < next), "{nth:?}");
        let texts = of_answer
            .iter()
            .filter_map(|chunk| chunk["data"]["delta"]["content"].as_str());
        let texts: Vec<&str> = texts.collect();
        assert!(texts.len() > 5, "an answer in pieces: {}", texts.len());
        assert_eq!(texts.concat(), text_of(response));
        let asked = response["data"]["tool_calls"]
            .as_array()
            .map_or(0, Vec::len);
        let begun = of_answer
            .iter()
            .filter_map(|chunk| chunk["data"]["delta"]["tool_calls"].as_array());
        assert_eq!(begun.map(Vec::len).sum::<usize>(), asked);
        let last = of_answer.last().unwrap();
        assert_eq!(
            last["data"]["finish_reason"],
            response["data"]["finish_reason"]
        );
    }
}

#[test]
fn without_the_option_a_stream_is_one_answer() {
    let test = "without_the_option_a_stream_is_one_answer";
    let Some((events, _, _)) = run(test, "stream", &[]) else {
        return;
    };
    assert_eq!(events.of_type("ai.streaming_chunk").0, Vec::<Value>::new());
}
