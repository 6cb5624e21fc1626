//! The connections as the reader of the ring knows them: how far each direction
//! came, so that whatever is missing between two records becomes a gap.
//!
//! In: heads of records, in the order of the ring. Out: [`TlsKind`]s, for each
//! direction without a hole: data and gaps together cover every byte from 0 on.

use std::collections::BTreeMap;

use bytes::Bytes;
use oisp_core::raw::{GapCause, TlsKind, Transport};
use oisp_core::{ConnId, Direction};
use oisp_ebpf_common::conn::{CONN_LATE, CONN_STDIO, CONN_TCP};
use oisp_ebpf_common::record::{
    CAUSE_READ_FAULT, CAUSE_RING_FULL, CAUSE_SCRATCH, CAUSE_SHED, CAUSE_TOO_LARGE, READ, TlsHead,
};

/// A connection of a process, by process and handle.
pub(crate) type Handle = (u32, u64);

#[derive(Debug)]
struct Conn {
    id: ConnId,
    epoch: u64,
    /// Where each direction stands: written, read.
    next: [u64; 2],
    /// Directions of which the beginning was not seen and that was not said yet.
    late: [bool; 2],
}

/// What happened, and on which connection.
pub(crate) type Happened = (ConnId, TlsKind);

/// All connections that are open.
#[derive(Debug, Default)]
pub(crate) struct Conns {
    open: BTreeMap<Handle, Conn>,
}

impl Conns {
    /// Makes sure that the head's connection is open. A former one of the same
    /// handle is closed: its own record was lost. `identify` gives a new one its
    /// identity.
    pub(crate) fn ensure(
        &mut self,
        head: &TlsHead,
        identify: impl FnOnce() -> ConnId,
        out: &mut Vec<Happened>,
    ) {
        let handle = (head.tgid, head.handle);
        match self.open.get(&handle) {
            Some(conn) if conn.epoch == head.epoch => return,
            Some(_) => self.close(handle, out),
            None => {}
        }
        let id = identify();
        let late = u32::from(head.flags) & CONN_LATE != 0;
        self.open.insert(
            handle,
            Conn {
                id,
                epoch: head.epoch,
                next: [0; 2],
                late: [late; 2],
            },
        );
        out.push((
            id,
            TlsKind::Opened {
                remote: None,
                transport: transport(head.flags),
            },
        ));
    }

    /// Whether that very connection is open.
    pub(crate) fn has(&self, handle: Handle, epoch: u64) -> bool {
        self.open
            .get(&handle)
            .is_some_and(|conn| conn.epoch == epoch)
    }

    /// Bytes of one direction. False where they were there before: the kernel
    /// never repeats, so that is a fault of ours, to be counted.
    pub(crate) fn data(&mut self, head: &TlsHead, bytes: &[u8], out: &mut Vec<Happened>) -> bool {
        let Some(conn) = self.open.get_mut(&(head.tgid, head.handle)) else {
            return false;
        };
        conn.reach(head.direction, head.offset, head.cause, out);
        let end = head.offset.saturating_add(u64::from(head.len));
        let Some(next) = conn
            .next
            .get_mut(usize::from(head.direction))
            .filter(|next| **next == head.offset)
        else {
            return false;
        };
        *next = end;
        let (direction, offset) = (direction(head.direction), head.offset);
        out.push((
            conn.id,
            TlsKind::Data {
                direction,
                offset,
                bytes: Bytes::copy_from_slice(bytes),
            },
        ));
        true
    }

    /// Something else became known of an open connection.
    pub(crate) fn tell(&self, handle: Handle, what: Option<TlsKind>, out: &mut Vec<Happened>) {
        if let Some((conn, what)) = self.open.get(&handle).zip(what) {
            out.push((conn.id, what));
        }
    }

