//! From lines to raw events.
//!
//! A record belongs to the connection that `metadata.conn_id` names, else to
//! the process and file descriptor, else to the process and thread. Where
//! records carry no offset, their bytes follow each other.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oisp_core::raw::{GapCause, TlsKind, Transport, Usage};
use oisp_core::{
    ConnId, Direction, ProcessEvent, ProcessFacts, RawEvent, RawKind, Remote, Timestamp, TlsEvent,
};
use sha2::{Digest, Sha256};

use crate::record::{Metadata, Record};

/// Longest line, bytes: the largest call that is captured, in base64, with room
/// for its metadata.
pub const MAX_LINE: usize = 64 << 20;

/// Why a line was not taken. Never holds any of its content.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not JSON, or not an object with the fields that a record needs.
    #[error("not a capture record: {category} at column {column}")]
    NotARecord {
        /// The parser's word for it.
        category: &'static str,
        /// Where in the line, counted from 1.
        column: usize,
    },
    /// Bytes that are not base64.
    #[error("`data` is not base64")]
    NotBase64,
    /// A field that this kind needs is absent or has another meaning.
    #[error("a {kind} record needs `{field}`")]
    Lacks {
        /// The kind.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Longer than [`MAX_LINE`].
    #[error("longer than {} MiB", MAX_LINE >> 20)]
    TooLong,
}

/// Records of kinds that this version does not know, by kind.
pub type Skipped = BTreeMap<String, u64>;

/// Most connections that are open at a time. Above it those that were silent
/// longest are ended, a sixteenth at a time.
const MAX_CONNECTIONS: usize = 1 << 16;
/// Most processes whose facts are kept.
const MAX_PROCESSES: usize = 1 << 16;
/// Most kinds that are counted by their own name.
const MAX_KINDS: usize = 64;

/// Reads records and keeps what ties them together.
#[derive(Debug, Default)]
pub struct Reader {
    /// By process, then by a hash of the name within it.
    connections: HashMap<u32, HashMap<u64, OpenConnection>>,
    open: usize,
    /// Connections opened so far: a name that comes again is another one.
    opened: u32,
    /// Records read so far.
    read: u64,
    processes: HashMap<u32, Arc<ProcessFacts>>,
    skipped: Skipped,
}

#[derive(Debug)]
struct OpenConnection {
    id: ConnId,
    outgoing: u64,
    incoming: u64,
    /// When it was last heard of, counted in records.
    last: u64,
}

/// Reads one line without its end, at most [`MAX_LINE`] bytes of it. `None` at
/// the end of the input.
///
/// # Errors
/// When the input cannot be read.
pub fn read_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
) -> io::Result<Option<Result<(), LineError>>> {
    line.clear();
    let limit = MAX_LINE as u64 + 1;
    if input.by_ref().take(limit).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Ok(())));
    }
    if line.len() <= MAX_LINE {
        return Ok(Some(Ok(())));
    }
    skip_rest_of_line(input)?;
    Ok(Some(Err(LineError::TooLong)))
}

fn skip_rest_of_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |at| at + 1);
        input.consume(taken);
        if end.is_some() {
            return Ok(());
        }
    }
}

