//! `record`: capture, events file, dashboard.

use std::path::Path;
use std::process::ExitCode;

use oisp_core::capture::{ProcessFilter, ProcessRule};
use oisp_redact::Mode;

use crate::backend::{self, BackendSettings};
use crate::cli::{RecordOptions, Serving};
use crate::event_log;
use crate::failure::Failure;
use crate::knowledge::{self, Watch};
use crate::output;
use crate::platform;
use crate::sensor::{self, Plan, Sensor};
use crate::web::Link;

/// Runs until told to stop.
pub fn run(options: &RecordOptions) -> Result<ExitCode, Failure> {
    let serving = &options.serving;
    let registry = knowledge::open(&options.knowledge)?;
    let processes = processes(options);
    let backend = backend::choose(BackendSettings {
        processes: processes.clone(),
        cpu_share: (options.cpu_budget > 0).then(|| f64::from(options.cpu_budget) / 100.0),
        files: !options.no_file,
        signatures: options.signatures.clone(),
        plain: options.plain.clone(),
        registry: registry.clone(),
        ..backend_settings(serving)
    })?;
    let sink = sensor::jsonl_sink(&options.output)?;
    let sensor = Sensor::prepare(serving, || event_log::open(&options.store))?;
    let plan = Plan {
        sinks: vec![sink],
        // Who reads standard output wants what happens.
        from_last_run: options.output != Path::new("-"),
        processes,
        redaction: serving.redaction,
        without: without(options),
        stream_chunks: options.stream_chunks,
        save_capture: options.save_capture.clone(),
        registry: registry.clone(),
        host: Some(oisp_enrich::this_host()),
    };
    warn_of(serving.redaction);
    let running = sensor.start(backend, plan)?;
    // Asked for by name, so never in the way of the start.
    let _watch = Watch::start(&registry, &options.knowledge)?;
    announce(
        &options.output,
        running.dashboard(),
        running.log().status().path.as_deref(),
    );
    platform::tell_ready();
    running.wait(serving.duration);
    platform::tell_stopping();
    running.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// Families of events that are not wanted.
fn without(options: &RecordOptions) -> Vec<&'static str> {
    let families = [
        (options.no_process, "process"),
        (options.no_file, "file"),
        (options.no_network, "network"),
    ];
    families
        .into_iter()
        .filter_map(|(off, family)| off.then_some(family))
        .collect()
}

/// Whose traffic is captured.
fn processes(options: &RecordOptions) -> ProcessFilter {
    let names = options.process.iter().cloned().map(ProcessRule::Name);
    let pids = options.pid.iter().copied().map(ProcessRule::Pid);
    ProcessFilter {
        include: names
            .chain(pids)
            .chain(options.include.iter().cloned())
            .collect(),
        exclude: options.exclude.clone(),
    }
}

/// What the options say of the backend.
pub fn backend_settings(serving: &Serving) -> BackendSettings {
    BackendSettings {
        ring_bytes: serving.ring_mib.map(|mib| mib << 20),
        ..BackendSettings::default()
    }
}

/// Says loudly that nothing is taken out.
pub fn warn_of(redaction: Mode) {
    if redaction == Mode::Off {
        output::note(format_args!(
            "warning: redaction is off: secrets are written and shown as they were sent"
        ));
    }
}

fn announce(events: &Path, dashboard: Option<&Link>, log: Option<&Path>) {
    output::note(format_args!(
        "capturing AI calls of every program on this machine; Ctrl-C ends it"
    ));
    if let Some(dashboard) = dashboard {
        dashboard.announce();
    }
    match log {
        Some(log) => output::note(format_args!("  log        {}", log.display())),
        None => output::note(format_args!("  log        in memory only")),
    }
    if events != Path::new("-") {
        output::note(format_args!("  events     {}", events.display()));
    }
}
