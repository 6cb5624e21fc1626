//! Which program an event is about: by the headers in which it names itself, else by
//! what the process is, else by the program that it descends from. How it was
//! told stands in `oisp.app.matched_by`; the program that launched it in
//! `oisp.app.launched_by`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use oisp_core::ProcessFacts;
use oisp_core::event::agent::Agent;
use oisp_core::event::{App, Data, Event};
use oisp_registry::{AppMatch, Bundle, Current, Process, Registry};
use serde_json::{Map, Value};

use crate::shell::is_interactive_shell;

/// Most processes and user agents whose program is remembered.
const MAX_KNOWN: usize = 4096;

/// Recognises programs.
#[derive(Debug)]
pub(crate) struct Apps {
    registry: Current,
    known: RefCell<Known>,
}

/// What was recognised by one version of the registry.
#[derive(Debug, Default)]
struct Known {
    by: Option<Arc<Bundle>>,
    agents: HashMap<String, Found>,
    processes: HashMap<u32, (Arc<ProcessFacts>, Found)>,
}

/// What is known of a caller.
#[derive(Clone, Debug, Default)]
struct Found {
    app: Option<App>,
    /// `ide`, `cli`, …, where the program is an agent.
    agent_type: Option<&'static str>,
    /// The library that speaks for it.
    framework: Option<String>,
    framework_version: Option<String>,
}

impl Apps {
    pub(crate) fn new(registry: Current) -> Self {
        Self {
            registry,
            known: RefCell::default(),
        }
    }

    /// Processes that are known no longer.
    pub(crate) fn forget(&mut self, pids: &[u32]) {
        let known = self.known.get_mut();
        for pid in pids {
            known.processes.remove(pid);
        }
    }

    /// Adds the program, and the agent on events of agents.
    pub(crate) fn add(
        &self,
        event: &mut Event,
        facts: Option<&Arc<ProcessFacts>>,
        ancestors: &[Arc<ProcessFacts>],
    ) {
        let mut known = self.known.borrow_mut();
        let bundle = self.registry.load();
        known.use_registry(&bundle);
        let registry = &bundle.registry;
        let (header, sent) = known.by_headers(registry, &event.attrs);
        let runs = facts
            .map(|facts| known.by_process(registry, facts))
            .unwrap_or_default();
        let launched = facts
            .map(|facts| known.by_ancestors(registry, facts, ancestors))
            .unwrap_or_default();
        if !is_process(event) {
            add_library(event, &sent);
        }
        let framework = sent.framework.clone();
        let (by, found) = if sent.app.is_some() {
            (header, sent)
        } else if runs.app.is_some() {
            ("process", runs)
        } else {
            ("ancestor", launched.clone())
        };
        add_how_it_is_known(&mut event.attrs, by, &found, &launched);
        let found = Found { framework, ..found };
        describe_agent(&mut event.data, &found);
        event.app = found.app;
    }
}

/// A header of the request that the decoder keeps.
fn header<'a>(attrs: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let values = attrs.get(&format!("http.request.header.{name}"))?;
    values.get(0)?.as_str()
}

/// The program whose name is a title.
fn by_title(registry: &Registry, title: &str) -> Found {
    let found = registry.app_by_title(title);
    found.map(|found| Found::of(&found)).unwrap_or_default()
}

fn add_library(event: &mut Event, sent: &Found) {
    let mut add = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            event.attrs.insert(name.into(), value.clone().into());
        }
    };
    add("oisp.client.library", &sent.framework);
    if sent.framework.is_some() {
        add("oisp.client.library.version", &sent.framework_version);
    }
}

fn add_how_it_is_known(
    attrs: &mut Map<String, Value>,
    by: &'static str,
    found: &Found,
    launched: &Found,
) {
    let Some(app) = &found.app else {
        return;
    };
    attrs.insert("oisp.app.matched_by".into(), by.into());
    if let Some(above) = &launched.app
        && (by == "ancestor" || above.app_id != app.app_id)
    {
        let id = above.app_id.clone().into();
        attrs.insert("oisp.app.launched_by".into(), id);
    }
}

impl Known {
    /// Another version of the registry may know better.
    fn use_registry(&mut self, bundle: &Arc<Bundle>) {
        let same = self.by.as_ref().is_some_and(|by| Arc::ptr_eq(by, bundle));
        if !same {
            *self = Self {
                by: Some(bundle.clone()),
                ..Self::default()
            };
        }
    }

