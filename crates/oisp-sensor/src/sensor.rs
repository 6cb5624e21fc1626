//! The sensor as a whole: what starts in which order, and stops in the order
//! of the data: capture, pipeline, sinks, dashboard.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oisp_core::capture::{CaptureBackend, ProcessFilter, RunningCapture};
use oisp_core::counters::Snapshot;
use oisp_core::event::Host;
use oisp_export::websocket::WebsocketServer;
use oisp_export::{DeliverError, RunningSink};
use oisp_pipeline::{Settings, Stages, Worker};
use oisp_policy::{Policy, PolicyConfig, Rules};
use oisp_redact::{RedactionConfig, Redactor};
use oisp_registry::Current;
use oisp_store::EventLog;
use oisp_web::{AppState, BoundServer};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Config, Export, Web};
use crate::failure::Failure;
use crate::logging::Level;
use crate::reload::{Applies, FilterPart, LevelPart, PolicyPart};
use crate::signals::Signals;
use crate::sinks::{self, PlannedSink};
use crate::status::Status;
use crate::web::{self, Link};
use crate::{hash_key, health, output, platform, policy, token};

/// What the sensor is to do.
pub struct Plan {
    /// Sinks of files, opened already.
    pub sinks: Vec<PlannedSink>,
    /// Further sinks.
    pub export: Export,
    /// Which events are kept, and what is worth an alert.
    pub policy: PolicyConfig,
    /// Whose traffic is captured.
    pub processes: ProcessFilter,
    /// What is taken out.
    pub redaction: RedactionConfig,
    /// Families of events that are not wanted.
    pub without: Vec<&'static str>,
    /// Each piece of a streamed answer is to be an event, too.
    pub stream_chunks: bool,
    /// Where raw events are saved.
    pub save_capture: Option<std::path::PathBuf>,
    /// Providers, programs, prices.
    pub registry: Current,
    /// This machine.
    pub host: Option<Host>,
}

/// How long the end waits for the disk.
const FLUSH: Duration = Duration::from_secs(5);

/// Parts that are there before the capture starts: what cannot be had must
/// fail before anything is attached.
pub struct Sensor {
    runtime: Runtime,
    log: EventLog,
    status: Arc<Status>,
    signals: Signals,
    web: Option<(Link, JoinHandle<()>)>,
    close_web: watch::Sender<bool>,
}

/// The sensor at work.
pub struct Running {
    sensor: Sensor,
    capture: Box<dyn RunningCapture>,
    worker: Worker,
    sinks: Vec<RunningSink>,
    websockets: Vec<WebsocketServer>,
    rules: Rules,
}

/// Why the sensor stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A signal, or Ctrl-C.
    Asked,
    /// The duration is over.
    InTime,
    /// The reader of the output went away.
    ReaderGone,
    /// The capture ended by itself.
    CaptureOver,
}

