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
            RawKind::Tls(tls) => self.tls(raw, &tls.conn, &tls.what),
            RawKind::File(event) => {
                let metadata = Metadata {
                    file: Some(Box::new(event.into())),
                    ..self.who(raw)
                };
                record(raw, "FileOp", metadata)
            }
            RawKind::Net(event) => {
                let metadata = Metadata {
                    net: Some(Box::new(event.into())),
                    ..self.who(raw)
                };
                record(raw, "NetOp", metadata)
            }
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
                usage,
            } => {
                self.processes.remove(&raw.pid);
                let metadata = Metadata {
                    exit_code: *code,
                    signal: *signal,
                    core_dumped: Some(*core_dumped),
                    runtime_ms: *runtime_ms,
                    cpu_user_ms: usage.cpu_user_ms,
                    cpu_system_ms: usage.cpu_system_ms,
                    max_rss_kb: usage.max_rss_kb,
                    ..Metadata::default()
                };
                record(raw, "ProcessExit", metadata)
            }
        }
    }

    /// Who the process is, where it was told.
    fn who(&self, raw: &RawEvent) -> Metadata {
        let facts = self.processes.get(&raw.pid);
        facts.map(|facts| who(facts)).unwrap_or_default()
    }

    fn tls(&mut self, raw: &RawEvent, conn: &ConnId, what: &TlsKind) -> Record {
        let mut metadata = self.who(raw);
        metadata.conn_id = Some(Text::Text(conn.to_string()));
        let mut written = match what {
            TlsKind::Opened { remote, transport } => {
                if let Some(remote) = remote {
                    self.remotes.insert(*conn, remote.clone());
                }
                metadata.transport = Some(transport.as_str().to_owned());
                let mut written = record(raw, "SslOpen", metadata);
                tell(&mut written, remote.clone());
                return written;
            }
            TlsKind::Socket { local, remote } => {
                metadata.local = Some(*local);
                metadata.remote = Some(*remote);
                return record(raw, "SslOpen", metadata);
            }
            TlsKind::ServerName(name) => {
                metadata.server_name = Some(name.clone());
                return record(raw, "SslOpen", metadata);
            }
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
        tell(&mut written, remote);
        written
    }
}

/// Writes down the other end.
fn tell(record: &mut Record, remote: Option<Remote>) {
    record.remote_port = remote.as_ref().and_then(|remote| remote.port);
    record.remote_host = remote.map(|remote| remote.host);
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
        script: facts.script.clone(),
        container: facts.container.as_deref().map(Into::into),
        cwd: facts.cwd.clone(),
        cgroup: facts.cgroup.clone(),
        started_ns: facts.started.map(oisp_core::Timestamp::as_nanos),
        ..who(facts)
    }
}

#[cfg(test)]
mod tests;
