//! What tool calls brought about: ties the programs that were run, the files and
//! the connections to the call that caused them.
//!
//! An answer that asks for tools opens a window: from then until the results
//! come, or the conversation goes on without them, what the process does, and
//! what those do that come from it, is the calls' doing. Which call it was, and
//! how sure that is, `attrs["oisp.tool_call.tie"]` tells:
//!
//! - `process`: a process above was run for the call;
//! - `arguments`: the call's arguments name the program, the file or the host;
//! - `time`: it is the only call that is open. Told with less confidence;
//! - `one_of`: it is one of the calls of the answer. The same, and tied to each
//!   as `related`.
//!
//! Where two answers of a process are open at a time, the last two tell nothing.
//! An agent's own talk with the host of a model is no tool's doing.
//!
//! Limits: [`MAX_PROCESSES`] processes, [`MAX_WINDOWS`] open answers each,
//! [`MAX_CALLS`] calls of an answer, half an hour from the answer on,
//! [`MAX_HELD`] bytes of arguments.

mod agent;
mod talk;
mod words;

use std::collections::HashMap;

use oisp_core::event::ai::ToolCall;
use oisp_core::event::{Data, Event, Level, Related, Relationship};
use oisp_core::{EventId, Timestamp};

use crate::lineage::Lineage;
use agent::{Agent, Called, Tie, Window};
use words::Words;

/// Most processes with open answers.
const MAX_PROCESSES: usize = 1024;
/// Most open answers of a process.
const MAX_WINDOWS: usize = 32;
/// Most calls of an answer that events are tied to.
const MAX_CALLS: usize = 64;
/// Most processes that are known to be run for a call.
const MAX_RUN: usize = 16_384;
/// Most memory of arguments, about; above it the older half of the answers is
/// forgotten.
const MAX_HELD: usize = 16 << 20;

/// What tool calls brought about.
#[derive(Debug, Default)]
pub struct Effects {
    agents: HashMap<u32, Agent>,
    /// What processes were run for.
    run: HashMap<u32, Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    call: EventId,
    is_sure: bool,
}

impl Effects {
    /// An answer asks a process to run tools.
    pub fn open<'a>(
        &mut self,
        pid: u32,
        conversation: &str,
        calls: impl Iterator<Item = (EventId, &'a ToolCall)>,
        at: Timestamp,
    ) {
        let calls = calls.take(MAX_CALLS).map(|(event, call)| Called {
            event,
            words: Words::of(&call.arguments),
        });
        let calls: Vec<_> = calls.collect();
        if calls.is_empty() {
            return;
        }
        let window = Window {
            conversation: conversation.to_owned(),
            at,
            calls,
            doubtful: None,
        };
        let agent = self.agent(pid, at);
        if agent.windows.len() >= MAX_WINDOWS {
            agent.windows.remove(0);
        }
        agent.windows.push(window);
        self.lighten();
    }

    /// A process begins to write a request.
    pub fn asking(&mut self, pid: u32, at: Timestamp) {
        if let Some(agent) = self.agents.get_mut(&pid) {
            agent.talk.begins(at);
        }
    }

    /// The request is complete.
    pub fn asked(&mut self, pid: u32) {
        if let Some(agent) = self.agents.get_mut(&pid) {
            agent.talk.ends();
        }
    }

    /// It was a model that the process asked, at that host and address. The
    /// request goes on with `conversation`, and brings the results of those
    /// calls.
    pub fn goes_on(
        &mut self,
        pid: u32,
        conversation: &str,
        results: &[EventId],
        ends: [Option<String>; 2],
        at: Timestamp,
    ) {
        let agent = self.agent(pid, at);
        agent.talk.with(ends);
        let mut over = Vec::new();
        agent.windows.retain_mut(|window| {
            let is_answered = window
                .calls
                .iter()
                .any(|call| results.contains(&call.event));
            if is_answered || !window.is_open(at) {
                over.extend(window.events());
                return false;
            }
            if window.conversation == conversation && window.doubtful.is_none() {
                window.doubtful = Some(at);
            }
            true
        });
        self.over(&over);
    }