impl Sensor {
    /// Takes the port, the signals and the log.
    pub fn prepare(
        config: &Config,
        open_log: impl FnOnce() -> Result<EventLog, Failure>,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("oisp-web")
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format_args!("cannot start threads: {error}")))?;
        let signals = Signals::take(&runtime)?;
        let (close_web, closing) = watch::channel(false);
        let bound = bind(&runtime, &config.web)?;
        let log = open_log()?;
        let status = Arc::new(Status::new(config.redaction.mode, log.clone()));
        let state = AppState {
            log: log.clone(),
            status: status.clone(),
        };
        let watching = watch_losses(status.clone());
        runtime.spawn(watching);
        let web = bound.map(|(server, link)| (link, serve(&runtime, server, state, closing)));
        Ok(Self {
            runtime,
            log,
            status,
            signals,
            web,
            close_web,
        })
    }

    /// Attaches the capture and starts everything behind it.
    pub fn start(self, backend: Box<dyn CaptureBackend>, plan: Plan) -> Result<Running, Failure> {
        let save_capture = plan
            .save_capture
            .as_deref()
            .map(open_capture_file)
            .transpose()?;
        let hash_key = hash_key::load();
        let redactor = Redactor::with_config(&plan.redaction, Some(hash_key.clone()))
            .map_err(Failure::usage)?;
        let runtime = self.runtime.handle();
        let mut planned = plan.sinks;
        planned.extend(sinks::remote(&plan.export, &self.log, runtime)?);
        let token = self.web.as_ref().map(|(link, _)| link.token());
        let websockets = sinks::websockets(&plan.export, token, &self.log, runtime)?;
        let rules = Rules::new(plan.policy);
        let settings = Settings {
            redactor,
            hash_key,
            registry: plan.registry,
            host: plan.host,
            policy: Policy::new(
                self.status.filter(plan.processes),
                rules.clone(),
                policy::known_providers(),
            ),
            alerts: Some(policy::alerts(rules.clone())?),
            without: plan.without,
            stream_chunks: plan.stream_chunks,
            control: self.status.control(),
            save_capture,
        };
        let no_thread = |error| Failure::new(format_args!("cannot start a thread: {error}"));
        let (sender, queue) = oisp_pipeline::raw_queue();
        let worker = oisp_pipeline::start(Stages::new(settings, self.log.clone()), queue)
            .map_err(no_thread)?;
        self.status.pipeline_runs(worker.counters());
        let names: Vec<_> = planned
            .iter()
            .filter(|planned| planned.from_last_run)
            .map(|planned| planned.sink.name().to_owned())
            .collect();
        let run = |planned: PlannedSink| {
            let PlannedSink { sink, settings, .. } = planned;
            let cursor = match planned.from_last_run {
                true => self.log.sink_cursor(sink.name()),
                false => self.log.cursor_at(u64::MAX),
            };
            oisp_export::run_with(sink, cursor, self.runtime.handle().clone(), settings)
        };
        let sinks: Vec<_> = planned
            .into_iter()
            .map(run)
            .collect::<Result<_, _>>()
            .map_err(no_thread)?;
        let of_sinks = sinks.iter().map(|sink| sink.status().clone());
        let of_servers = websockets.iter().map(|server| server.status().clone());
        self.status.sinks_run(of_sinks.chain(of_servers).collect());
        self.log
            .live_sinks(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let capture = backend.start(sender)?;
        self.status.capture_runs(capture.as_ref());
        platform::return_freed_memory();
        Ok(Running {
            sensor: self,
            capture,
            worker,
            sinks,
            websockets,
            rules,
        })
    }

    /// Where the dashboard is.
    pub fn dashboard(&self) -> Option<&Link> {
        self.web.as_ref().map(|(link, _)| link)
    }
}

impl Running {
    /// Where the dashboard is.
    pub fn dashboard(&self) -> Option<&Link> {
        self.sensor.dashboard()
    }

    /// The event log.
    pub const fn log(&self) -> &EventLog {
        &self.sensor.log
    }

    /// The runtime that the dashboard runs on.
    pub const fn runtime(&self) -> &Runtime {
        &self.sensor.runtime
    }

    /// Tells when the configuration is to be read again.
    pub fn reload_asked(&self) -> watch::Receiver<u64> {
        self.sensor.signals.reload()
    }

    /// What takes up changes of the configuration. To let another part do so,
    /// give it an [`Applies`] and name it here.
    pub fn live_parts(&self, level: Level) -> Vec<Box<dyn Applies>> {
        vec![
            Box::new(FilterPart(self.sensor.status.clone())),
            Box::new(LevelPart(level)),
            Box::new(PolicyPart(self.rules.clone())),
        ]
    }

    /// Works until told to stop.
    pub fn wait(&self, duration: Option<Duration>) -> Ended {
        let mut stop = self.sensor.signals.stop();
        self.sensor.runtime.block_on(async {
            tokio::select! {
                _ = stop.wait_for(|asked| *asked) => Ended::Asked,
                () = tokio::time::sleep(duration.unwrap_or(Duration::MAX)) => Ended::InTime,
                ended = self.over() => ended,
            }
        })
    }

