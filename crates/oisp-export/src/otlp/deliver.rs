//! Sees a batch through: encodes it once, sends what it became request by
//! request, and remembers what is done when the rest must wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use oisp_store::Stored;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::runtime::Handle;

pub use super::encode::recall::Recall;
use super::encode::{Encoded, Encoder, Item};
use super::pack::{self, Origin};
use super::series::{Metrics, Staged};
use super::settings::{Route, Settings, SettingsError};
use super::transport::{Accepted, ExportRequest, SendError, Transport};
use crate::{DeliverError, Delivered, Refused, Sink, Stopping};

/// How often the requests of a batch are cut in half, to find the events that
/// the receiver will not take. Then the rest of a request counts as refused.
const MAX_CUTS: usize = 64;

/// The sink.
#[derive(Debug)]
pub struct OtlpSink {
    name: String,
    encoder: Encoder,
    origin: Origin,
    max_request_size: usize,
    ways: Ways,
    metrics: Metrics,
    /// The batch that is under way.
    progress: Option<Progress>,
    runtime: Handle,
    stopping: Stopping,
}

#[derive(Debug)]
struct Ways {
    logs: Option<Transport>,
    traces: Option<Transport>,
    metrics: Option<Transport>,
}

/// How far a batch is.
#[derive(Debug)]
struct Progress {
    batch: (Option<u64>, Option<u64>, usize),
    left: VecDeque<Parcel>,
    refused: BTreeMap<u64, String>,
    cuts: usize,
}

/// What is still to be sent.
#[derive(Debug)]
enum Parcel {
    Logs(Vec<Item<LogRecord>>),
    Spans(Vec<Item<Span>>),
    Metrics(Staged),
}

impl OtlpSink {
    /// Sets it up; nothing is sent yet. `recall` finds events in the log: an
    /// answer's request, when it was sent before a restart.
    ///
    /// # Errors
    /// When a certificate or an endpoint is of no use.
    pub fn new(settings: Settings, recall: Recall, runtime: Handle) -> Result<Self, SettingsError> {
        let way = |route: Option<Route>| {
            let way = route.map(|route| Transport::new(route, &runtime));
            way.transpose()
        };
        Ok(Self {
            ways: Ways {
                logs: way(settings.logs)?,
                traces: way(settings.traces)?,
                metrics: way(settings.metrics)?,
            },
            name: settings.name,
            encoder: Encoder::new(settings.options, recall),
            origin: Origin::new(&settings.resource, settings.options.conventions),
            max_request_size: settings.max_request_size,
            metrics: Metrics::new(settings.temporality, now()),
            progress: None,
            stopping: Stopping::never(),
            runtime,
        })
    }

    /// Goes on with a batch that failed, or begins with a new one.
    fn progress_of(&mut self, batch: &[Arc<Stored>]) -> Progress {
        let seq = |stored: Option<&Arc<Stored>>| stored.map(|stored| stored.seq);
        let id = (seq(batch.first()), seq(batch.last()), batch.len());
        if let Some(progress) = self.progress.take().filter(|known| known.batch == id) {
            return progress;
        }
        let Encoded {
            logs,
            spans,
            measurements,
        } = self.encoder.encode(batch);
        let max = self.max_request_size;
        let logs = pack::cut(logs, max).into_iter().map(Parcel::Logs);
        let spans = pack::cut(spans, max).into_iter().map(Parcel::Spans);
        let staged = self.metrics.stage(measurements);
        let metrics = (!staged.is_empty()).then_some(Parcel::Metrics(staged));
        Progress {
            batch: id,
            left: logs.chain(spans).chain(metrics).collect(),
            refused: BTreeMap::new(),
            cuts: 0,
        }
    }

