//! `record`: capture, events file, dashboard.

use std::path::Path;
use std::process::ExitCode;

use oisp_config::{Loaded, Sources};
use oisp_redact::Mode;

use crate::backend::{self, BackendSettings};
use crate::config::Config;
use crate::event_log;
use crate::failure::Failure;
use crate::knowledge::{self, Watch};
use crate::logging::Level;
use crate::output;
use crate::platform;
use crate::reload::Reload;
use crate::sensor::{Plan, Sensor};
use crate::sinks;
use crate::web::Link;

/// Runs until told to stop.
pub fn run(sources: Sources, loaded: Loaded<Config>, level: Level) -> Result<ExitCode, Failure> {
    let config = loaded.settings.clone();
    let registry = knowledge::open(&config.knowledge())?;
    let processes = config.capture.processes();
    let backend = backend::choose(BackendSettings {
        processes: processes.clone(),
        registry: registry.clone(),
        ..backend_settings(&config)
    })?;
    let sinks = config
        .export
        .files()
        .map(sinks::jsonl)
        .collect::<Result<_, _>>()?;
    let sensor = Sensor::prepare(&config, || event_log::open(&config.store))?;
    let plan = Plan {
        sinks,
        processes,
        export: config.export.clone(),
        policy: config.policy.clone(),
        redaction: config.redaction.clone(),
        without: config.capture.without(),
        stream_chunks: config.capture.stream_chunks,
        save_capture: config.capture.save.clone(),
        registry: registry.clone(),
        host: Some(oisp_enrich::this_host()),
    };
    warn_of(config.redaction.mode);
    let running = sensor.start(backend, plan)?;
    // Asked for by name, so never in the way of the start.
    let _watch = Watch::start(&registry, &config.knowledge())?;
    let _reload = Reload::start(
        sources,
        loaded,
        running.reload_asked(),
        running.live_parts(level),
    )?;
    announce(
        &config,
        running.dashboard(),
        running.log().status().path.as_deref(),
    );
    platform::tell_ready();
    running.wait(config.sensor.duration.map(Into::into));
    platform::tell_stopping();
    running.stop()?;
    Ok(ExitCode::SUCCESS)
}

/// What the configuration says of the backend.
pub fn backend_settings(config: &Config) -> BackendSettings {
    let capture = &config.capture;
    BackendSettings {
        cpu_share: (capture.cpu_budget > 0).then(|| f64::from(capture.cpu_budget) / 100.0),
        files: capture.file,
        signatures: capture.signatures.clone(),
        ring_bytes: capture.ring_mib.map(|mib| mib << 20),
        plain: capture.plain.clone(),
        stdio: capture.stdio,
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

fn announce(config: &Config, dashboard: Option<&Link>, log: Option<&Path>) {
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
    let to_file = |sink: &&oisp_export::jsonl::JsonlConfig| sink.path != Path::new("-");
    for sink in config.export.files().filter(to_file) {
        output::note(format_args!("  events     {}", sink.path.display()));
    }
}
