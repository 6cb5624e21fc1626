//! `record`: capture, events file, dashboard.

use std::path::Path;
use std::process::ExitCode;

use oisp_policy::Filter;
use oisp_redact::Mode;

use crate::backend::{self, BackendSettings};
use crate::cli::{RecordOptions, Serving};
use crate::failure::Failure;
use crate::knowledge::{self, Watch};
use crate::output;
use crate::sensor::{self, Plan, Sensor};

/// Runs until told to stop.
pub fn run(options: &RecordOptions) -> Result<ExitCode, Failure> {
    let serving = &options.serving;
    let backend = backend::choose(backend_settings(serving))?;
    let registry = knowledge::open(&options.knowledge)?;
    let sink = sensor::jsonl_sink(&options.output)?;
    let sensor = Sensor::prepare(serving)?;
    let plan = Plan {
        sinks: vec![sink],
        filter: Filter {
            names: options.process.clone(),
            pids: options.pid.clone(),
        },
        redaction: serving.redaction,
        process_events: !options.no_process,
        stream_chunks: options.stream_chunks,
        save_capture: options.save_capture.clone(),
        registry: registry.clone(),
        host: Some(oisp_enrich::this_host()),
    };
    warn_of(serving.redaction);
    let running = sensor.start(backend, plan)?;
    // Asked for by name, so never in the way of the start.
    let _watch = Watch::start(&registry, &options.knowledge)?;
    announce(&options.output, running.dashboard().as_deref());
    running.wait(serving.duration);
    running.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// What the options say of the backend.
pub fn backend_settings(serving: &Serving) -> BackendSettings {
    BackendSettings {
        ring_bytes: serving.ring_mib.map(|mib| mib << 20),
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

fn announce(events: &Path, dashboard: Option<&str>) {
    output::note(format_args!(
        "capturing AI calls of every program on this machine; Ctrl-C ends it"
    ));
    if let Some(dashboard) = dashboard {
        output::note(format_args!("  dashboard  {dashboard}"));
    }
    if events != Path::new("-") {
        output::note(format_args!("  events     {}", events.display()));
    }
}
