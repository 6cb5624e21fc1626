//! The capture as the pipeline sees it: start, status, stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use oisp_core::ConnId;
use oisp_core::capture::{
    CaptureBackend, CaptureControl, CaptureError, CaptureStatus, ProcessFilter, RawSender,
    RunningCapture,
};

use crate::attach::mapped::{Interest, Mappings, Stopper};
use crate::attach::{self, Hints, Notice, Parts, Planner};
use crate::budget::Budget;
use crate::config::EbpfConfig;
use crate::error::EbpfError;
use crate::filter::Filter;
use crate::heap;
use crate::kernel::{self, KernelFacts};
use crate::object;
use crate::plain::stdio::Agents;
use crate::process::sample;
use crate::ring::{self, Reader};
use crate::signature::Signatures;
use crate::status::{EbpfStatus, Figures};
use oisp_ebpf_common::conn::ConnKey;

/// Capture with eBPF, not started yet.
#[derive(Debug)]
pub struct EbpfCapture {
    config: EbpfConfig,
}

impl EbpfCapture {
    /// A capture with those settings.
    pub const fn new(config: EbpfConfig) -> Self {
        Self { config }
    }
}

/// How long the end waits for what is left in the ring to be taken.
const DRAIN: Duration = Duration::from_secs(5);
/// Notices that may wait for the attach thread.
const NOTICES: usize = 4096;

impl CaptureBackend for EbpfCapture {
    fn name(&self) -> &'static str {
        "ebpf"
    }

    fn start(self: Box<Self>, out: RawSender) -> Result<Box<dyn RunningCapture>, CaptureError> {
        let signatures = Signatures::load(&self.config.signatures).map_err(EbpfError::from)?;
        let ring_bytes = self
            .config
            .ring_size(kernel::memory_bytes(), kernel::processors());
        let mut loaded = object::load(object::Asked {
            ring_bytes,
            probe_method: self.config.probe_method,
            files: self.config.files,
            stdio: self.config.stdio,
        })?;
        self.config.plain_ports.install(loaded.plain_ports)?;
        let stdio = loaded.stdio.clone();
        let agents = Agents::new(loaded.stdio, self.config.stdio, &self.config.knows_agents);
        let figures = Arc::new(Figures::new(loaded.counters));
        let (notices, inbox) = sync_channel(NOTICES);
        let stop = Arc::new(AtomicBool::new(false));

        // First: whatever happens while the running processes are read waits in the
        // ring.
        loaded.programs.attach_tracepoints()?;
        let reader = Reader::new(
            out,
            notices.clone(),
            loaded.conns,
            loaded.open_files,
            agents,
            Arc::clone(&figures),
        );
        let mut filter = Filter::new(loaded.filter);
        filter.set(self.config.processes.clone());
        let interest = Interest::new();
        let parts = Parts {
            interest: Arc::clone(&interest),
            filter,
            files: loaded.files,
            signatures,
            diverts: self
                .config
                .divert_returns
                .unwrap_or_else(|| kernel::Returns::found().are_safe()),
        };
        let planner = Planner::new(loaded.programs, parts);
        let view = planner.view();
        let watched = reader.watched();

        let (done, drained) = sync_channel(1);
        let ring = {
            let (stop, ring, wait) = (Arc::clone(&stop), loaded.ring, self.config.poll);
            spawn("oisp-ebpf-ring", move || {
                ring::run(ring, reader, &stop, wait);
                // Nobody may be waiting for it.
                let _ = done.send(());
            })?
        };
        // Before the running processes are looked at: nothing is mapped in between.
        let mapped = spawn_mapped(notices.clone(), interest)?;
        let attach = spawn_attach(planner, inbox, &self.config)?;
        let (sampling, ended) = sync_channel(0);
        let sample = {
            let (watched, every) = (Arc::clone(&watched), self.config.sample);
            spawn("oisp-ebpf-sample", move || {
                sample::run(&watched, &ended, every);
            })?
        };
        stdio.settle();
        let kernel = KernelFacts::read();
        heap::give_back();
        let status = EbpfStatus {
            figures,
            view,
            kernel,
            ring_bytes,
            missing: loaded.missing,
            hints: Mutex::new(Hints::default()),
            conns: Mutex::new(loaded.conns_to_count),
            watched,
        };
        Ok(Box::new(Running {
            sample: Some((sampling, sample)),
            mapped,
            attach: Some(attach),
            ring: Some(ring),
            drained,
            control: Arc::new(Control {
                notices: notices.clone(),
                wanted: Mutex::new(loaded.wanted),
            }),
            notices,
            stop,
            status: Arc::new(status),
        }))
    }
}

