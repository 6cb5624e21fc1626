//! What the running capture tells of itself.

use std::sync::{Arc, Mutex, PoisonError};

use oisp_core::capture::CaptureStatus;
use oisp_core::counters::{Counter, Snapshot};
use oisp_core::raw::GapCause;
use oisp_ebpf_common::counter;
use serde_json::{Value, json};

use crate::attach::{Hints, ProcessView, SharedView, lock};
use crate::budget;
use crate::kernel::KernelFacts;
use crate::object::{Conns, Counters};
use crate::process::sample::Watched;

const CAUSES: [GapCause; 7] = [
    GapCause::RingFull,
    GapCause::ReadFault,
    GapCause::Scratch,
    GapCause::CallTooLarge,
    GapCause::LateAttach,
    GapCause::Shed,
    GapCause::Other,
];

const KERNEL: [(u32, &str); 16] = [
    (counter::CALLS, "kernel_calls"),
    (counter::BYTES_SEEN, "kernel_bytes_captured"),
    (counter::BYTES_SENT, "kernel_bytes_sent"),
    (counter::RECORDS_SENT, "kernel_records_sent"),
    (counter::BYTES_RING_FULL, "kernel_bytes_dropped_ring_full"),
    (counter::BYTES_READ_FAULT, "kernel_bytes_dropped_read_fault"),
    (
        counter::BYTES_TOO_LARGE,
        "kernel_bytes_dropped_call_too_large",
    ),
    (counter::CALLS_UNTRACKED, "kernel_calls_untracked"),
    (counter::CALLS_UNKNOWN_LENGTH, "kernel_calls_unknown_length"),
    (counter::CONNS_UNTRACKED, "kernel_connections_untracked"),
    (counter::NOTES_RING_FULL, "kernel_notes_dropped_ring_full"),
    (counter::BYTES_SHED, "kernel_bytes_dropped_shed"),
    (counter::CALLS_FILTERED, "kernel_calls_filtered"),
    (counter::FAULTS_WAITED, "kernel_faults_waited"),
    (counter::NET_OVER_RATE, "kernel_network_dropped_rate"),
    (counter::ANSWERS_UNREAD, "kernel_dns_answers_unread"),
];

/// Counters of this capture: those of the reader, and the kernel's.
pub(crate) struct Figures {
    pub(crate) records: Counter,
    pub(crate) records_unknown: Counter,
    pub(crate) records_out_of_order: Counter,
    pub(crate) events: Counter,
    pub(crate) connections: Counter,
    pub(crate) notices_dropped: Counter,
    pub(crate) file_events_noise: Counter,
    pub(crate) file_events_dropped_rate: Counter,
    bytes_delivered: Counter,
    bytes_missing: [Counter; CAUSES.len()],
    gaps: [Counter; CAUSES.len()],
    kernel: Mutex<Counters>,
}

impl Figures {
    /// All zero.
    pub(crate) fn new(kernel: Counters) -> Self {
        Self {
            records: Counter::default(),
            records_unknown: Counter::default(),
            records_out_of_order: Counter::default(),
            events: Counter::default(),
            connections: Counter::default(),
            notices_dropped: Counter::default(),
            file_events_noise: Counter::default(),
            file_events_dropped_rate: Counter::default(),
            bytes_delivered: Counter::default(),
            bytes_missing: Default::default(),
            gaps: Default::default(),
            kernel: Mutex::new(kernel),
        }
    }

    /// That many bytes went to the pipeline.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.bytes_delivered
            .add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// A gap went to the pipeline.
    pub(crate) fn missing(&self, cause: GapCause, bytes: u64) {
        for ((known, missing), gaps) in CAUSES.iter().zip(&self.bytes_missing).zip(&self.gaps) {
            if *known == cause {
                missing.add(bytes);
                gaps.add(1);
            }
        }
    }

    /// Grows whenever the kernel could not put something in the ring.
    pub(crate) fn kernel_losses(&self) -> u64 {
        self.kernel(counter::BYTES_RING_FULL)
            .saturating_add(self.kernel(counter::NOTES_RING_FULL))
            .saturating_add(self.kernel(counter::BYTES_SHED))
    }

    fn kernel(&self, number: u32) -> u64 {
        let kernel = self.kernel.lock().unwrap_or_else(PoisonError::into_inner);
        kernel
            .get(&number, 0)
            .map_or(0, |values| values.iter().sum())
    }

