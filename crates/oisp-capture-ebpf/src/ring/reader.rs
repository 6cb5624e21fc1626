//! From records to events: who, which connection, and what is missing.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use oisp_core::capture::RawSender;
use oisp_core::raw::{TlsEvent, TlsKind};
use oisp_core::{ConnId, ProcessEvent, RawEvent, RawKind};
use oisp_ebpf_common::conn::{CONN_FREED, ConnKey, ConnState};
use oisp_ebpf_common::file::FileHead;
use oisp_ebpf_common::net::{self as net_record, NetHead};
use oisp_ebpf_common::record::{self, ProcessHead, Spent, TlsHead};

use super::ReceiverGone;
use super::conns::{Conns, Handle, Happened};
use super::files::{Files, Told};
use super::lives;
use super::names::Names as ServerNames;
use super::net;
use super::parse::{self, Names, Record};
use crate::attach::Notice;
use crate::clock::WallClock;
use crate::object::{self, Key, OpenFile, OpenFiles};
use crate::plain::stdio::Agents;
use crate::process::sample::Watched;
use crate::process::stat;
use crate::process::table::Table;
use crate::status::Figures;

/// Turns records into events and sends them.
pub(crate) struct Reader {
    out: RawSender,
    notices: SyncSender<Notice>,
    table: Table,
    conns: Conns,
    names: ServerNames,
    kernel: object::Conns,
    files: Files,
    open_files: OpenFiles,
    agents: Agents,
    figures: Arc<Figures>,
    clock: WallClock,
    losses: u64,
    watched: Arc<Watched>,
}

type Sent = Result<(), ReceiverGone>;

impl Reader {
    /// A reader that knows the processes that run now.
    pub(crate) fn new(
        out: RawSender,
        notices: SyncSender<Notice>,
        kernel: object::Conns,
        open_files: OpenFiles,
        mut agents: Agents,
        figures: Arc<Figures>,
    ) -> Self {
        let clock = WallClock::measure();
        let table = Table::of_running(clock);
        table.facts().for_each(|facts| agents.runs(facts));
        Self {
            out,
            notices,
            table,
            conns: Conns::default(),
            names: ServerNames::default(),
            kernel,
            files: Files::default(),
            open_files,
            agents,
            figures,
            clock,
            losses: 0,
            watched: Arc::default(),
        }
    }

