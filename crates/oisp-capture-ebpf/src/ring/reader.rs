//! From records to events: who, which connection, and what is missing.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use oisp_core::capture::RawSender;
use oisp_core::raw::{TlsEvent, TlsKind, Usage};
use oisp_core::{ConnId, ProcessEvent, ProcessFacts, RawEvent, RawKind};
use oisp_ebpf_common::conn::{CONN_FREED, ConnKey, ConnState};
use oisp_ebpf_common::record::{self, ProcessHead, TlsHead};

use super::ReceiverGone;
use super::conns::{Conns, Handle, Happened};
use super::parse::{self, Names, Record};
use crate::attach::Notice;
use crate::clock::WallClock;
use crate::object::{self, Key};
use crate::process::facts;
use crate::process::stat;
use crate::process::table::{Table, Told};
use crate::status::Figures;

/// Turns records into events and sends them.
pub(crate) struct Reader {
    out: RawSender,
    notices: SyncSender<Notice>,
    table: Table,
    conns: Conns,
    kernel: object::Conns,
    figures: Arc<Figures>,
    clock: WallClock,
    losses: u64,
}

type Sent = Result<(), ReceiverGone>;

impl Reader {
    /// A reader that knows the processes that run now.
    pub(crate) fn new(
        out: RawSender,
        notices: SyncSender<Notice>,
        kernel: object::Conns,
        figures: Arc<Figures>,
    ) -> Self {
        let clock = WallClock::measure();
        let table = Table::of_running(clock);
        Self {
            out,
            notices,
            table,
            conns: Conns::default(),
            kernel,
            figures,
            clock,
            losses: 0,
        }
    }

    /// Takes one record of the ring.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Sent {
        self.figures.records.add(1);
        match parse::parse(bytes) {
            Some(Record::Tls(head, data)) => self.tls(&head, data),
            Some(Record::Process(head, names)) => self.process(&head, &names),
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
            self.conns.close(handle, &mut happened);
            return self.send_all(head.at_ns, head.tid, happened);
        }
        self.open(head, &mut happened)?;
        if head.kind == record::GAP {
            self.conns.gap(head, &mut happened);
        } else if !self.conns.data(head, data, &mut happened) {
            self.figures.records_out_of_order.add(1);
        }
        self.send_all(head.at_ns, head.tid, happened)
    }

    /// The connection of that head, and before it its process.
    fn open(&mut self, head: &TlsHead, happened: &mut Vec<Happened>) -> Sent {
        if self.conns.has((head.tgid, head.handle), head.epoch) {
            return Ok(());
        }
        self.introduce(head.tgid, head.start_ns, head.at_ns)?;
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
        self.figures
            .connections
            .set(u64::try_from(self.conns.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn process(&mut self, head: &ProcessHead, names: &Names<'_>) -> Sent {
        match head.kind {
            record::EXEC => self.exec(head, names),
            record::FORK => self.fork(head),
            _ => self.exit(head),
        }
    }

    fn exec(&mut self, head: &ProcessHead, names: &Names<'_>) -> Sent {
        self.tell(Notice::Exec(head.tgid));
        // The program that ran before took its connections with it.
        self.close_all(head.tgid, head.at_ns)?;
        if head.ppid != 0 {
            self.introduce(head.ppid, 0, head.at_ns)?;
        }
        let told = self.told(head, names);
        let facts = self.table.exec(head.tgid, told, self.clock);
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
        let fork = ProcessEvent::Fork {
            child_pid: head.code,
        };
        self.send(head.at_ns, head.tgid, head.tid, RawKind::Process(fork))
    }

    fn exit(&mut self, head: &ProcessHead) -> Sent {
        self.tell(Notice::Exit(head.tgid));
        self.close_all(head.tgid, head.at_ns)?;
        let told = self.told(head, &Names::default());
        for (pid, event) in self.table.ending(head.tgid, told, self.clock) {
            self.send(head.at_ns, pid, pid, RawKind::Process(event))?;
        }
        self.table.exit(head.tgid);
        self.send(
            head.at_ns,
            head.tgid,
            head.tid,
            RawKind::Process(exit_event(head)),
        )
    }

    fn told(&self, head: &ProcessHead, names: &Names<'_>) -> Told {
        let text = |bytes: &[u8]| {
            let end = bytes
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(bytes.len());
            let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
            (!text.is_empty()).then_some(text)
        };
        let whole = head.flags & record::ARGS_CUT == 0;
        let facts = ProcessFacts {
            pid: head.tgid,
            ppid: (head.ppid != 0).then_some(head.ppid),
            // A relative path says nothing without the directory it is meant from.
            exe: text(names.file_name).filter(|path| path.starts_with('/')),
            comm: text(&head.comm),
            args: facts::args(names.args).filter(|_| whole),
            uid: Some(head.uid),
            gid: Some(head.gid),
            started: (head.start_ns != 0).then(|| self.clock.at(stat::in_ticks(head.start_ns))),
            ..ProcessFacts::default()
        };
        Told {
            start_ns: head.start_ns,
            facts,
        }
    }

    /// Closes the connections of a process, as far as the kernel knows them.
    fn close_all(&mut self, pid: u32, at_ns: u64) -> Sent {
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
                TlsKind::Data { bytes, .. } => self.figures.delivered(bytes.len()),
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

/// The status as `wait` gives it: signal in the low 7 bits, then the core bit,
/// then the exit code.
fn exit_event(head: &ProcessHead) -> ProcessEvent {
    let status = (head.code_known != 0).then_some(head.code);
    let signal = status
        .map(|status| status & 0x7f)
        .filter(|signal| *signal != 0);
    let code = status
        .filter(|_| signal.is_none())
        .map(|status| (status >> 8) & 0xff);
    ProcessEvent::Exit {
        code: code.and_then(|code| i32::try_from(code).ok()),
        signal: signal.and_then(|signal| i32::try_from(signal).ok()),
        core_dumped: status.is_some_and(|status| status & 0x80 != 0),
        runtime_ms: (head.start_ns != 0)
            .then(|| head.at_ns.saturating_sub(head.start_ns) / 1_000_000),
        usage: Usage::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: u32) -> ProcessEvent {
        let head = ProcessHead {
            kind: record::EXIT,
            flags: 0,
            file_name_len: 0,
            args_len: 0,
            tgid: 1,
            tid: 1,
            at_ns: 5_000_000,
            start_ns: 2_000_000,
            ppid: 0,
            uid: 0,
            gid: 0,
            code,
            code_known: 1,
            zero: 0,
            comm: [0; 16],
        };
        exit_event(&head)
    }

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        let event = |code, signal, core_dumped| ProcessEvent::Exit {
            code,
            signal,
            core_dumped,
            runtime_ms: Some(3),
            usage: Usage::default(),
        };
        assert_eq!(exit(0), event(Some(0), None, false));
        assert_eq!(exit(3 << 8), event(Some(3), None, false));
        assert_eq!(exit(9), event(None, Some(9), false));
        assert_eq!(exit(11 | 0x80), event(None, Some(11), true));
    }
}