impl Reader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that were skipped because their kind is not known.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Takes a line and appends the raw events that it stands for. Blank lines
    /// stand for none.
    ///
    /// # Errors
    /// When the line is no record; the next line can be taken all the same.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<RawEvent>) -> Result<(), LineError> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let record: Record =
            serde_json::from_slice(line).map_err(|error| LineError::NotARecord {
                category: match error.classify() {
                    serde_json::error::Category::Data => "a field is missing or of the wrong type",
                    serde_json::error::Category::Eof => "the line ends too early",
                    serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                        "not valid JSON"
                    }
                },
                column: error.column(),
            })?;
        self.record(record, out)
    }

    fn record(&mut self, record: Record, out: &mut Vec<RawEvent>) -> Result<(), LineError> {
        self.read += 1;
        match record.kind.as_str() {
            "SslRead" => self.data(&record, Direction::Incoming, out),
            "SslWrite" => self.data(&record, Direction::Outgoing, out),
            "SslGap" => self.gap(&record, out),
            "SslOpen" => self.open(&record, out),
            "FileOp" => {
                let op = record.metadata.file.clone().ok_or(LineError::Lacks {
                    kind: "FileOp",
                    field: "metadata.file",
                })?;
                self.did(&record, op.event().map(RawKind::File), out);
                Ok(())
            }
            "NetOp" => {
                let op = record.metadata.net.clone().ok_or(LineError::Lacks {
                    kind: "NetOp",
                    field: "metadata.net",
                })?;
                self.did(&record, op.event().map(RawKind::Net), out);
                Ok(())
            }
            "SslClose" => {
                self.close(&record, out);
                Ok(())
            }
            "ProcessSeen" | "ProcessExec" => {
                let facts = Arc::new(facts(&record));
                self.processes.insert(record.pid, facts.clone());
                let seen = record.kind == "ProcessSeen";
                out.push(process(
                    &record,
                    if seen {
                        ProcessEvent::Seen(facts)
                    } else {
                        ProcessEvent::Exec(facts)
                    },
                ));
                Ok(())
            }
            "ProcessFork" => {
                let child_pid = record.metadata.child_pid;
                let child_pid = child_pid.ok_or(LineError::Lacks {
                    kind: "ProcessFork",
                    field: "metadata.child_pid",
                })?;
                out.push(process(&record, ProcessEvent::Fork { child_pid }));
                Ok(())
            }
            "ProcessExit" => {
                self.close_all_of(&record, out);
                out.push(process(&record, exit(&record.metadata)));
                self.processes.remove(&record.pid);
                Ok(())
            }
            _ => {
                self.skip(record.kind);
                Ok(())
            }
        }
    }

    /// What a process did; skipped where the operation is not known.
    fn did(&mut self, record: &Record, kind: Option<RawKind>, out: &mut Vec<RawEvent>) {
        match kind {
            Some(kind) => {
                self.seen(record, out);
                out.push(raw(record, kind));
            }
            None => self.skip(format!("{} of another op", record.kind)),
        }
    }

    /// What becomes known of a connection.
    fn open(&mut self, record: &Record, out: &mut Vec<RawEvent>) -> Result<(), LineError> {
        let transport = transport_of(record)?;
        let Metadata {
            local,
            remote,
            server_name,
            ..
        } = &record.metadata;
        if local.is_some() != remote.is_some() {
            return Err(LineError::Lacks {
                kind: "SslOpen",
                field: "both metadata.local and metadata.remote, or neither",
            });
        }
        self.seen(record, out);
        let conn = self.connection(record, out).0.id;
        let says_no_more = local.is_none() && server_name.is_none();
        if transport.is_some() || record.remote_host.is_some() || says_no_more {
            out.push(tls(record, conn, opened(record, transport)));
        }
        if let (Some(local), Some(remote)) = (*local, *remote) {
            out.push(tls(record, conn, TlsKind::Socket { local, remote }));
        }
        if let Some(name) = server_name.clone() {
            out.push(tls(record, conn, TlsKind::ServerName(name)));
        }
        Ok(())
    }

    /// The connection of a record that carries its bytes. One that was not
    /// announced begins here.
    fn carrying(
        &mut self,
        record: &Record,
        out: &mut Vec<RawEvent>,
    ) -> Result<&mut OpenConnection, LineError> {
        let transport = transport_of(record)?;
        self.seen(record, out);
        let (connection, is_new) = self.connection(record, out);
        if is_new && (record.remote_host.is_some() || transport.is_some()) {
            out.push(tls(record, connection.id, opened(record, transport)));
        }
        Ok(connection)
    }

    fn skip(&mut self, kind: String) {
        let is_one_too_many = self.skipped.len() >= MAX_KINDS && !self.skipped.contains_key(&kind);
        let kind = if is_one_too_many {
            "others".to_owned()
        } else {
            kind
        };
        *self.skipped.entry(kind).or_default() += 1;
    }

    fn data(
        &mut self,
        record: &Record,
        direction: Direction,
        out: &mut Vec<RawEvent>,
    ) -> Result<(), LineError> {
        let encoded = record.data.as_deref().ok_or(LineError::Lacks {
            kind: "SslRead or SslWrite",
            field: "data",
        })?;
        let bytes = STANDARD.decode(encoded).map_err(|_| LineError::NotBase64)?;
        let connection = self.carrying(record, out)?;
        let next = connection.next(direction);
        let offset = record.metadata.offset.unwrap_or(*next);
        *next = offset.saturating_add(bytes.len() as u64);
        let what = TlsKind::Data {
            direction,
            offset,
            bytes: bytes.into(),
        };
        let conn = connection.id;
        out.push(tls(record, conn, what));
        Ok(())
    }

    fn gap(&mut self, record: &Record, out: &mut Vec<RawEvent>) -> Result<(), LineError> {
        let lacks = |field| LineError::Lacks {
            kind: "SslGap",
            field,
        };
        let len = record
            .metadata
            .gap_bytes
            .ok_or_else(|| lacks("metadata.gap_bytes"))?;
        let direction = record
            .metadata
            .direction
            .as_deref()
            .or(record.direction.as_deref());
        let direction = direction
            .and_then(direction_of)
            .ok_or_else(|| lacks("metadata.direction"))?;
        let connection = self.carrying(record, out)?;
        let next = connection.next(direction);
        let offset = record.metadata.offset.unwrap_or(*next);
        *next = offset.saturating_add(len);
        let cause = GapCause::parse(record.metadata.cause.as_deref().unwrap_or_default());
        let what = TlsKind::Gap {
            direction,
            offset,
            len,
            cause,
        };
        let conn = connection.id;
        out.push(tls(record, conn, what));
        Ok(())
    }

    fn close(&mut self, record: &Record, out: &mut Vec<RawEvent>) {
        if let Some(closed) = self.remove(record.pid, handle_of(record)) {
            out.push(tls(record, closed.id, TlsKind::Closed));
        }
    }

    fn remove(&mut self, pid: u32, handle: u64) -> Option<OpenConnection> {
        let of_process = self.connections.get_mut(&pid)?;
        let removed = of_process.remove(&handle)?;
        if of_process.is_empty() {
            self.connections.remove(&pid);
        }
        self.open -= 1;
        Some(removed)
    }

    /// A process takes its connections with it.
    fn close_all_of(&mut self, record: &Record, out: &mut Vec<RawEvent>) {
        let ended = self.connections.remove(&record.pid).unwrap_or_default();
        self.open -= ended.len();
        let mut ended: Vec<_> = ended.into_values().collect();
        ended.sort_unstable_by_key(|connection| connection.last);
        out.extend(
            ended
                .into_iter()
                .map(|closed| tls(record, closed.id, TlsKind::Closed)),
        );
    }

    /// Ends connections until there is room for one more.
    fn make_room(&mut self, record: &Record, out: &mut Vec<RawEvent>) {
        if self.open < MAX_CONNECTIONS {
            return;
        }
        let all = self.connections.iter();
        let all = all.flat_map(|(pid, of)| {
            of.iter()
                .map(move |(handle, open)| (open.last, *pid, *handle))
        });
        let mut by_age: Vec<_> = all.collect();
        by_age.sort_unstable();
        for (_, pid, handle) in by_age.into_iter().take(MAX_CONNECTIONS / 16) {
            let closed = self.remove(pid, handle);
            out.extend(closed.map(|closed| tls(record, closed.id, TlsKind::Closed)));
        }
    }

    /// The process's facts, the first time they are told or when they change.
    fn seen(&mut self, record: &Record, out: &mut Vec<RawEvent>) {
        let facts = facts(record);
        let known = self.processes.get(&record.pid);
        let says_something = facts.exe.is_some()
            || facts.comm.is_some()
            || facts.ppid.is_some()
            || facts.uid.is_some();
        let news = says_something
            && known.is_none_or(|known| facts.exe.is_some() && known.exe != facts.exe);
        if news {
            if self.processes.len() >= MAX_PROCESSES {
                // They are told again with the next record of each.
                self.processes.clear();
            }
            let facts = Arc::new(facts);
            self.processes.insert(record.pid, facts.clone());
            out.push(process(record, ProcessEvent::Seen(facts)));
        }
    }

    /// The record's connection, and whether it is new.
    fn connection(
        &mut self,
        record: &Record,
        out: &mut Vec<RawEvent>,
    ) -> (&mut OpenConnection, bool) {
        let handle = handle_of(record);
        let known = self
            .connections
            .get(&record.pid)
            .is_some_and(|of| of.contains_key(&handle));
        if !known {
            self.make_room(record, out);
            self.opened = self.opened.wrapping_add(1);
            self.open += 1;
        }
        let (generation, last) = (self.opened, self.read);
        let of_process = self.connections.entry(record.pid).or_default();
        let connection = of_process.entry(handle).or_insert_with(|| OpenConnection {
            id: own_id(record).unwrap_or(ConnId {
                pid: record.pid,
                start_time: 0,
                handle,
                generation,
            }),
            outgoing: 0,
            incoming: 0,
            last,
        });
        connection.last = last;
        (connection, !known)
    }
}

