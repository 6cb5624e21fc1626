//! Which program an event is about: by the user agent that it sent, else by
//! what the process is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use oisp_core::ProcessFacts;
use oisp_core::event::agent::Agent;
use oisp_core::event::{App, Data, Event};
use oisp_registry::{AppMatch, Bundle, Current, Process, Registry};

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

    /// Adds the program, and the agent on events of agents.
    pub(crate) fn add(&self, event: &mut Event, facts: Option<&Arc<ProcessFacts>>) {
        let mut known = self.known.borrow_mut();
        let bundle = self.registry.load();
        known.use_registry(&bundle);
        let registry = &bundle.registry;
        let agent = event.attrs.get("user_agent.original");
        let sent = agent
            .and_then(serde_json::Value::as_str)
            .map(|agent| known.by_user_agent(registry, agent))
            .unwrap_or_default();
        let runs = facts
            .map(|facts| known.by_process(registry, facts))
            .unwrap_or_default();
        if let (Some(name), false) = (&sent.framework, is_process(event)) {
            event
                .attrs
                .insert("oisp.client.library".into(), name.clone().into());
            if let Some(version) = &sent.framework_version {
                let name = "oisp.client.library.version".into();
                event.attrs.insert(name, version.clone().into());
            }
        }
        let found = Found {
            framework: sent.framework.clone(),
            ..if sent.app.is_some() { sent } else { runs }
        };
        describe_agent(&mut event.data, &found);
        event.app = found.app;
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
mod tests {
    use oisp_core::event::{Confidence, Source};
    use oisp_core::{EventId, Timestamp};
    use serde_json::Map;

    use super::*;

    fn event(data: Data, user_agent: Option<&str>) -> Event {
        let mut attrs = Map::new();
        if let Some(agent) = user_agent {
            attrs.insert("user_agent.original".into(), agent.into());
        }
        Event {
            oisp_version: "0.1",
            event_id: EventId::derive(Timestamp::default(), &[]),
            ts: Timestamp::default(),
            host: None,
            actor: None,
            process: None,
            app: None,
            source: Source::new("tls_boundary", "ssl_write"),
            confidence: Confidence::full(),
            data,
            attrs,
            ext: Map::new(),
            related_events: Vec::new(),
            trace_context: None,
        }
    }

    fn tool_call(user_agent: Option<&str>) -> Event {
        event(Data::ToolCall(Box::default()), user_agent)
    }

    fn facts(exe: &str, args: &[&str]) -> Arc<ProcessFacts> {
        Arc::new(ProcessFacts {
            pid: 7,
            exe: Some(exe.into()),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            ..ProcessFacts::default()
        })
    }

    fn agent_of(event: &Event) -> Agent {
        match &event.data {
            Data::ToolCall(call) => call.agent.clone().unwrap_or_default(),
            _ => Agent::default(),
        }
    }

    #[test]
    fn a_program_is_known_by_what_it_says_or_by_what_it_is() {
        let apps = Apps::new(Current::embedded());
        let mut said = tool_call(Some("claude-cli/2.1.3 (external, cli)"));
        apps.add(&mut said, None);
        let app = said.app.as_ref().unwrap();
        assert_eq!(
            (app.app_id.as_str(), app.version.as_deref()),
            ("claude-code", Some("2.1.3"))
        );
        assert_eq!(agent_of(&said).name.as_deref(), Some("claude-code"));
        let mut runs = tool_call(None);
        let script = "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js";
        apps.add(&mut runs, Some(&facts("/usr/bin/node", &["node", script])));
        assert_eq!(runs.app.unwrap().app_id, "claude-code");
    }

    #[test]
    fn a_library_tells_how_a_program_is_made_and_not_which_one_it_is() {
        let apps = Apps::new(Current::embedded());
        let mut event = tool_call(Some("OpenAI/Python 1.109.1"));
        apps.add(
            &mut event,
            Some(&facts("/usr/bin/unheard-of", &["unheard-of"])),
        );
        assert!(event.app.is_none());
        assert_eq!(event.attrs["oisp.client.library.version"], "1.109.1");
        let agent = agent_of(&event);
        assert!(agent.name.is_none() && agent.framework.is_some());
    }

    #[test]
    fn another_registry_counts_at_once() {
        let current = Current::embedded();
        let apps = Apps::new(current.clone());
        let mut before = tool_call(Some("acme-agent/3"));
        apps.add(&mut before, None);
        assert!(before.app.is_none());
        let mut bundle = Bundle::clone(&current.load());
        let additions = "schema = 1\n[[app]]\nid = \"acme\"\nname = \"Acme\"\ncategory = \"cli\"\ntype = \"cli\"\nuser_agents = [\"acme-agent/\"]\n";
        bundle.registry = Arc::new(bundle.registry.with_additions(additions).unwrap());
        current.replace(bundle);
        let mut after = tool_call(Some("acme-agent/3"));
        apps.add(&mut after, None);
        assert_eq!(after.app.unwrap().app_id, "acme");
    }
}
