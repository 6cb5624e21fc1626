//! The way of one record through the stages.

use std::fs::File;
use std::io::BufWriter;

use oisp_capture::Writer;
use oisp_core::capture::ControlSlot;
use oisp_core::counters::Snapshot;
use oisp_core::event::{Data, Host};
use oisp_core::{Event, RawEvent, RawKind, Timestamp};
use oisp_decode::{Decoder, HashKey};
use oisp_enrich::Enricher;
use oisp_policy::{AlertOutput, Notice, Policy, Verdict};
use oisp_redact::{Growing, Redactor};
use oisp_registry::Current;
use oisp_store::EventLog;

/// What the stages are made of.
pub struct Settings {
    /// Hashes credentials.
    pub hash_key: HashKey,
    /// Providers, models, programs and prices.
    pub registry: Current,
    /// The machine, where the capture is of this one.
    pub host: Option<Host>,
    /// Which events are kept, and what is worth an alert.
    pub policy: Policy,
    /// Where alerts go.
    pub alerts: Option<AlertOutput>,
    /// Takes out what must not leave memory.
    pub redactor: Redactor,
    /// Families of events that are not wanted: `process`, `file`, `network`.
    pub without: Vec<&'static str>,
    /// Each piece of a streamed answer is to be an event, too.
    pub stream_chunks: bool,
    /// The capture, which is told of connections that carry AI calls.
    pub control: ControlSlot,
    /// Where raw events are saved, if the user asked for it.
    pub save_capture: Option<Writer<BufWriter<File>>>,
}

/// All stages from raw events to the log.
pub struct Stages {
    decoder: Decoder,
    enricher: Enricher,
    policy: Policy,
    alerts: Option<AlertOutput>,
    notices: Vec<Notice>,
    /// The figures of alerts, once they have ended.
    last_alerts: Snapshot,
    redactor: Redactor,
    growing: Growing,
    stream_chunks: bool,
    without: Vec<&'static str>,
    save_capture: Option<Writer<BufWriter<File>>>,
    control: ControlSlot,
    log: EventLog,
    decoded: Vec<Event>,
    last_tick: Timestamp,
    figures: Figures,
}

/// How often what has been silent for long is looked for.
const TICK_MS: u64 = 10_000;

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    stored: u64,
    filtered: u64,
    sampled: u64,
    /// Pieces whose text goes out with a later one.
    held_back: u64,
    /// Pieces that only onlookers saw.
    told: u64,
    switched_off: u64,
    save_failures: u64,
}

impl Stages {
    /// Stages that append to `log`.
    pub fn new(settings: Settings, log: EventLog) -> Self {
        Self {
            decoder: Decoder::new(settings.hash_key).with_registry(settings.registry.clone()),
            stream_chunks: settings.stream_chunks,
            enricher: Enricher::new(settings.host, settings.registry),
            policy: settings.policy,
            alerts: settings.alerts,
            notices: Vec::new(),
            last_alerts: Snapshot::default(),
            redactor: settings.redactor,
            growing: Growing::default(),
            without: settings.without,
            save_capture: settings.save_capture,
            control: settings.control,
            log,
            decoded: Vec::new(),
            last_tick: Timestamp::default(),
            figures: Figures::default(),
        }
    }

    /// Takes one record through all stages.
    pub fn take(&mut self, raw: &RawEvent) {
        self.save(raw);
        self.enricher.observe(raw);
        let mut decoded = std::mem::take(&mut self.decoded);
        // Who looks on sees answers grow; otherwise nobody pays for it.
        let wanted = self.stream_chunks || self.log.has_onlookers();
        self.decoder.stream_chunks(wanted);
        self.decoder.push(raw, &mut decoded);
        self.tell_wanted(raw, &decoded);
        let before = decoded.len();
        decoded.retain(|event| !self.without.contains(&event.data.family()));
        self.figures.switched_off += (before - decoded.len()) as u64;
        self.store(decoded);
        self.tick(raw.at);
    }