impl OpenConnection {
    const fn next(&mut self, direction: Direction) -> &mut u64 {
        match direction {
            Direction::Outgoing => &mut self.outgoing,
            Direction::Incoming => &mut self.incoming,
        }
    }
}

/// What carries the connection, where the record says it.
fn transport_of(record: &Record) -> Result<Option<Transport>, LineError> {
    let name = record.metadata.transport.as_deref();
    let known = name.map(|name| {
        Transport::parse(name).ok_or(LineError::Lacks {
            kind: "SslOpen",
            field: "metadata.transport: tls, tcp or stdio",
        })
    });
    known.transpose()
}

fn opened(record: &Record, transport: Option<Transport>) -> TlsKind {
    TlsKind::Opened {
        remote: record.remote_host.clone().map(|host| Remote {
            host,
            port: record.remote_port,
        }),
        transport: transport.unwrap_or_default(),
    }
}

/// The connection as this sensor named it: decoding its file gives the event
/// ids that it told live.
fn own_id(record: &Record) -> Option<ConnId> {
    let name = record.metadata.conn_id.as_ref()?.to_string();
    ConnId::parse(&name).filter(|id| id.pid == record.pid)
}

/// A hash of the connection's name within its process.
fn handle_of(record: &Record) -> u64 {
    let name = match (&record.metadata.conn_id, record.metadata.fd) {
        (Some(conn_id), _) => format!("conn {conn_id}"),
        (None, Some(fd)) => format!("fd {fd}"),
        (None, None) => format!("tid {}", record.tid.unwrap_or(record.pid)),
    };
    let digest: [u8; 32] = Sha256::digest(name).into();
    let first = digest.iter().take(8);
    first.fold(0, |acc, byte| (acc << 8) | u64::from(*byte))
}