    /// Ends when there is nothing more to do.
    async fn over(&self) -> Ended {
        let mut look = tokio::time::interval(Duration::from_millis(250));
        loop {
            look.tick().await;
            if self.capture.is_finished() {
                return Ended::CaptureOver;
            }
            if self.sinks.iter().any(RunningSink::is_finished) {
                return Ended::ReaderGone;
            }
        }
    }

    /// Drains and stops, in the order of the data, and says what was done.
    ///
    /// # Errors
    /// When events could not be delivered.
    pub fn stop(self) -> Result<(), Failure> {
        self.capture.stop();
        self.worker.join();
        // Sinks read what is on disk; where it fails they go on from memory.
        self.sensor.log.flush(FLUSH);
        self.sinks.iter().for_each(RunningSink::ask_to_stop);
        self.sinks.into_iter().for_each(RunningSink::stop);
        self.websockets.into_iter().for_each(WebsocketServer::stop);
        self.sensor.close_web.send_replace(true);
        if let Some((_, web)) = self.sensor.web {
            let _ = self.sensor.runtime.block_on(web);
        }
        self.sensor.log.close();
        closing_note(&self.sensor.status.counters());
        undelivered(&self.sensor.status)
    }
}

fn closing_note(counters: &Snapshot) {
    let figure = |name: &str| counters.get(name).copied().unwrap_or(0);
    let stored = figure("pipeline.stored");
    output::note(format_args!(
        "captured {} in {} records: {stored} events",
        output::bytes(figure("decode.bytes")),
        figure("decode.records"),
    ));
    let lost = figure("decode.gap_bytes");
    if lost > 0 {
        output::note(format_args!(
            "{} were not captured; the events they belong to say so",
            output::bytes(lost)
        ));
    }
}

/// Events that a sink could not take: those that wait still, and those that the
/// log let go. A reader that went away wanted no more.
fn undelivered(status: &Status) -> Result<(), Failure> {
    let counters = status.counters();
    let is_loss = |name: &str| {
        name.starts_with("sink.") && (name.ends_with(".queued") || name.contains(".dropped."))
    };
    let lost: u64 = counters
        .iter()
        .filter(|(name, _)| is_loss(name))
        .map(|(_, count)| count)
        .sum();
    let errors = status.sink_errors();
    if lost == 0
        || errors
            .iter()
            .any(|error| *error == DeliverError::ReaderGone.to_string())
    {
        return Ok(());
    }
    let why = errors
        .first()
        .map_or("the output was too slow", String::as_str);
    Err(Failure::new(format_args!(
        "{lost} events were not written: {why}"
    )))
}

fn bind(runtime: &Runtime, web: &Web) -> Result<Option<(BoundServer, Link)>, Failure> {
    if !web.enabled {
        return Ok(None);
    }
    let token = token::load()?;
    let config = web::settings(web, &token)?;
    let server = runtime
        .block_on(oisp_web::bind(config))
        .map_err(Failure::new)?;
    let link = Link::of(&server, token);
    Ok(Some((server, link)))
}

/// Until the runtime ends.
async fn watch_losses(status: Arc<Status>) {
    let mut every = tokio::time::interval(health::EVERY);
    loop {
        every.tick().await;
        status.sample();
    }
}

fn serve(
    runtime: &Runtime,
    server: BoundServer,
    state: AppState,
    mut closing: watch::Receiver<bool>,
) -> JoinHandle<()> {
    runtime.spawn(async move {
        let shutdown = async move {
            let _ = closing.wait_for(|close| *close).await;
        };
        if let Err(error) = server.serve(state, shutdown).await {
            tracing::error!(%error, "dashboard stopped");
        }
    })
}

fn open_capture_file(
    path: &Path,
) -> Result<oisp_capture::Writer<std::io::BufWriter<std::fs::File>>, Failure> {
    let file = platform::private_file(path).map_err(|error| {
        Failure::new(format_args!(
            "cannot write the capture to {}: {error}; choose another file",
            path.display()
        ))
    })?;
    platform::to_invoking_user(path);
    output::note(format_args!(
        "saving raw plaintext to {}: it holds every secret that is sent",
        path.display()
    ));
    Ok(oisp_capture::Writer::new(std::io::BufWriter::new(file)))
}