    /// A capture that must leave out connections is to keep those that carry AI
    /// calls.
    fn tell_wanted(&self, raw: &RawEvent, decoded: &[Event]) {
        let RawKind::Tls(tls) = &raw.kind else {
            return;
        };
        let is_call = |event: &Event| matches!(event.data, Data::AiRequest(_));
        if let Some(control) = self.control.get()
            && decoded.iter().any(is_call)
        {
            control.wanted(tls.conn);
        }
    }

    /// It is `now`: calls and sessions that have been silent for too long end.
    pub fn tick(&mut self, now: Timestamp) {
        if now.millis_since(self.last_tick) < TICK_MS {
            return;
        }
        self.last_tick = now;
        let mut decoded = std::mem::take(&mut self.decoded);
        self.decoder.tick(now, &mut decoded);
        self.store(decoded);
    }

    /// The capture is over: what is unfinished comes out as partial.
    pub fn finish(&mut self) {
        let mut decoded = std::mem::take(&mut self.decoded);
        self.decoder.finish(&mut decoded);
        self.store(decoded);
        self.flush();
        if let Some(alerts) = self.alerts.take() {
            self.last_alerts = alerts.stop();
        }
    }

    /// Hands the saved capture to the operating system.
    pub fn flush(&mut self) {
        if let Some(writer) = &mut self.save_capture
            && let Err(error) = writer.flush()
        {
            self.give_up_saving(&error);
        }
    }

    /// Figures: `decode.events == pipeline.stored + pipeline.dropped.* +
    /// pipeline.joined.* + pipeline.told.*`.
    pub fn counters(&self) -> Snapshot {
        let Figures {
            stored,
            filtered,
            sampled,
            held_back,
            told,
            switched_off,
            save_failures,
        } = self.figures;
        let mut counters = self.decoder.counters();
        counters.insert("pipeline.stored".into(), stored);
        counters.insert("pipeline.dropped.filtered".into(), filtered);
        counters.insert("pipeline.dropped.sampled".into(), sampled);
        counters.insert("pipeline.joined.chunks".into(), held_back);
        counters.insert("pipeline.told.chunks".into(), told);
        counters.insert("pipeline.dropped.switched_off".into(), switched_off);
        counters.insert("pipeline.save_capture_failures".into(), save_failures);
        counters.extend(self.last_alerts.clone());
        counters.extend(self.alerts.iter().flat_map(AlertOutput::counters));
        counters
    }

    fn store(&mut self, mut decoded: Vec<Event>) {
        for mut event in decoded.drain(..) {
            self.enricher.enrich(&mut event);
            match self.policy.judge(&mut event, &mut self.notices) {
                Verdict::Keep => match self.growing.pass(event, &self.redactor) {
                    Some(event) => self.keep_or_tell(&event),
                    None => self.figures.held_back += 1,
                },
                Verdict::Filtered => self.figures.filtered += 1,
                Verdict::Sampled => self.figures.sampled += 1,
            }
            let notices = self.notices.drain(..);
            if let Some(alerts) = &self.alerts {
                notices.for_each(|notice| alerts.take(notice));
            }
        }
        // Given back so that the next record needs no new list.
        self.decoded = decoded;
    }

    fn keep_or_tell(&mut self, event: &Event) {
        let safe = self.redactor.redact(event);
        if matches!(event.data, Data::StreamingChunk(_)) && !self.stream_chunks {
            self.log.tell(safe);
            self.figures.told += 1;
        } else {
            self.log.append(safe);
            self.figures.stored += 1;
        }
    }

    fn save(&mut self, raw: &RawEvent) {
        if let Some(writer) = &mut self.save_capture
            && let Err(error) = writer.write(raw)
        {
            self.give_up_saving(&error);
        }
    }

    /// The capture goes on without its file: a full disk must not cost events.
    fn give_up_saving(&mut self, error: &std::io::Error) {
        let written = self
            .save_capture
            .take()
            .map_or(0, |writer| writer.written());
        self.figures.save_failures += 1;
        tracing::error!(%error, written, "capture file cannot be written; saving it ends here");
    }
}
