//! The sensor as a whole: what starts in which order, and stops in the order
//! of the data: capture, pipeline, sinks, dashboard.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oisp_core::capture::{CaptureBackend, ProcessFilter, RunningCapture};
use oisp_core::counters::Snapshot;
use oisp_core::event::Host;
use oisp_export::jsonl::JsonlSink;
use oisp_export::{DeliverError, RunningSink, Sink};
use oisp_pipeline::{Settings, Stages, Worker};
use oisp_policy::{Policy, Rules};
use oisp_redact::{Mode, Redactor};
use oisp_registry::Current;
use oisp_store::EventLog;
use oisp_web::{AppState, BoundServer};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::Serving;
use crate::failure::Failure;
use crate::status::Status;
use crate::web::{self, Link};
use crate::{hash_key, health, output, platform, token};

/// What the sensor is to do.
pub struct Plan {
    /// Sinks, opened already.
    pub sinks: Vec<Box<dyn Sink>>,
    /// Sinks begin with what an earlier run did not deliver to them.
    pub from_last_run: bool,
    /// Whose traffic is captured.
    pub processes: ProcessFilter,
    /// What is taken out.
    pub redaction: Mode,
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
    stop: Stop,
    web: Option<(Link, JoinHandle<()>)>,
    close_web: watch::Sender<bool>,
}

/// The sensor at work.
pub struct Running {
    sensor: Sensor,
    capture: Box<dyn RunningCapture>,
    worker: Worker,
    sinks: Vec<RunningSink>,
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

/// A wish to stop, from a signal.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Sensor {
    /// Takes the port, the signals and the log.
    pub fn prepare(
        serving: &Serving,
        open_log: impl FnOnce() -> Result<EventLog, Failure>,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("oisp-web")
            .enable_all()
            .build()
            .map_err(|error| Failure::new(format_args!("cannot start threads: {error}")))?;
        let stop = take_signals()?;
        let (close_web, closing) = watch::channel(false);
        let bound = bind(&runtime, serving)?;
        let log = open_log()?;
        let status = Arc::new(Status::new(serving.redaction, log.clone()));
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
            stop,
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
        let settings = Settings {
            redactor: Redactor::new(plan.redaction).with_key(hash_key.clone()),
            hash_key,
            registry: plan.registry,
            host: plan.host,
            policy: Policy::new(
                self.status.filter(plan.processes),
                Rules::default(),
                Vec::new(),
            ),
            alerts: None,
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
        let names: Vec<_> = plan
            .sinks
            .iter()
            .map(|sink| sink.name().to_owned())
            .collect();
        let run = |sink: Box<dyn Sink>| {
            let cursor = match plan.from_last_run {
                true => self.log.sink_cursor(sink.name()),
                false => self.log.cursor_at(u64::MAX),
            };
            oisp_export::run(sink, cursor, self.runtime.handle().clone())
        };
        let sinks: Vec<_> = plan
            .sinks
            .into_iter()
            .map(run)
            .collect::<Result<_, _>>()
            .map_err(no_thread)?;
        self.status
            .sinks_run(sinks.iter().map(|sink| sink.status().clone()).collect());
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

    /// Works until told to stop.
    pub fn wait(&self, duration: Option<Duration>) -> Ended {
        let mut stop = self.sensor.stop.clone();
        self.sensor.runtime.block_on(async {
            tokio::select! {
                _ = stop.0.wait_for(|asked| *asked) => Ended::Asked,
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

fn take_signals() -> Result<Stop, Failure> {
    let (stop, stopping) = watch::channel(false);
    ctrlc::set_handler(move || {
        if stop.send_replace(true) {
            // Asked twice: the user does not want to wait for the drain.
            std::process::exit(i32::from(crate::failure::FAILED));
        }
    })
    .map_err(|error| Failure::new(format_args!("cannot take signals: {error}")))?;
    Ok(Stop(stopping))
}

fn bind(runtime: &Runtime, serving: &Serving) -> Result<Option<(BoundServer, Link)>, Failure> {
    if serving.no_web {
        return Ok(None);
    }
    let token = token::load()?;
    let config = web::settings(serving, &token)?;
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

/// The sink for `--output`.
pub fn jsonl_sink(path: &Path) -> Result<Box<dyn Sink>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(JsonlSink::stream(Box::new(std::io::stdout()))));
    }
    let sink = JsonlSink::file(path).map_err(Failure::new)?;
    platform::to_invoking_user(path);
    Ok(Box::new(sink))
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