/// Starts the attach thread, and waits until everything there is now is probed.
fn spawn_attach(
    mut planner: Planner,
    inbox: Receiver<Notice>,
    config: &EbpfConfig,
) -> Result<JoinHandle<()>, CaptureError> {
    let (ready, attached) = sync_channel(1);
    let (rescan, cpu_share) = (config.rescan, config.cpu_share);
    let thread = spawn("oisp-ebpf-attach", move || {
        planner.start();
        heap::give_back();
        // Nobody waits any more where the start was given up.
        let _ = ready.send(());
        attach::run(planner, &inbox, rescan, Budget::new(cpu_share));
    })?;
    attached
        .recv()
        .map_err(|_| CaptureError::Other(String::from("the attach thread ended at its start")))?;
    Ok(thread)
}

/// Starts the thread that tells of files when code of them is mapped, where the
/// kernel tells it.
fn spawn_mapped(
    notices: SyncSender<Notice>,
    interest: Arc<Interest>,
) -> Result<Option<(Stopper, JoinHandle<()>)>, EbpfError> {
    let opened = Mappings::open().and_then(|mappings| Ok((mappings.stopper()?, mappings)));
    let (stopper, mappings) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            tracing::info!(%error, "the kernel does not tell of mappings: libraries that are loaded late are found by looking");
            return Ok(None);
        }
    };
    let thread = spawn("oisp-ebpf-mapped", move || {
        mappings.run(&notices, &interest)
    })?;
    Ok(Some((stopper, thread)))
}

fn spawn(
    name: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, EbpfError> {
    let thread = std::thread::Builder::new().name(String::from(name));
    thread
        .spawn(run)
        .map_err(|source| EbpfError::Thread { name, source })
}

struct Running {
    /// The thread ends with its sender.
    sample: Option<(SyncSender<()>, JoinHandle<()>)>,
    /// Tells of files that are mapped.
    mapped: Option<(Stopper, JoinHandle<()>)>,
    attach: Option<JoinHandle<()>>,
    ring: Option<JoinHandle<()>>,
    /// Says when the ring thread has drained the ring, or has ended otherwise.
    drained: Receiver<()>,
    notices: SyncSender<Notice>,
    control: Arc<Control>,
    stop: Arc<AtomicBool>,
    status: Arc<EbpfStatus>,
}

impl RunningCapture for Running {
    fn status(&self) -> Arc<dyn CaptureStatus> {
        Arc::<EbpfStatus>::clone(&self.status)
    }

    fn control(&self) -> Option<Arc<dyn CaptureControl>> {
        Some(Arc::<Control>::clone(&self.control))
    }

    fn is_finished(&self) -> bool {
        self.ring.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn stop(mut self: Box<Self>) {
        self.end();
    }
}

/// Steers by notices to the attach thread.
struct Control {
    notices: SyncSender<Notice>,
    wanted: Mutex<object::Wanted>,
}

impl CaptureControl for Control {
    fn set_filter(&self, filter: &ProcessFilter) {
        // The thread may be gone: then there is nothing left to steer.
        let _ = self.notices.send(Notice::Filter(filter.clone()));
    }

    fn wanted(&self, conn: ConnId) {
        // Asked for again with its next call.
        let _ = self.notices.try_send(Notice::Watch(conn.pid));
        let key = object::Key(ConnKey {
            handle: conn.handle,
            tgid: conn.pid,
            zero: 0,
        });
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = wanted.insert(key, 1, 0) {
            tracing::debug!(%error, "a connection found no room among the wanted");
        }
    }
}

impl Running {
    /// Detaches first, so that the ring gets nothing new, then drains it.
    fn end(&mut self) {
        if let Some((sampling, sample)) = self.sample.take() {
            drop(sampling);
            join(sample);
        }
        if let Some((stopper, mapped)) = self.mapped.take() {
            stopper.stop();
            join(mapped);
        }
        if let Some(attach) = self.attach.take() {
            let _ = self.notices.send(Notice::Stop);
            join(attach);
        }
        self.stop.store(true, Ordering::Release);
        let Some(ring) = self.ring.take() else {
            return;
        };
        if let Err(RecvTimeoutError::Timeout) = self.drained.recv_timeout(DRAIN) {
            // It waits for a pipeline that takes no events: it ends with that.
            tracing::warn!("the pipeline takes no events: what is left of the capture is lost");
            return;
        }
        join(ring);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.join().is_err() {
        tracing::error!(thread = name, "a capture thread panicked");
    }
}