    /// A pid is a new process's.
    pub fn begins(&mut self, pid: u32) {
        self.run.remove(&pid);
    }

    /// A process ended.
    pub fn exited(&mut self, pid: u32) {
        if let Some(agent) = self.agents.remove(&pid) {
            let over: Vec<_> = agent.windows.iter().flat_map(Window::events).collect();
            self.over(&over);
        }
    }

    /// Ties an event to the call that caused it.
    pub fn tie(&mut self, event: &mut Event, lineage: &Lineage, is_model: impl Fn(&str) -> bool) {
        if self.agents.is_empty() {
            return;
        }
        let Some(pid) = event.process.as_ref().map(|process| process.pid) else {
            return;
        };
        let Some(tie) = self.of(event, pid, lineage, &is_model) else {
            return;
        };
        // The end of a program is worth a tie where it was run for the call.
        let says_nothing = match &event.data {
            Data::ProcessFork(_) => true,
            Data::ProcessExit(_) => tie.how != "process",
            _ => false,
        };
        if says_nothing {
            return;
        }
        let relationship = if tie.how == "one_of" {
            Relationship::Related
        } else {
            Relationship::CausedBy
        };
        event
            .related_events
            .extend(tie.calls.iter().map(|call| Related {
                event_id: *call,
                relationship,
            }));
        event
            .attrs
            .insert("oisp.tool_call.tie".into(), tie.how.into());
        if !tie.is_sure && event.confidence.level == Level::High {
            event.confidence.level = Level::Medium;
            event
                .confidence
                .reasons
                .push(format!("tool_call_by_{}", tie.how));
        }
        if let (Data::ProcessExec(_), [call], false) = (
            &event.data,
            tie.calls.as_slice(),
            self.agents.contains_key(&pid),
        ) {
            self.ran(pid, *call, tie.is_sure);
        }
    }

    fn ran(&mut self, pid: u32, call: EventId, is_sure: bool) {
        if self.run.len() >= MAX_RUN {
            self.run.clear();
        }
        self.run.insert(pid, Run { call, is_sure });
    }

    fn of(
        &self,
        event: &Event,
        pid: u32,
        lineage: &Lineage,
        is_model: &impl Fn(&str) -> bool,
    ) -> Option<Tie> {
        lineage.of(pid).find_map(|above| {
            let agent = self.agents.get(&above);
            let by_window = agent.and_then(|agent| agent.tie(event, above == pid, is_model));
            by_window.or_else(|| {
                let run = self.run.get(&above)?;
                Some(Tie {
                    calls: vec![run.call],
                    how: "process",
                    is_sure: run.is_sure,
                })
            })
        })
    }

    fn lighten(&mut self) {
        let windows = || self.agents.values().flat_map(|agent| &agent.windows);
        if windows().map(Window::held).sum::<usize>() <= MAX_HELD {
            return;
        }
        let mut times: Vec<_> = windows().map(|window| window.at).collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        for agent in self.agents.values_mut() {
            agent.windows.retain(|window| window.at > median);
        }
        // What processes were run for may be among them.
        self.run.clear();
    }

    fn agent(&mut self, pid: u32, at: Timestamp) -> &mut Agent {
        if self.agents.len() >= MAX_PROCESSES && !self.agents.contains_key(&pid) {
            let oldest = self.agents.iter().min_by_key(|(_, agent)| agent.last);
            if let Some(oldest) = oldest.map(|(pid, _)| *pid) {
                self.exited(oldest);
            }
        }
        let agent = self.agents.entry(pid).or_default();
        agent.last = at;
        agent
    }

    /// The calls are over: what runs on does so on its own.
    fn over(&mut self, calls: &[EventId]) {
        if !calls.is_empty() {
            self.run.retain(|_, run| !calls.contains(&run.call));
        }
    }
}

#[cfg(test)]
mod tests;