fn direction_of(name: &str) -> Option<Direction> {
    match name.to_ascii_lowercase().as_str() {
        "outgoing" | "write" | "sslwrite" | "out" => Some(Direction::Outgoing),
        "incoming" | "read" | "sslread" | "in" => Some(Direction::Incoming),
        _ => None,
    }
}

fn facts(record: &Record) -> ProcessFacts {
    let metadata = record.metadata.clone();
    ProcessFacts {
        pid: record.pid,
        ppid: metadata.ppid,
        exe: metadata.exe,
        comm: metadata.comm,
        args: metadata.args,
        script: metadata.script,
        cwd: metadata.cwd,
        uid: metadata.uid,
        gid: metadata.gid,
        user: metadata.user,
        started: metadata.started_ns.map(Timestamp::from_nanos),
        cgroup: metadata.cgroup,
        container: metadata
            .container
            .map(|container| Arc::new(container.into())),
        bundle_id: metadata.bundle_id,
    }
}

fn exit(metadata: &Metadata) -> ProcessEvent {
    ProcessEvent::Exit {
        code: metadata.exit_code,
        signal: metadata.signal,
        core_dumped: metadata.core_dumped.unwrap_or(false),
        runtime_ms: metadata.runtime_ms,
        usage: Usage {
            cpu_user_ms: metadata.cpu_user_ms,
            cpu_system_ms: metadata.cpu_system_ms,
            max_rss_kb: metadata.max_rss_kb,
        },
    }
}