    /// The processes whose connections it has told of.
    pub(crate) fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.watched)
    }

    /// Takes one record of the ring.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Sent {
        self.figures.records.add(1);
        match parse::parse(bytes) {
            Some(Record::Tls(head, data)) => self.tls(&head, data),
            Some(Record::File(head, path, other)) => self.file(&head, path, other),
            Some(Record::Process(head, names)) => self.process(&head, &names),
            Some(Record::Exit(head, spent)) => self.exit(&head, &spent),
            Some(Record::Net(head, bytes)) => self.net(&head, bytes),
            None => {
                self.figures.records_unknown.add(1);
                Ok(())
            }
        }
    }

    fn tls(&mut self, head: &TlsHead, data: &[u8]) -> Sent {
        let handle = (head.tgid, head.handle);
        let mut happened = Vec::new();
        if head.kind == record::CLOSED {
            // One that never carried a byte was never told of.
            if head.offset > 0 || head.offset_read > 0 {
                self.open(head, &mut happened)?;
                let (ends, causes) = (
                    [head.offset, head.offset_read],
                    [head.cause, head.cause_read],
                );
                self.conns.catch_up(handle, ends, causes, &mut happened);
            }
            self.names.forget(handle);
            self.conns.close(handle, &mut happened);
            return self.send_all(head.at_ns, head.tid, happened);
        }
        if head.kind == net_record::SERVER_NAME && !self.conns.has(handle, head.epoch) {
            self.names.keep(handle, head.epoch, data);
            return Ok(());
        }
        self.open(head, &mut happened)?;
        match head.kind {
            record::GAP => self.conns.gap(head, &mut happened),
            net_record::SOCKET => {
                let ends = net::ends(data);
                let socket = ends.map(|(local, remote)| TlsKind::Socket { local, remote });
                self.conns.tell(handle, socket, &mut happened);
            }
            net_record::SERVER_NAME => {
                let name = String::from_utf8(data.to_vec()).ok();
                let name = name.map(TlsKind::ServerName);
                self.conns.tell(handle, name, &mut happened);
            }
            _ if !self.conns.data(head, data, &mut happened) => {
                self.figures.records_out_of_order.add(1);
            }
            _ => {}
        }
        self.send_all(head.at_ns, head.tid, happened)
    }

    /// The connection of that head, and before it its process.
    fn open(&mut self, head: &TlsHead, happened: &mut Vec<Happened>) -> Sent {
        if self.conns.has((head.tgid, head.handle), head.epoch) {
            return Ok(());
        }
        self.introduce(head.tgid, head.start_ns, head.at_ns)?;
        self.watched.talks(head.tgid);
        let table = &mut self.table;
        let identify = || ConnId {
            pid: head.tgid,
            start_time: match head.start_ns {
                0 => table.start_ns(head.tgid),
                start_ns => stat::in_ticks(start_ns),
            },
            handle: head.handle,
            generation: table.next_connection(head.tgid),
        };
        self.conns.ensure(head, identify, happened);
        let handle = (head.tgid, head.handle);
        let name = self.names.take(handle, head.epoch);
        self.conns
            .tell(handle, name.map(TlsKind::ServerName), happened);
        self.figures
            .connections
            .set(u64::try_from(self.conns.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn net(&mut self, head: &NetHead, bytes: &[u8]) -> Sent {
        let Some(event) = net::event(head, bytes) else {
            return Ok(());
        };
        // A connection may outlive its process.
        if !self.table.has_ended(head.tgid, head.start_ns) {
            self.introduce(head.tgid, head.start_ns, head.at_ns)?;
        }
        self.send(head.at_ns, head.tgid, head.tid, RawKind::Net(event))
    }

    fn process(&mut self, head: &ProcessHead, names: &Names<'_>) -> Sent {
        match head.kind {
            record::EXEC => self.exec(head, names),
            _ => self.fork(head),
        }
    }

    fn exec(&mut self, head: &ProcessHead, names: &Names<'_>) -> Sent {
        self.tell(Notice::Exec(head.tgid));
        // The program that ran before took its connections with it.
        self.close_all(head.tgid, head.at_ns)?;
        if head.ppid != 0 {
            self.introduce(head.ppid, 0, head.at_ns)?;
        }
        let told = lives::told(head, names, self.clock);
        let facts = self.table.exec(head.tgid, told, self.clock);
        self.agents.runs(&facts);
        self.send(
            head.at_ns,
            head.tgid,
            head.tid,
            RawKind::Process(ProcessEvent::Exec(facts)),
        )
    }

    fn fork(&mut self, head: &ProcessHead) -> Sent {
        self.introduce(head.tgid, head.start_ns, head.at_ns)?;
        self.table.fork(head.tgid, head.code);
        self.tell(Notice::Fork(head.tgid));
        self.agents.forked(head.tgid, head.code);
        let fork = ProcessEvent::Fork {
            child_pid: head.code,
        };
        self.send(head.at_ns, head.tgid, head.tid, RawKind::Process(fork))
    }

    fn exit(&mut self, head: &ProcessHead, spent: &Spent) -> Sent {
        // The last two threads may each have found themselves the last.
        if !self.table.ends(head.tgid, head.start_ns) {
            return Ok(());
        }
        self.watched.ended(head.tgid);
        self.tell(Notice::Exit(head.tgid));
        self.close_all(head.tgid, head.at_ns)?;
        self.end_files(head.tgid, head.at_ns)?;
        let told = lives::told(head, &Names::default(), self.clock);
        for (pid, event) in self.table.ending(head.tgid, told, self.clock) {
            self.send(head.at_ns, pid, pid, RawKind::Process(event))?;
        }
        self.table.exit(head.tgid);
        self.agents.gone(head.tgid);
        self.send(
            head.at_ns,
            head.tgid,
            head.tid,
            RawKind::Process(lives::exit_event(head, spent)),
        )
    }

    /// Closes the connections of a process, as far as the kernel knows them.
    fn close_all(&mut self, pid: u32, at_ns: u64) -> Sent {
        self.names.forget_process(pid);
        for handle in self.conns.of_process(pid) {
            let mut happened = Vec::new();
            if let Some(state) = self.kernel_state(handle)
                && self.conns.has(handle, state.epoch)
            {
                self.conns
                    .catch_up(handle, state.offset, state.lost, &mut happened);
                self.forget(handle);
            }
            self.conns.close(handle, &mut happened);
            self.send_all(at_ns, pid, happened)?;
        }
        Ok(())
    }

    fn kernel_state(&self, (tgid, handle): Handle) -> Option<ConnState> {
        self.kernel
            .get(
                &Key(ConnKey {
                    handle,
                    tgid,
                    zero: 0,
                }),
                0,
            )
            .ok()
            .map(|state| state.0)
    }

    fn forget(&mut self, (tgid, handle): Handle) {
        // It may be gone already: the table drops the least recently used.
        let _ = self.kernel.remove(&Key(ConnKey {
            handle,
            tgid,
            zero: 0,
        }));
    }

    fn file(&mut self, head: &FileHead, path: &[u8], other: &[u8]) -> Sent {
        let mut told = Vec::new();
        self.files.take(head, path, other, &mut told);
        self.tell_files(told)
    }

    fn tell_files(&mut self, told: Vec<Told>) -> Sent {
        for (at_ns, pid, tid, event) in told {
            self.introduce(pid, 0, at_ns)?;
            self.send(at_ns, pid, tid, RawKind::File(event))?;
        }
        Ok(())
    }

    /// What a process that is over had written and not closed.
    fn end_files(&mut self, pid: u32, at_ns: u64) -> Sent {
        let mut told = Vec::new();
        self.files.exited(pid, &mut told);
        if self.files.has_open() {
            let of = |(_, written): &(u64, OpenFile)| written.0.tgid == pid;
            let left: Vec<_> = self
                .open_files
                .iter()
                .filter_map(Result::ok)
                .filter(of)
                .collect();
            for (file, written) in left {
                let _ = self.open_files.remove(&file);
                self.files.left_open(file, &written.0, at_ns, &mut told);
            }
        }
        self.tell_files(told)
    }

    /// Tells of files what waited for more of the same.
    pub(super) fn tick_files(&mut self) -> Sent {
        let mut told = Vec::new();
        self.files.tick(crate::clock::boot_ns(), &mut told);
        self.figures.file_events_noise.set(self.files.noise);
        self.figures
            .file_events_dropped_rate
            .set(self.files.too_many());
        self.tell_files(told)
    }

    /// The wall clock may have been set.
    pub(super) fn measure_clock(&mut self) {
        self.clock = WallClock::measure();
    }

    /// All connections as the kernel knows them, where anything was lost since
    /// the last call.
    pub(super) fn states_after_losses(&mut self) -> Option<Vec<(Handle, ConnState)>> {
        let losses = self.figures.kernel_losses();
        if losses == self.losses {
            return None;
        }
        self.losses = losses;
        let states = self.kernel.iter().filter_map(Result::ok);
        Some(
            states
                .map(|(key, state)| ((key.0.tgid, key.0.handle), state.0))
                .collect(),
        )
    }

    /// Makes gaps of what those states count and no record told.
    pub(super) fn account_for(&mut self, states: &[(Handle, ConnState)]) -> Sent {
        for (handle, state) in states {
            let at_ns = crate::clock::boot_ns();
            let mut happened = Vec::new();
            if !self.conns.has(*handle, state.epoch) {
                // Closed in the meantime, or nothing of it ever arrived.
                let still = self
                    .kernel_state(*handle)
                    .is_some_and(|now| now.epoch == state.epoch);
                if !still || state.offset == [0, 0] {
                    continue;
                }
                self.open(&head_of(*handle, state, at_ns), &mut happened)?;
            }
            self.conns
                .catch_up(*handle, state.offset, state.lost, &mut happened);
            let is_over = state.flags & CONN_FREED != 0 || stat::read(handle.0).is_none();
            if is_over {
                self.conns.close(*handle, &mut happened);
                self.forget(*handle);
            }
            self.send_all(at_ns, handle.0, happened)?;
        }
        Ok(())
    }

    /// Closes what is left of processes whose end was missed.
    pub(super) fn prune(&mut self) -> Sent {
        for pid in self.table.prune() {
            self.watched.ended(pid);
            self.close_all(pid, crate::clock::boot_ns())?;
        }
        Ok(())
    }

    fn introduce(&mut self, pid: u32, start_ns: u64, at_ns: u64) -> Sent {
        for (pid, event) in self.table.introduce(pid, start_ns, self.clock) {
            self.send(at_ns, pid, pid, RawKind::Process(event))?;
        }
        Ok(())
    }

    /// The attach thread may be behind, or gone at the end: it looks at all
    /// processes now and then.
    fn tell(&self, notice: Notice) {
        if self.notices.try_send(notice).is_err() {
            self.figures.notices_dropped.add(1);
        }
    }

    fn send_all(&mut self, at_ns: u64, tid: u32, happened: Vec<Happened>) -> Sent {
        for (conn, what) in happened {
            match &what {
                TlsKind::Data { bytes, .. } => {
                    self.figures.delivered(bytes.len());
                    self.watched.carried(conn.pid, bytes.len());
                }
                TlsKind::Gap { len, cause, .. } => self.figures.missing(*cause, *len),
                TlsKind::Opened { .. }
                | TlsKind::Socket { .. }
                | TlsKind::ServerName(_)
                | TlsKind::Closed => {}
            }
            self.send(at_ns, conn.pid, tid, RawKind::Tls(TlsEvent { conn, what }))?;
        }
        Ok(())
    }

    /// Blocks while the pipeline is behind. The ring then fills, and what finds
    /// no room there is counted and becomes a gap.
    fn send(&self, at_ns: u64, pid: u32, tid: u32, kind: RawKind) -> Sent {
        self.figures.events.add(1);
        let at = self.clock.at(at_ns);
        self.out
            .send(RawEvent { at, pid, tid, kind })
            .map_err(|_| ReceiverGone)
    }
}

fn head_of((tgid, handle): Handle, state: &ConnState, at_ns: u64) -> TlsHead {
    TlsHead {
        kind: record::GAP,
        direction: 0,
        flags: u16::try_from(state.flags).unwrap_or(0),
        len: 0,
        tgid,
        tid: tgid,
        at_ns,
        handle,
        epoch: state.epoch,
        start_ns: state.start_ns,
        offset: 0,
        offset_read: 0,
        cause: 0,
        cause_read: 0,
    }
}
