use super::*;
use oisp_core::event::{Confidence, Source};
use oisp_core::{EventId, Timestamp};

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
    apps.add(&mut said, None, &[]);
    let app = said.app.as_ref().unwrap();
    assert_eq!(
        (app.app_id.as_str(), app.version.as_deref()),
        ("claude-code", Some("2.1.3"))
    );
    assert_eq!(agent_of(&said).name.as_deref(), Some("claude-code"));
    let mut runs = tool_call(None);
    let script = "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js";
    apps.add(
        &mut runs,
        Some(&facts("/usr/bin/node", &["node", script])),
        &[],
    );
    assert_eq!(runs.app.unwrap().app_id, "claude-code");
}

#[test]
fn a_library_tells_how_a_program_is_made_and_not_which_one_it_is() {
    let apps = Apps::new(Current::embedded());
    let mut event = tool_call(Some("OpenAI/Python 1.109.1"));
    apps.add(
        &mut event,
        Some(&facts("/usr/bin/unheard-of", &["unheard-of"])),
        &[],
    );
    assert!(event.app.is_none());
    assert_eq!(event.attrs["oisp.client.library.version"], "1.109.1");
    let agent = agent_of(&event);
    assert!(agent.name.is_none() && agent.framework.is_some());
}

/// The facts of a child, and of who launched it, the nearest first.
fn line(exes: &[(&str, &[&str])]) -> Vec<Arc<ProcessFacts>> {
    let with_pid = |(n, (exe, args)): (usize, &(&str, &[&str]))| {
        Arc::new(ProcessFacts {
            pid: 100 + u32::try_from(n).unwrap(),
            ..ProcessFacts::clone(&facts(exe, args))
        })
    };
    exes.iter().enumerate().map(with_pid).collect()
}

fn launched(line: &[Arc<ProcessFacts>]) -> Event {
    let mut event = tool_call(None);
    Apps::new(Current::embedded()).add(&mut event, Some(&line[0]), &line[1..]);
    event
}

const CLAUDE: (&str, &[&str]) = (
    "/usr/bin/node",
    &[
        "node",
        "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js",
    ],
);

#[test]
fn what_an_agent_runs_is_told_by_the_agent() {
    let script: (&str, &[&str]) = ("/usr/bin/python3", &["python3", "work.py"]);
    let shell: (&str, &[&str]) = ("/bin/bash", &["bash", "-c", "python3 work.py"]);
    let event = launched(&line(&[script, shell, CLAUDE]));
    assert_eq!(event.app.as_ref().unwrap().app_id, "claude-code");
    assert_eq!(event.attrs["oisp.app.matched_by"], "ancestor");
    assert_eq!(agent_of(&event).name.as_deref(), Some("claude-code"));
    let curl: (&str, &[&str]) = ("/usr/bin/curl", &["curl", "https://example.com"]);
    let event = launched(&line(&[curl, shell, CLAUDE]));
    assert_eq!(event.app.unwrap().app_id, "curl");
    assert_eq!(event.attrs["oisp.app.launched_by"], "claude-code");
    assert_eq!(event.attrs["oisp.app.matched_by"], "process");
}

#[test]
fn what_is_typed_into_a_shell_is_not_the_work_of_the_program_above_it() {
    let script: (&str, &[&str]) = ("/usr/bin/python3", &["python3", "work.py"]);
    for shell in [&["-bash"][..], &["/bin/bash", "-l", "-i"], &["bash"]] {
        let event = launched(&line(&[script, ("/bin/bash", shell), CLAUDE]));
        assert!(event.app.is_none(), "{shell:?}");
        assert!(!event.attrs.contains_key("oisp.app.launched_by"));
    }
}

#[test]
fn other_headers_name_program_and_library_too() {
    let mut event = tool_call(Some("node"));
    let mut put = |name: &str, value: &str| {
        let name = format!("http.request.header.{name}");
        event.attrs.insert(name, serde_json::json!([value]));
    };
    put("x-title", "Roo Code");
    put(
        "x-goog-api-client",
        "langchain-google-genai/2.1 gl-python/3.12",
    );
    Apps::new(Current::embedded()).add(&mut event, None, &[]);
    assert_eq!(event.app.as_ref().unwrap().app_id, "roo-code");
    assert_eq!(event.attrs["oisp.app.matched_by"], "x-title");
    assert_eq!(agent_of(&event).framework.as_deref(), Some("langchain"));
}

#[test]
fn another_registry_counts_at_once() {
    let current = Current::embedded();
    let apps = Apps::new(current.clone());
    let mut before = tool_call(Some("acme-agent/3"));
    apps.add(&mut before, None, &[]);
    assert!(before.app.is_none());
    let mut bundle = Bundle::clone(&current.load());
    let additions = "schema = 1\n[[app]]\nid = \"acme\"\nname = \"Acme\"\ncategory = \"cli\"\ntype = \"cli\"\nuser_agents = [\"acme-agent/\"]\n";
    bundle.registry = Arc::new(bundle.registry.with_additions(additions).unwrap());
    current.replace(bundle);
    let mut after = tool_call(Some("acme-agent/3"));
    apps.add(&mut after, None, &[]);
    assert_eq!(after.app.unwrap().app_id, "acme");
}