    /// Bytes that the kernel says are missing.
    pub(crate) fn gap(&mut self, head: &TlsHead, out: &mut Vec<Happened>) {
        let Some(conn) = self.open.get_mut(&(head.tgid, head.handle)) else {
            return;
        };
        conn.reach(head.direction, head.offset, head.cause, out);
        if head.len == 0 {
            conn.say_gap(head.direction, head.offset, 0, cause(head.cause), out);
        } else {
            conn.reach(
                head.direction,
                head.offset.saturating_add(u64::from(head.len)),
                head.cause,
                out,
            );
        }
    }

    /// Both directions reach that far, whether or not records said so.
    pub(crate) fn catch_up(
        &mut self,
        handle: Handle,
        offsets: [u64; 2],
        causes: [u32; 2],
        out: &mut Vec<Happened>,
    ) {
        let Some(conn) = self.open.get_mut(&handle) else {
            return;
        };
        for ((direction, offset), cause) in (0..).zip(offsets).zip(causes) {
            conn.reach(direction, offset, cause, out);
        }
    }

    /// The connection is over.
    pub(crate) fn close(&mut self, handle: Handle, out: &mut Vec<Happened>) {
        if let Some(conn) = self.open.remove(&handle) {
            out.push((conn.id, TlsKind::Closed));
        }
    }

    /// The open connections of a process.
    pub(crate) fn of_process(&self, pid: u32) -> Vec<Handle> {
        self.open
            .range((pid, 0)..=(pid, u64::MAX))
            .map(|(handle, _)| *handle)
            .collect()
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}

impl Conn {
    /// What lies between here and there is missing.
    fn reach(&mut self, direction: u8, offset: u64, why: u32, out: &mut Vec<Happened>) {
        let index = usize::from(direction);
        if self.late.get(index) == Some(&true)
            && offset >= self.next.get(index).copied().unwrap_or(0)
        {
            self.say_late(out);
        }
        let Some(next) = self.next.get_mut(index) else {
            return;
        };
        if offset > *next {
            let (from, len) = (*next, offset - *next);
            *next = offset;
            self.say_gap(direction, from, len, cause(why), out);
        }
    }

    /// Before the first data in either direction: what went by before it is not
    /// known.
    fn say_late(&mut self, out: &mut Vec<Happened>) {
        for direction in [0, 1] {
            self.say_gap(direction, 0, 0, GapCause::LateAttach, out);
        }
        self.late = [false; 2];
    }

    fn say_gap(&self, side: u8, offset: u64, len: u64, cause: GapCause, out: &mut Vec<Happened>) {
        out.push((
            self.id,
            TlsKind::Gap {
                direction: direction(side),
                offset,
                len,
                cause,
            },
        ));
    }
}

fn transport(flags: u16) -> Transport {
    if u32::from(flags) & CONN_TCP != 0 {
        Transport::Tcp
    } else if u32::from(flags) & CONN_STDIO != 0 {
        Transport::Stdio
    } else {
        Transport::Tls
    }
}

fn direction(side: u8) -> Direction {
    if side == READ {
        Direction::Incoming
    } else {
        Direction::Outgoing
    }
}

fn cause(number: u32) -> GapCause {
    match number {
        CAUSE_RING_FULL => GapCause::RingFull,
        CAUSE_READ_FAULT => GapCause::ReadFault,
        CAUSE_TOO_LARGE => GapCause::CallTooLarge,
        CAUSE_SCRATCH => GapCause::Scratch,
        CAUSE_SHED => GapCause::Shed,
        _ => GapCause::Other,
    }
}

#[cfg(test)]
mod tests {
    use oisp_ebpf_common::record::{DATA, GAP, WRITTEN};

    use super::*;

    fn head(kind: u8, epoch: u64, offset: u64, len: u32) -> TlsHead {
        TlsHead {
            kind,
            direction: WRITTEN,
            flags: 0,
            len,
            tgid: 1,
            tid: 1,
            at_ns: 0,
            handle: 7,
            epoch,
            start_ns: 0,
            offset,
            offset_read: 0,
            cause: 0,
            cause_read: 0,
        }
    }

    fn id(generation: u32) -> ConnId {
        ConnId {
            pid: 1,
            start_time: 0,
            handle: 7,
            generation,
        }
    }

