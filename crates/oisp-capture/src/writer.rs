//! From raw events to lines.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oisp_core::raw::TlsKind;
use oisp_core::{ConnId, Direction, ProcessEvent, ProcessFacts, RawEvent, RawKind, Remote};

use crate::record::{Metadata, Record, Text};

/// Writes raw events, one line each, so that reading them back gives the same
/// events again.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    processes: HashMap<u32, Arc<ProcessFacts>>,
    remotes: HashMap<ConnId, Remote>,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            processes: HashMap::new(),
            remotes: HashMap::new(),
            written: 0,
        }
    }

    /// Lines written so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes one event.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&mut self, raw: &RawEvent) -> io::Result<()> {
        let record = match &raw.kind {
            RawKind::Process(process) => self.process(raw, process),
            RawKind::Tls(tls) => match self.tls(raw, &tls.conn, &tls.what) {
                Some(record) => record,
                None => return Ok(()),
            },
            RawKind::File(_) | RawKind::Net(_) => return Ok(()),
        };
        serde_json::to_writer(&mut self.out, &record)?;
        self.written += 1;
        self.out.write_all(b"\n")
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn process(&mut self, raw: &RawEvent, process: &ProcessEvent) -> Record {
        match process {
            ProcessEvent::Seen(facts) | ProcessEvent::Exec(facts) => {
                self.processes.insert(raw.pid, facts.clone());
                let seen = matches!(process, ProcessEvent::Seen(_));
                record(
                    raw,
                    if seen { "ProcessSeen" } else { "ProcessExec" },
                    all_facts(facts),
                )
            }
            ProcessEvent::Fork { child_pid } => record(
                raw,
                "ProcessFork",
                Metadata {
                    child_pid: Some(*child_pid),
                    ..Metadata::default()
                },
            ),
            ProcessEvent::Exit {
                code,
                signal,
                core_dumped,
                runtime_ms,
                ..
            } => {
                self.processes.remove(&raw.pid);
                let metadata = Metadata {
                    exit_code: *code,
                    signal: *signal,
                    core_dumped: Some(*core_dumped),
                    runtime_ms: *runtime_ms,
                    ..Metadata::default()
                };
                record(raw, "ProcessExit", metadata)
            }
        }
    }

    fn tls(&mut self, raw: &RawEvent, conn: &ConnId, what: &TlsKind) -> Option<Record> {
        let mut metadata = self
            .processes
            .get(&raw.pid)
            .map(|facts| who(facts))
            .unwrap_or_default();
        metadata.conn_id = Some(Text::Text(conn.to_string()));
        let mut written = match what {
            TlsKind::Opened { remote, .. } => {
                if let Some(remote) = remote {
                    self.remotes.insert(*conn, remote.clone());
                }
                return None;
            }
            TlsKind::Socket { .. } | TlsKind::ServerName(_) => return None,
            TlsKind::Data {
                direction,
                offset,
                bytes,
            } => {
                metadata.offset = Some(*offset);
                let mut written = record(raw, kind_of(*direction), metadata);
                written.data = Some(STANDARD.encode(bytes));
                written
            }
            TlsKind::Gap {
                direction,
                offset,
                len,
                cause,
            } => {
                metadata.offset = Some(*offset);
                metadata.gap_bytes = Some(*len);
                metadata.cause = Some(cause.as_str().to_owned());
                metadata.direction = Some(
                    if *direction == Direction::Outgoing {
                        "outgoing"
                    } else {
                        "incoming"
                    }
                    .to_owned(),
                );
                record(raw, "SslGap", metadata)
            }
            TlsKind::Closed => record(raw, "SslClose", metadata),
        };
        let remote = if *what == TlsKind::Closed {
            self.remotes.remove(conn)
        } else {
            self.remotes.get(conn).cloned()
        };
        written.remote_port = remote.as_ref().and_then(|remote| remote.port);
        written.remote_host = remote.map(|remote| remote.host);
        Some(written)
    }
}

const fn kind_of(direction: Direction) -> &'static str {
    match direction {
        Direction::Outgoing => "SslWrite",
        Direction::Incoming => "SslRead",
    }
}

fn record(raw: &RawEvent, kind: &str, metadata: Metadata) -> Record {
    Record {
        timestamp_ns: raw.at.as_nanos(),
        kind: kind.to_owned(),
        pid: raw.pid,
        tid: Some(raw.tid),
        metadata,
        ..Record::default()
    }
}

/// The facts that every record of a process carries.
fn who(facts: &ProcessFacts) -> Metadata {
    Metadata {
        comm: facts.comm.clone(),
        exe: facts.exe.clone(),
        uid: facts.uid,
        ppid: facts.ppid,
        bundle_id: facts.bundle_id.clone(),
        ..Metadata::default()
    }
}

fn all_facts(facts: &ProcessFacts) -> Metadata {
    Metadata {
        gid: facts.gid,
        user: facts.user.clone(),
        args: facts.args.clone(),
        cwd: facts.cwd.clone(),
        cgroup: facts.cgroup.clone(),
        started_ns: facts.started.map(oisp_core::Timestamp::as_nanos),
        ..who(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reader;
    use oisp_core::raw::{GapCause, Transport, Usage};
    use oisp_core::{Timestamp, TlsEvent};

    fn raw(kind: RawKind) -> RawEvent {
        RawEvent {
            at: Timestamp::from_nanos(5),
            pid: 7,
            tid: 8,
            kind,
        }
    }

    fn tls(what: TlsKind) -> RawEvent {
        let conn = ConnId {
            pid: 7,
            start_time: 9,
            handle: 0xabc,
            generation: 2,
        };
        raw(RawKind::Tls(TlsEvent { conn, what }))
    }

    fn read_back(events: &[RawEvent]) -> Vec<RawEvent> {
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file);
        events.iter().for_each(|event| writer.write(event).unwrap());
        let mut reader = Reader::new();
        let mut out = Vec::new();
        file.split(|byte| *byte == b'\n')
            .for_each(|line| reader.line(line, &mut out).unwrap());
        out
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let facts = Arc::new(ProcessFacts {
            pid: 7,
            ppid: Some(1),
            exe: Some("/bin/x".into()),
            ..ProcessFacts::default()
        });
        let direction = Direction::Incoming;
        let events = [
            raw(RawKind::Process(ProcessEvent::Exec(facts))),
            tls(TlsKind::Opened {
                remote: Some(Remote {
                    host: "192.0.2.1".into(),
                    port: Some(443),
                }),
                transport: Transport::Tls,
            }),
            tls(TlsKind::Data {
                direction,
                offset: 4,
                bytes: vec![0, 255, 10].into(),
            }),
            tls(TlsKind::Gap {
                direction,
                offset: 7,
                len: 3,
                cause: GapCause::RingFull,
            }),
            tls(TlsKind::Closed),
            raw(RawKind::Process(ProcessEvent::Fork { child_pid: 9 })),
            raw(RawKind::Process(ProcessEvent::Exit {
                code: Some(3),
                signal: None,
                core_dumped: false,
                runtime_ms: Some(4),
                usage: Usage::default(),
            })),
        ];
        assert_eq!(read_back(&events), events);
    }
}
