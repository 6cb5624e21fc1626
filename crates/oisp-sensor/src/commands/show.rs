//! `show`: recorded calls, from the event log or an events file.

mod activity;
mod call;
mod source;

use std::collections::{HashMap, HashSet, VecDeque};
use std::process::ExitCode;

use serde_json::Value;

use crate::cli::ShowOptions;
use crate::failure::{FAILED, Failure};
use crate::output::{self, Data};
use call::Call;
use source::Events;

/// Shows the newest calls, the newest events of a type, or one call whole.
pub fn run(options: &ShowOptions) -> Result<ExitCode, Failure> {
    let mut events = Events::open(options)?;
    let mut data = Data::new();
    let found = match &options.id {
        Some(id) => one_call(&mut events, id, options, &mut data)?,
        None if options.types.is_empty() && !options.json => {
            newest_calls(&mut events, options.last, &mut data)
        }
        None => newest_events(&mut events, options, &mut data),
    };
    drop(data);
    if let Some(error) = events.error.take() {
        return Err(Failure::new(error));
    }
    if events.bad_lines > 0 {
        output::note(format_args!(
            "{} lines of {} are no events",
            events.bad_lines, events.name
        ));
    }
    match (found, &options.id) {
        (false, Some(id)) => Err(Failure::new(format_args!(
            "no call or event {id} in {}; `oisp-sensor show` lists what is there",
            events.name
        ))),
        _ if events.bad_lines > 0 => Ok(ExitCode::from(FAILED)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn newest_events(events: &mut Events, options: &ShowOptions, data: &mut Data) -> bool {
    let mut newest = VecDeque::new();
    for event in events {
        let kind = event
            .get("event_type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if options.types.is_empty() || options.types.iter().any(|wanted| wanted == kind) {
            newest.push_back(event);
            if newest.len() > options.last {
                newest.pop_front();
            }
        }
    }
    let found = !newest.is_empty();
    for event in newest {
        let alive = if options.json {
            data.line(format_args!("{event}"))
        } else {
            data.line(format_args!("{}", activity::line(&event)))
        };
        if !alive {
            break;
        }
    }
    found
}

fn newest_calls(events: &mut Events, last: usize, data: &mut Data) -> bool {
    let mut order: VecDeque<String> = VecDeque::new();
    let mut calls: HashMap<String, Call> = HashMap::new();
    let mut ends = Ends::default();
    for event in events {
        let Some(id) = call::request_id(&event) else {
            continue;
        };
        if ends.is_other_view(&event, &id) {
            calls.remove(&id);
            order.retain(|known| *known != id);
            continue;
        }
        // An answer comes after its request: one of a call that was let go
        // already must not bring the call back.
        if event
            .get("event_type")
            .is_some_and(|kind| kind == "ai.request")
        {
            order.push_back(id.clone());
            calls.insert(id.clone(), Call::default());
        }
        let Some(known) = calls.get_mut(&id) else {
            continue;
        };
        known.take(event);
        if order.len() > last
            && let Some(oldest) = order.pop_front()
        {
            calls.remove(&oldest);
        }
    }
    let found = !order.is_empty();
    if found {
        data.line(format_args!("{}", call::HEADER));
    } else {
        output::note(format_args!("no AI calls yet"));
    }
    for id in order {
        if let Some(call) = calls.get(&id)
            && !data.line(format_args!("{}", call.line()))
        {
            break;
        }
    }
    found
}

/// Both ends of one call are one line: the client's.
#[derive(Default)]
struct Ends {
    /// The requests of clients.
    clients: HashSet<String>,
    /// The calls that are a server's view of one of theirs.
    others: HashSet<String>,
}

impl Ends {
    /// True for an event of a call whose client tells it, too.
    fn is_other_view(&mut self, event: &Value, request: &str) -> bool {
        if !call::is_servers(event) {
            if event
                .get("event_type")
                .is_some_and(|kind| kind == "ai.request")
                && let Some(id) = event.get("event_id").and_then(Value::as_str)
            {
                self.clients.insert(id.to_owned());
            }
            return false;
        }
        if call::related(event).any(|id| self.clients.contains(id)) {
            self.others.insert(request.to_owned());
        }
        self.others.contains(request)
    }
}

fn one_call(
    events: &mut Events,
    id: &str,
    options: &ShowOptions,
    data: &mut Data,
) -> Result<bool, Failure> {
    let mut by_call: HashMap<String, Vec<Value>> = HashMap::new();
    let mut wanted: Option<String> = None;
    for event in events {
        let request = call::request_id(&event);
        let is_it = request.as_deref() == Some(id)
            || event.get("event_id").and_then(Value::as_str) == Some(id);
        match request {
            Some(request) => {
                if is_it {
                    wanted = Some(request.clone());
                }
                by_call.entry(request).or_default().push(event);
            }
            // An event that belongs to no call is shown as it is.
            None if is_it => {
                data.line(format_args!("{event:#}"));
                return Ok(true);
            }
            None => {}
        }
    }
    let Some(found) = wanted.and_then(|request| by_call.remove(&request)) else {
        return Ok(false);
    };
    if options.json {
        found.iter().for_each(|event| {
            data.line(format_args!("{event}"));
        });
        return Ok(true);
    }
    let mut call = Call::default();
    found.into_iter().for_each(|event| call.take(event));
    let tools = call.tool_calls();
    if !tools.is_empty() {
        // What they brought about may stand anywhere behind them.
        let caused =
            |event: &Value| call::related(event).any(|id| tools.iter().any(|tool| tool == id));
        let is_deed = |event: &Value| call::request_id(event).is_none();
        let events = Events::open(options)?;
        events
            .filter(|event| is_deed(event) && caused(event))
            .for_each(|event| call.caused(event));
    }
    data.line(format_args!("{}", call.whole()));
    Ok(true)
}