fn process(record: &Record, event: ProcessEvent) -> RawEvent {
    raw(record, RawKind::Process(event))
}

fn tls(record: &Record, conn: ConnId, what: TlsKind) -> RawEvent {
    raw(record, RawKind::Tls(TlsEvent { conn, what }))
}

fn raw(record: &Record, kind: RawKind) -> RawEvent {
    RawEvent {
        at: Timestamp::from_nanos(record.timestamp_ns),
        pid: record.pid,
        tid: record.tid.unwrap_or(record.pid),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> (Vec<RawEvent>, Reader) {
        let mut reader = Reader::new();
        let mut out = Vec::new();
        for line in lines {
            reader.line(line.as_bytes(), &mut out).unwrap();
        }
        (out, reader)
    }

    fn pieces(events: &[RawEvent]) -> Vec<(ConnId, u64, Vec<u8>)> {
        let tls = events.iter().filter_map(|event| match &event.kind {
            RawKind::Tls(TlsEvent {
                conn,
                what: TlsKind::Data { offset, bytes, .. },
            }) => Some((*conn, *offset, bytes.to_vec())),
            _ => None,
        });
        tls.collect()
    }

    #[test]
    fn without_offsets_bytes_follow_each_other_and_gaps_take_room() {
        let (events, _) = read(&[
            r#"{"timestamp_ns":1,"kind":"SslWrite","pid":7,"tid":8,"data":"YWJj","metadata":{"fd":3}}"#,
            r#"{"timestamp_ns":2,"kind":"SslGap","pid":7,"tid":8,"metadata":{"fd":3,"gap_bytes":10,"direction":"write"}}"#,
            r#"{"timestamp_ns":3,"kind":"SslWrite","pid":7,"tid":9,"data":"ZA==","metadata":{"fd":3}}"#,
        ]);
        let pieces = pieces(&events);
        assert_eq!(pieces[0].0, pieces[1].0);
        assert_eq!((pieces[0].1, pieces[1].1), (0, 13));
    }

    #[test]
    fn conn_id_comes_before_fd_and_fd_before_tid() {
        let (events, _) = read(&[
            r#"{"timestamp_ns":1,"kind":"SslWrite","pid":7,"tid":1,"data":"YQ==","metadata":{"fd":3,"conn_id":"x"}}"#,
            r#"{"timestamp_ns":1,"kind":"SslRead","pid":7,"tid":2,"data":"YQ==","metadata":{"fd":4,"conn_id":"x"}}"#,
            r#"{"timestamp_ns":1,"kind":"SslRead","pid":7,"tid":2,"data":"YQ==","metadata":{"fd":4}}"#,
            r#"{"timestamp_ns":1,"kind":"SslRead","pid":7,"tid":2,"data":"YQ=="}"#,
        ]);
        let ids: Vec<_> = pieces(&events).into_iter().map(|piece| piece.0).collect();
        assert_eq!(ids[0], ids[1]);
        assert!(ids[1] != ids[2] && ids[2] != ids[3]);
    }

    #[test]
    fn a_name_that_comes_again_after_a_close_is_another_connection() {
        let write =
            r#"{"timestamp_ns":1,"kind":"SslWrite","pid":7,"data":"YQ==","metadata":{"fd":3}}"#;
        let (events, _) = read(&[
            write,
            r#"{"timestamp_ns":2,"kind":"SslClose","pid":7,"metadata":{"fd":3}}"#,
            write,
        ]);
        let pieces = pieces(&events);
        assert_ne!(pieces[0].0, pieces[1].0);
        assert_eq!(pieces[1].1, 0);
    }

    #[test]
    fn a_process_that_ends_ends_its_connections() {
        let (events, reader) = read(&[
            r#"{"timestamp_ns":1,"kind":"SslWrite","pid":7,"data":"YQ==","metadata":{"fd":3}}"#,
            r#"{"timestamp_ns":1,"kind":"SslWrite","pid":8,"data":"YQ==","metadata":{"fd":3}}"#,
            r#"{"timestamp_ns":2,"kind":"ProcessExit","pid":7,"metadata":{"exit_code":0}}"#,
        ]);
        let closed: Vec<_> = events
            .iter()
            .filter_map(|event| match &event.kind {
                RawKind::Tls(TlsEvent {
                    conn,
                    what: TlsKind::Closed,
                }) => Some(conn.pid),
                _ => None,
            })
            .collect();
        assert_eq!(closed, [7]);
        assert_eq!(reader.open, 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut reader = Reader::new();
        let mut out = Vec::new();
        for n in 0..MAX_CONNECTIONS + 10 {
            let pid = n % 100;
            let line = format!(
                r#"{{"timestamp_ns":1,"kind":"SslWrite","pid":{pid},"data":"","metadata":{{"fd":{n}}}}}"#
            );
            reader.line(line.as_bytes(), &mut out).unwrap();
            let line = format!(r#"{{"timestamp_ns":1,"kind":"Kind{n}","pid":7}}"#);
            reader.line(line.as_bytes(), &mut out).unwrap();
        }
        let kept: usize = reader.connections.values().map(HashMap::len).sum();
        assert_eq!(reader.open, kept);
        assert!(kept <= MAX_CONNECTIONS);
        assert_eq!(reader.skipped().len(), MAX_KINDS + 1);
    }

    #[test]
    fn unknown_kinds_are_skipped_and_counted() {
        let (events, reader) = read(&[
            r#"{"timestamp_ns":1,"kind":"GpuOp","pid":7}"#,
            r#"{"timestamp_ns":1,"kind":"FileOp","pid":7,"metadata":{"file":{"op":"mount","x":1}}}"#,
            r#"{"timestamp_ns":1,"kind":"NetOp","pid":7,"metadata":{"net":{"op":"bind"}}}"#,
        ]);
        assert!(events.is_empty());
        for kind in ["GpuOp", "FileOp of another op", "NetOp of another op"] {
            assert_eq!(reader.skipped().get(kind), Some(&1), "{kind}");
        }
    }

    #[test]
    fn bad_lines_are_named_without_their_content() {
        let mut reader = Reader::new();
        let mut out = Vec::new();
        let mut error = |line: &str| {
            reader
                .line(line.as_bytes(), &mut out)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("sk-secret"),
            "not a capture record: not valid JSON at column 1"
        );
        assert!(
            error(r#"{"kind":"SslRead"}"#).starts_with("not a capture record: a field is missing")
        );
        assert_eq!(
            error(r#"{"timestamp_ns":1,"kind":"SslRead","pid":1,"data":"***"}"#),
            "`data` is not base64"
        );
        assert_eq!(
            error(r#"{"timestamp_ns":1,"kind":"SslGap","pid":1}"#),
            "a SslGap record needs `metadata.gap_bytes`"
        );
        assert_eq!(
            error(r#"{"timestamp_ns":1,"kind":"FileOp","pid":1}"#),
            "a FileOp record needs `metadata.file`"
        );
        assert_eq!(
            error(
                r#"{"timestamp_ns":1,"kind":"SslOpen","pid":1,"metadata":{"transport":"pigeon"}}"#
            ),
            "a SslOpen record needs `metadata.transport: tls, tcp or stdio`"
        );
        assert!(
            error(r#"{"timestamp_ns":1,"kind":"SslOpen","pid":1,"metadata":{"local":"x:1"}}"#)
                .starts_with("not a capture record: a field is missing or of the wrong type")
        );
    }

    #[test]
    fn a_line_over_the_limit_is_passed_over_and_the_next_is_read() {
        let mut input = vec![b'x'; MAX_LINE + 5];
        input.extend_from_slice(b"\n{}\n");
        let mut input = io::Cursor::new(input);
        let mut line = Vec::new();
        assert!(matches!(
            read_line(&mut input, &mut line).unwrap(),
            Some(Err(LineError::TooLong))
        ));
        assert!(read_line(&mut input, &mut line).unwrap().unwrap().is_ok());
        assert_eq!(line, b"{}");
        assert!(read_line(&mut input, &mut line).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn any_line_is_taken_or_refused(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reader::new().line(&line, &mut Vec::new());
        }
    }
}