    /// Sends parcel by parcel.
    fn go_on(&mut self, progress: &mut Progress) -> Result<(), DeliverError> {
        while let Some(parcel) = progress.left.pop_front() {
            match parcel {
                Parcel::Logs(items) => {
                    let request = self.origin.logs(&items);
                    let sent = self.send(self.ways.logs.as_ref(), &request);
                    progress.settle(sent, items, Parcel::Logs)?;
                }
                Parcel::Spans(items) => {
                    let request = self.origin.spans(&items);
                    let sent = self.send(self.ways.traces.as_ref(), &request);
                    progress.settle(sent, items, Parcel::Spans)?;
                }
                Parcel::Metrics(staged) => {
                    if let Err((staged, error)) = self.send_metrics(staged) {
                        progress.left.push_front(Parcel::Metrics(staged));
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn send<R: ExportRequest>(
        &self,
        way: Option<&Transport>,
        request: &R,
    ) -> Result<Accepted, SendError> {
        match way {
            Some(way) => {
                let mut stopping = self.stopping.clone();
                self.runtime.block_on(way.send(request, &mut stopping))
            }
            None => Ok(Accepted::default()),
        }
    }

    /// Figures that are refused stay, and go with the next ones: no event is
    /// refused for them.
    fn send_metrics(&mut self, staged: Staged) -> Result<(), (Staged, DeliverError)> {
        let at = now();
        let request = self.origin.metrics(self.metrics.points(&staged, at));
        match self.send(self.ways.metrics.as_ref(), &request) {
            Ok(accepted) => {
                if accepted.rejected > 0 || !accepted.message.is_empty() {
                    let (points, reason) = (accepted.rejected, accepted.message);
                    tracing::warn!(sink = self.name, points, reason, "data points rejected");
                }
                self.metrics.accepted(staged, at);
            }
            Err(SendError::Again(error)) => return Err((staged, error)),
            Err(SendError::Refused(reason) | SendError::Never(reason)) => {
                tracing::warn!(sink = self.name, reason, "metrics refused");
                self.metrics.refused(staged);
            }
        }
        Ok(())
    }
}

impl Progress {
    /// Notes what became of a request, or puts back what is left of it.
    fn settle<T>(
        &mut self,
        sent: Result<Accepted, SendError>,
        mut items: Vec<Item<T>>,
        parcel: impl Fn(Vec<Item<T>>) -> Parcel,
    ) -> Result<(), DeliverError> {
        match sent {
            Ok(accepted) if accepted.rejected == 0 => {
                if !accepted.message.is_empty() {
                    tracing::debug!(warning = accepted.message, "the receiver took all");
                }
            }
            // Which, it does not tell; and the request must not be sent again.
            Ok(Accepted { rejected, message }) => {
                let all = items.len();
                let reason = format!("the receiver rejected {rejected} of {all} items: {message}");
                self.refuse(&items, &reason);
            }
            Err(SendError::Again(error)) => {
                self.left.push_front(parcel(items));
                return Err(error);
            }
            Err(SendError::Refused(_)) if items.len() > 1 && self.cuts < MAX_CUTS => {
                self.cuts += 1;
                let rest = items.split_off(items.len() / 2);
                self.left.push_front(parcel(rest));
                self.left.push_front(parcel(items));
            }
            Err(SendError::Refused(reason) | SendError::Never(reason)) => {
                self.refuse(&items, &reason);
            }
        }
        Ok(())
    }

    fn refuse<T>(&mut self, items: &[Item<T>], reason: &str) {
        for item in items {
            let known = self.refused.entry(item.seq).or_default();
            if known.is_empty() {
                reason.clone_into(known);
            } else {
                *known = format!("{known}; {reason}");
            }
        }
    }
}

impl Sink for OtlpSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn watch(&mut self, stopping: Stopping) {
        self.stopping = stopping;
    }

    fn deliver(&mut self, batch: &[Arc<Stored>]) -> Result<Delivered, DeliverError> {
        let mut progress = self.progress_of(batch);
        match self.go_on(&mut progress) {
            Ok(()) => {
                let refused = progress.refused.into_iter();
                let refused = refused.map(|(seq, reason)| Refused { seq, reason });
                Ok(Delivered {
                    refused: refused.collect(),
                })
            }
            Err(error) => {
                self.progress = Some(progress);
                Err(error)
            }
        }
    }

    fn close(&mut self) -> Result<(), DeliverError> {
        Ok(())
    }
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    u64::try_from(nanos).unwrap_or(u64::MAX)
}
