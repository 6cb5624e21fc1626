//! The sinks that the configuration names, opened: what cannot be had is said
//! before anything is captured.

use std::path::Path;

use oisp_core::Secret;
use oisp_export::jsonl::{JsonlConfig, JsonlSink};
use oisp_export::otlp::{self, OtlpConfig, OtlpSink};
use oisp_export::webhook::{WebhookConfig, WebhookSink};
use oisp_export::websocket::WebsocketServer;
use oisp_export::{RunSettings, Sink};
use oisp_store::EventLog;
use tokio::runtime::Handle;

use crate::config::Export;
use crate::failure::Failure;
use crate::platform;

/// A sink, opened already.
pub struct PlannedSink {
    /// The sink.
    pub sink: Box<dyn Sink>,
    /// How it is run.
    pub settings: RunSettings,
    /// It begins with what an earlier run did not deliver to it.
    pub from_last_run: bool,
}

/// A sink that writes a file.
///
/// # Errors
/// When the file cannot be written.
pub fn jsonl(config: &JsonlConfig) -> Result<PlannedSink, Failure> {
    let sink = JsonlSink::open(config).map_err(Failure::new)?;
    platform::to_invoking_user(&config.path);
    let settings = config.common().settings(sink.name(), None);
    Ok(PlannedSink {
        sink: Box::new(sink),
        settings,
        // Who reads standard output wants what happens.
        from_last_run: config.path != Path::new("-"),
    })
}

/// The sinks that send to others.
///
/// # Errors
/// For the first whose configuration is of no use.
pub fn remote(
    export: &Export,
    log: &EventLog,
    runtime: &Handle,
) -> Result<Vec<PlannedSink>, Failure> {
    let webhooks = export.webhook.iter().filter(|sink| sink.enabled);
    let webhooks = webhooks.map(|config| webhook(config, runtime));
    let otlp = export.otlp.iter().filter(|sink| sink.enabled);
    let otlp = otlp.map(|config| opentelemetry(config, log, runtime));
    webhooks.chain(otlp).collect()
}

fn webhook(config: &WebhookConfig, runtime: &Handle) -> Result<PlannedSink, Failure> {
    let name = config.full_name();
    let sink = WebhookSink::open(config, runtime.clone()).map_err(|error| of(&name, error))?;
    Ok(PlannedSink {
        sink: Box::new(sink),
        settings: config.common().settings(&name, dead_letters().as_deref()),
        from_last_run: true,
    })
}

fn opentelemetry(
    config: &OtlpConfig,
    log: &EventLog,
    runtime: &Handle,
) -> Result<PlannedSink, Failure> {
    let name = config.full_name();
    let settings = otlp::Settings::of(config, &|name| std::env::var(name).ok())
        .map_err(|error| of(&name, error))?;
    let log = log.clone();
    let recall = Box::new(move |id: &str| log.get(id));
    let sink =
        OtlpSink::new(settings, recall, runtime.clone()).map_err(|error| of(&name, error))?;
    Ok(PlannedSink {
        sink: Box::new(sink),
        settings: config.common().settings(&name, dead_letters().as_deref()),
        from_last_run: true,
    })
}

/// The servers of events for other programs.
///
/// # Errors
/// For the first that cannot listen.
pub fn websockets(
    export: &Export,
    token: Option<&Secret<String>>,
    log: &EventLog,
    runtime: &Handle,
) -> Result<Vec<WebsocketServer>, Failure> {
    let configs = export.websocket.iter().filter(|server| server.enabled);
    configs
        .map(|config| {
            let server =
                WebsocketServer::start(config, token.cloned(), log.clone(), runtime.clone());
            server.map_err(|error| of(&config.full_name(), error))
        })
        .collect()
}

fn of(name: &str, error: impl std::fmt::Display) -> Failure {
    Failure::usage(format_args!("the sink {name}: {error}"))
}

/// Where events are kept that a receiver will never take.
fn dead_letters() -> Option<std::path::PathBuf> {
    Some(platform::state_dir()?.join("dead-letters"))
}