    fn snapshot(&self) -> Snapshot {
        let mut figures: Snapshot = KERNEL
            .iter()
            .map(|(number, name)| (String::from(*name), self.kernel(*number)))
            .collect();
        let own = [
            ("records", &self.records),
            ("records_unknown", &self.records_unknown),
            ("records_out_of_order", &self.records_out_of_order),
            ("events", &self.events),
            ("connections_open", &self.connections),
            ("attach_notices_dropped", &self.notices_dropped),
            ("file_events_noise", &self.file_events_noise),
            ("file_events_dropped_rate", &self.file_events_dropped_rate),
            ("bytes_delivered", &self.bytes_delivered),
        ];
        figures.extend(own.map(|(name, counter)| (String::from(name), counter.get())));
        for ((cause, bytes), gaps) in CAUSES.iter().zip(&self.bytes_missing).zip(&self.gaps) {
            figures.insert(format!("bytes_dropped_{}", cause.as_str()), bytes.get());
            figures.insert(format!("gaps_{}", cause.as_str()), gaps.get());
        }
        figures
    }
}

/// The status of a running capture; stays readable after its end.
pub(crate) struct EbpfStatus {
    pub(crate) figures: Arc<Figures>,
    pub(crate) view: SharedView,
    pub(crate) kernel: KernelFacts,
    pub(crate) ring_bytes: u32,
    /// Programs at kernel functions that are not in place, each with the reason.
    pub(crate) missing: Vec<(&'static str, String)>,
    pub(crate) hints: Mutex<Hints>,
    /// The kernel's table of connections.
    pub(crate) conns: Mutex<Conns>,
    pub(crate) watched: Arc<Watched>,
}

impl EbpfStatus {
    fn process_json(&self, pid: u32, seen: &ProcessView, via: &[&str], hints: &mut Hints) -> Value {
        // Probes may be there for others: a process that the rules leave out is not
        // captured by them.
        let captured = !via.is_empty() && !seen.left_out;
        let mut line =
            json!({ "pid": pid, "name": seen.name, "exe": seen.exe, "captured": captured });
        let more = if !captured {
            let reason = hints.reason(pid, seen);
            json!({ "why_not": reason.why, "remedy": reason.remedy })
        } else {
            let besides = hints.carried(pid, seen);
            json!({
                "via": via,
                "besides": besides,
                "since_ms": seen.since_ms,
                "bytes_seen": self.watched.bytes(pid),
                "method": "ebpf_uprobe",
            })
        };
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        line
    }

    fn kernel_connections(&self) -> usize {
        let conns = self.conns.lock().unwrap_or_else(PoisonError::into_inner);
        conns.keys().filter(Result::is_ok).count()
    }
}

impl CaptureStatus for EbpfStatus {
    fn counters(&self) -> Snapshot {
        let mut figures = self.figures.snapshot();
        let view = lock(&self.view);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let attached = view
            .targets
            .values()
            .filter(|target| target.error.is_none());
        figures.insert(
            String::from("attached_files"),
            count(attached.clone().count()),
        );
        figures.insert(
            String::from("attached_probes"),
            attached.map(|target| count(target.probes)).sum(),
        );
        figures.insert(String::from("attach_failures"), view.failures);
        figures.insert(String::from("detached_files"), view.detached);
        figures.insert(String::from("files_looked_at"), view.files);
        figures
    }

    fn details(&self) -> Value {
        // A copy: finding reasons reads files, and the attach thread waits for
        // nobody.
        let view = lock(&self.view).clone();
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let processes: Vec<Value> = view
            .processes
            .iter()
            .map(|(pid, seen)| {
                let via: Vec<&str> = seen
                    .targets
                    .iter()
                    .filter_map(|id| Some(view.targets.get(id)?.path.as_str()))
                    .collect();
                self.process_json(*pid, seen, &via, &mut hints)
            })
            .collect();
        json!({
            "backend": "ebpf",
            "kernel": self.kernel,
            "ring_bytes": self.ring_bytes,
            "kernel_connections": self.kernel_connections(),
            "method": view.method,
            "probed_for": view.reach,
            "files": view.files_told,
            "files_of": view.watched,
            "left_out": budget::describe(view.shed),
            "missing_programs": self.missing,
            "targets": view.targets.values().collect::<Vec<_>>(),
            "processes": processes,
            "usage": self.watched.usage(),
        })
    }
}
