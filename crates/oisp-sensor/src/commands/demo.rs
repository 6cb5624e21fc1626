//! `demo`: real clients talk to a loopback provider over TLS, and the real
//! backend captures them. No key and no network needed.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use oisp_core::capture::{ProcessFilter, ProcessRule};
use oisp_export::jsonl::JsonlConfig;
use oisp_store::{EventLog, Filter as Wanted};
use oisp_testkit::Provider;
use oisp_testkit::demo::{self, DemoClient, Outcome, Target};
use tempfile::TempDir;

use crate::backend;
use crate::cli::DemoOptions;
use crate::commands::record::{backend_settings, warn_of};
use crate::config::{Config, Export, Policy};
use crate::event_log;
use crate::failure::{FAILED, Failure};
use crate::sensor::{Plan, Running, Sensor};
use crate::{output, sinks};

/// How long after the last client its answer may take to come through.
const SETTLE: Duration = Duration::from_secs(5);

/// Runs the clients once, tells how they fared, and serves the dashboard on.
pub fn run(options: &DemoOptions, config: &Config) -> Result<ExitCode, Failure> {
    let backend = backend::choose(backend_settings(config))?;
    let sinks = options
        .output
        .clone()
        .map(|path| JsonlConfig {
            path,
            ..JsonlConfig::default()
        })
        .as_ref()
        .map(sinks::jsonl)
        .transpose()?
        .into_iter()
        .collect();
    let sensor = Sensor::prepare(config, || Ok(event_log::in_memory()))?;
    warn_of(config.redaction.mode);
    let plan = Plan {
        sinks,
        // Only what descends from this program: the demo's own clients.
        processes: ProcessFilter {
            include: vec![ProcessRule::Pid(std::process::id())],
            exclude: Vec::new(),
        },
        export: Export::default(),
        policy: Policy::default(),
        redaction: config.redaction.clone(),
        without: Vec::new(),
        stream_chunks: false,
        save_capture: None,
        registry: oisp_registry::Current::embedded(),
        host: Some(oisp_enrich::this_host()),
    };
    let running = sensor.start(backend, plan)?;
    let dir = tempfile::tempdir()
        .map_err(|error| Failure::new(format_args!("cannot make a temporary folder: {error}")))?;
    let captured_all = round(&running, &dir)?;
    if let Some(dashboard) = running.dashboard().filter(|_| !options.once) {
        output::note(format_args!("\nlook at them; Ctrl-C ends the demo"));
        dashboard.announce();
        running.wait(config.sensor.duration.map(Into::into));
    }
    running.stop()?;
    Ok(if captured_all {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// One round of all clients. True where every call was captured.
fn round(running: &Running, dir: &TempDir) -> Result<bool, Failure> {
    let (expected, outcomes) = running.runtime().block_on(make_calls(dir))?;
    outcomes.iter().for_each(report);
    let captured = wait_for_answers(running.log(), expected);
    output::note(format_args!("captured {captured} of {expected} calls"));
    Ok(captured == expected && outcomes.iter().all(|outcome| outcome.result.is_ok()))
}

/// Starts the provider, lets the clients call it, and counts what it answered.
async fn make_calls(dir: &TempDir) -> Result<(usize, Vec<Outcome>), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format_args!("cannot start the loopback provider: {error}"))
    };
    let builder = Provider::builder()
        .dir(dir.path())
        .scenarios(demo::scenarios());
    let provider = builder.start().await.map_err(|error| failed(&error))?;
    let clients = demo::clients().await;
    clients.iter().for_each(report_missing);
    let target = Target {
        address: provider.https_addr(),
        ca: provider.ca_pem_path(),
        dir: dir.path(),
    };
    let outcomes = demo::run_round(target, &clients)
        .await
        .map_err(|error| failed(&error))?;
    let answered = provider.exchanges().len();
    provider.shutdown().await;
    Ok((answered, outcomes))
}

fn report_missing(client: &DemoClient) {
    if let Err(reason) = &client.available {
        output::note(format_args!("  {:<15} left out: {reason}", client.name));
    }
}

fn report(outcome: &Outcome) {
    match &outcome.result {
        Ok(_) => output::note(format_args!(
            "  {:<15} done in {} ms",
            outcome.name,
            outcome.took.as_millis()
        )),
        Err(reason) => output::note(format_args!(
            "  {:<15} failed: {}",
            outcome.name,
            output::printable(reason)
        )),
    }
}

fn wait_for_answers(log: &EventLog, expected: usize) -> usize {
    let answers = Wanted {
        event_types: vec!["ai.response".into()],
        ..Wanted::default()
    };
    let deadline = Instant::now() + SETTLE;
    loop {
        let captured = log.newest(None, usize::MAX, &answers).len();
        if captured >= expected || Instant::now() > deadline {
            return captured;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