    /// What the client says of itself, and in which header: the program that one
    /// of them names, the library that any of them does.
    fn by_headers(
        &mut self,
        registry: &Registry,
        attrs: &Map<String, Value>,
    ) -> (&'static str, Found) {
        let agent = attrs.get("user_agent.original").and_then(Value::as_str);
        let mut found = [
            ("user_agent", agent),
            ("x-goog-api-client", header(attrs, "x-goog-api-client")),
        ]
        .map(|(name, value)| {
            let found = value.map(|value| self.by_user_agent(registry, value));
            (name, found.unwrap_or_default())
        })
        .to_vec();
        let title = header(attrs, "x-title").map(|title| by_title(registry, title));
        found.push(("x-title", title.unwrap_or_default()));
        let library = found.iter().find(|(_, found)| found.framework.is_some());
        let library = library.map(|(_, found)| found.clone()).unwrap_or_default();
        let program = found.into_iter().find(|(_, found)| found.app.is_some());
        let (name, program) = program.unwrap_or_default();
        let found = Found {
            framework: library.framework,
            framework_version: library.framework_version,
            ..program
        };
        (name, found)
    }

    fn by_user_agent(&mut self, registry: &Registry, agent: &str) -> Found {
        if let Some(found) = self.agents.get(agent) {
            return found.clone();
        }
        let found = registry
            .app_by_user_agent(agent)
            .map(|found| Found::of(&found))
            .unwrap_or_default();
        if self.agents.len() >= MAX_KNOWN {
            self.agents.clear();
        }
        self.agents.insert(agent.to_owned(), found.clone());
        found
    }

    fn by_process(&mut self, registry: &Registry, facts: &Arc<ProcessFacts>) -> Found {
        if let Some((of, found)) = self.processes.get(&facts.pid)
            && Arc::ptr_eq(of, facts)
        {
            return found.clone();
        }
        let args: Vec<_> = facts.args.iter().flatten().map(String::as_str).collect();
        let process = Process {
            exe: facts.exe.as_deref(),
            args: &args,
            bundle_id: facts.bundle_id.as_deref(),
        };
        let found = registry
            .app_by_process(&process)
            .map(|found| Found::of(&found))
            .unwrap_or_default();
        if self.processes.len() >= MAX_KNOWN {
            self.processes.clear();
        }
        let entry = (facts.clone(), found.clone());
        self.processes.insert(facts.pid, entry);
        found
    }

    /// The nearest AI program that launched a process, not looking past a shell
    /// that somebody types into.
    fn by_ancestors(
        &mut self,
        registry: &Registry,
        facts: &Arc<ProcessFacts>,
        ancestors: &[Arc<ProcessFacts>],
    ) -> Found {
        if is_interactive_shell(facts) {
            return Found::default();
        }
        let mut above = ancestors
            .iter()
            .take_while(|one| !is_interactive_shell(one))
            .map(|one| self.by_process(registry, one));
        let is_ai = |found: &Found| {
            let app = found.app.as_ref();
            app.is_some_and(|app| app.is_ai_app || app.is_ai_host)
        };
        above.find(is_ai).unwrap_or_default()
    }
}

impl Found {
    fn of(found: &AppMatch<'_>) -> Self {
        let known = found.app;
        if known.framework {
            return Self {
                framework: Some(known.id.to_string()),
                framework_version: found.version.clone(),
                ..Self::default()
            };
        }
        Self {
            app: Some(App {
                app_id: known.id.to_string(),
                name: known.name.to_string(),
                vendor: known.vendor.as_deref().map(Into::into),
                version: found.version.clone(),
                category: known.category,
                tier: "identified",
                is_ai_app: known.is_ai_app,
                is_ai_host: known.is_ai_host,
                kind: known.kind,
            }),
            agent_type: known.agent_type,
            ..Self::default()
        }
    }

    fn agent(&self) -> Agent {
        let app = self.app.as_ref().filter(|_| self.agent_type.is_some());
        Agent {
            name: app.map(|app| app.app_id.clone()),
            kind: self.agent_type.map(Into::into),
            version: app.and_then(|app| app.version.clone()),
            framework: self.framework.clone(),
            session_id: None,
        }
    }
}

fn is_process(event: &Event) -> bool {
    event.data.event_type().starts_with("process.")
}

/// The agent on the events that have one. What the decoder said of it stays.
fn describe_agent(data: &mut Data, found: &Found) {
    let agent = match data {
        Data::ToolCall(call) => &mut call.agent,
        Data::ToolResult(result) => &mut result.agent,
        Data::Session(session) => &mut session.agent,
        _ => return,
    };
    let session_id = agent.take().and_then(|agent| agent.session_id);
    let described = Agent {
        session_id,
        ..found.agent()
    };
    *agent = (described != Agent::default()).then_some(described);
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