    fn kinds(out: Vec<Happened>) -> Vec<String> {
        let show = |kind| match kind {
            TlsKind::Opened { .. } => String::from("opened"),
            TlsKind::Socket { local, remote } => format!("socket {local} {remote}"),
            TlsKind::ServerName(name) => format!("server name {name}"),
            TlsKind::Data { offset, bytes, .. } => format!("data {offset}+{}", bytes.len()),
            TlsKind::Gap {
                direction,
                offset,
                len,
                cause,
            } => {
                format!("gap {direction:?} {offset}+{len} {}", cause.as_str())
            }
            TlsKind::Closed => String::from("closed"),
        };
        out.into_iter().map(|(_, kind)| show(kind)).collect()
    }

    #[test]
    fn a_jump_of_the_offset_is_a_gap_with_its_cause() {
        let (mut conns, mut out) = (Conns::default(), Vec::new());
        conns.ensure(&head(DATA, 1, 0, 3), || id(0), &mut out);
        assert!(conns.data(&head(DATA, 1, 0, 3), b"abc", &mut out));
        let late = TlsHead {
            cause: CAUSE_RING_FULL,
            ..head(DATA, 1, 10, 1)
        };
        assert!(conns.data(&late, b"k", &mut out));
        assert_eq!(
            kinds(out),
            [
                "opened",
                "data 0+3",
                "gap Outgoing 3+7 ring_full",
                "data 10+1"
            ]
        );
    }

    #[test]
    fn a_told_gap_is_told_once() {
        let (mut conns, mut out) = (Conns::default(), Vec::new());
        conns.ensure(&head(DATA, 1, 0, 3), || id(0), &mut out);
        conns.gap(
            &TlsHead {
                cause: CAUSE_READ_FAULT,
                ..head(GAP, 1, 0, 5)
            },
            &mut out,
        );
        assert!(conns.data(&head(DATA, 1, 5, 1), b"f", &mut out));
        conns.catch_up((1, 7), [6, 2], [0, CAUSE_RING_FULL], &mut out);
        let expected = [
            "opened",
            "gap Outgoing 0+5 read_fault",
            "data 5+1",
            "gap Incoming 0+2 ring_full",
        ];
        assert_eq!(kinds(out), expected);
    }

    #[test]
    fn a_late_connection_says_so_before_its_first_bytes() {
        let (mut conns, mut out) = (Conns::default(), Vec::new());
        let first = TlsHead {
            flags: 1,
            ..head(DATA, 1, 0, 1)
        };
        conns.ensure(&first, || id(0), &mut out);
        assert!(conns.data(&first, b"a", &mut out));
        assert!(conns.data(&head(DATA, 1, 1, 1), b"b", &mut out));
        let expected = [
            "opened",
            "gap Outgoing 0+0 late_attach",
            "gap Incoming 0+0 late_attach",
            "data 0+1",
            "data 1+1",
        ];
        assert_eq!(kinds(out), expected);
    }

    #[test]
    fn a_handle_used_again_is_another_connection() {
        let (mut conns, mut out) = (Conns::default(), Vec::new());
        conns.ensure(&head(DATA, 1, 0, 1), || id(0), &mut out);
        conns.ensure(
            &head(DATA, 1, 0, 1),
            || unreachable!("the same one"),
            &mut out,
        );
        conns.ensure(&head(DATA, 2, 0, 1), || id(1), &mut out);
        assert!(conns.has((1, 7), 2) && !conns.has((1, 7), 1));
        assert_eq!(conns.of_process(1), [(1, 7)]);
        conns.close((1, 7), &mut out);
        assert_eq!(kinds(out), ["opened", "closed", "opened", "closed"]);
    }

    #[test]
    fn bytes_that_were_there_before_are_refused() {
        let (mut conns, mut out) = (Conns::default(), Vec::new());
        conns.ensure(&head(DATA, 1, 0, 3), || id(0), &mut out);
        assert!(conns.data(&head(DATA, 1, 0, 3), b"abc", &mut out));
        assert!(!conns.data(&head(DATA, 1, 1, 3), b"bcd", &mut out));
    }
}
