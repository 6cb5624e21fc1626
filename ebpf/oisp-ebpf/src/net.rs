//! TCP connections: asked for, taken, ended.
//!
//! A connection is told once its answer is known, and once it is over, about the
//! process that did it: both may be found out in an interrupt, long after that
//! process's call. So what it did is kept by socket in between.

use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::counter::NOTES_RING_FULL;
use oisp_ebpf_common::net::{
    ACCEPT, Addresses, CLOSE, CONNECT, GIVEN_UP, HAS_BYTES, HAS_LOCAL, HAS_TOOK, IS_INBOUND,
    IS_OUTBOUND, NetHead,
};
use oisp_ebpf_common::setting::{
    AT_BYTES_ACKED, AT_BYTES_RECEIVED, AT_BYTES_RETRANSMITTED, AT_BYTES_SENT, AT_PROTOCOL,
    AT_SHUTDOWN, AT_SOCKET_ERROR, AT_SOCKET_FLAGS,
};

use crate::sock::{self, TCP};
use crate::syscall::Syscall;
use crate::task::Kernel;
use crate::who::{NOBODY, Who, is_within_rate, now, who};
use crate::{counter, ring};

/// `SHUTDOWN_MASK`: nobody reads or writes any more.
const BOTH: u8 = 3;
/// `SOCK_DONE`, as a bit: the other end ended its side.
const DONE: u64 = 1 << 1;
/// The states of a TCP socket that matter here (`net/tcp_states.h`).
const ESTABLISHED: i32 = 1;
const SYN_SENT: i32 = 2;
const SYN_RECEIVED: i32 = 3;
const FIN_WAIT1: i32 = 4;
const CLOSED: i32 = 7;
const CLOSE_WAIT: i32 = 8;
const LAST_ACK: i32 = 9;
const LISTEN: i32 = 10;

/// What is known of a socket.
#[repr(C)]
#[derive(Clone, Copy)]
struct Known {
    /// Who asked for the connection or took it; thread 0 where unknown.
    owner: Who,
    /// Who ended it; thread 0 while nobody did.
    closer: Who,
    addresses: Addresses,
    /// When it was asked for; once there is one, when it began. 0 where unknown.
    since_ns: u64,
    /// When it was closed in both directions; 0 before.
    closed_ns: u64,
    /// `IS_*`, and the two below.
    flags: u64,
}

/// The answer is known.
const ANSWERED: u64 = 1 << 8;
/// Not told of, because of its process's rate: so its end is not, either.
const SILENT: u64 = 1 << 9;

/// By address of the socket.
#[map]
static SOCKS: LruHashMap<u64, Known> = LruHashMap::with_max_entries(16384, 0);

/// A process takes a connection before more bytes than this came over it; to look
/// at a count is quicker than to look up a socket.
const EARLY: u64 = 1 << 16;

/// A socket's state changes.
#[inline(always)]
pub fn state_changed(sock: u64, old: i32, new: i32) -> Option<()> {
    let socket = Kernel::at(sock)?;
    if old == LISTEN || new == LISTEN || socket.field::<u16>(AT_PROTOCOL)? != TCP {
        return None;
    }
    match new {
        SYN_SENT => asked(sock, socket),
        ESTABLISHED if old == SYN_RECEIVED => offered(sock, socket),
        ESTABLISHED => answered(sock, socket),
        // Only a call of a process leads there.
        FIN_WAIT1 | LAST_ACK => ending(sock, socket),
        CLOSED if old == SYN_SENT => refused(sock, socket),
        CLOSED => ended(sock, socket, old),
        _ => None,
    }
}

#[inline(always)]
fn asked(sock: u64, socket: Kernel) -> Option<()> {
    let owner = who()?;
    let mut known = Known {
        owner,
        closer: NOBODY,
        addresses: sock::addresses(socket)?,
        since_ns: now(),
        closed_ns: 0,
        flags: u64::from(IS_OUTBOUND),
    };
    let loopback = sock::is_loopback(&known.addresses.remote);
    if !is_within_rate((owner.thread >> 32) as u32, loopback) {
        known.flags |= SILENT;
    }
    let _ = SOCKS.insert(sock, known, 0);
    Some(())
}

#[inline(always)]
fn find(sock: u64) -> Option<&'static mut Known> {
    // SAFETY: the pointer is an entry of the table.
    SOCKS.get_ptr_mut(sock).map(|known| unsafe { &mut *known })
}

/// Yes, there is a connection. Where another asked for it, it is told when it is
/// taken.
#[inline(always)]
fn answered(sock: u64, socket: Kernel) -> Option<()> {
    let known = find(sock)?;
    if known.flags & u64::from(IS_OUTBOUND) == 0 || known.flags & ANSWERED != 0 {
        return None;
    }
    known.flags |= ANSWERED;
    known.addresses = sock::addresses(socket)?;
    let mut head = head_of(CONNECT, &known.owner, known);
    head.flags |= HAS_TOOK | HAS_LOCAL;
    head.took_ns = head.at_ns - known.since_ns;
    known.since_ns = head.at_ns;
    put(&head, known.flags);
    Some(())
}

/// Another asked for the connection, and there is one; which process takes it is
/// not known yet.
#[inline(always)]
fn offered(sock: u64, socket: Kernel) -> Option<()> {
    let known = Known {
        owner: NOBODY,
        closer: NOBODY,
        addresses: sock::addresses(socket)?,
        since_ns: now(),
        closed_ns: 0,
        flags: u64::from(IS_INBOUND),
    };
    let _ = SOCKS.insert(sock, known, 0);
    Some(())
}

/// The socket is closed, and was never answered. Without an error and without
/// having been given up, the call itself fails, and [`called`] tells.
#[inline(always)]
fn refused(sock: u64, socket: Kernel) -> Option<()> {
    let error: u32 = socket.field(AT_SOCKET_ERROR)?;
    let error = if error != 0 {
        error
    } else if socket.field::<u8>(AT_SHUTDOWN)? == BOTH {
        GIVEN_UP
    } else {
        return None;
    };
    failed(sock, error)
}

#[inline(always)]
fn failed(sock: u64, error: u32) -> Option<()> {
    let known = find(sock)?;
    let mut head = head_of(CONNECT, &known.owner, known);
    if known.addresses.local_port != 0 {
        head.flags |= HAS_LOCAL;
    }
    head.flags |= HAS_TOOK;
    head.took_ns = head.at_ns - known.since_ns;
    head.error = error;
    put(&head, known.flags);
    let _ = SOCKS.remove(sock);
    Some(())
}

/// The kernel's part of `connect` returns. Tells what failed before there was a
/// request: no route, no permission, no port left.
#[inline(always)]
pub fn called(sock: u64, address: u64, returned: i32, family: u16) -> Option<()> {
    // `-EINPROGRESS`: the answer follows.
    if returned >= 0 || returned == -115 {
        return None;
    }
    let owner = who()?;
    let error = -returned as u32;
    if let Some(known) = find(sock)
        && known.flags & (u64::from(IS_OUTBOUND) | ANSWERED) == u64::from(IS_OUTBOUND)
        && known.owner.thread == owner.thread
    {
        return failed(sock, error);
    }
    let (remote, remote_port) = sock::given(Kernel::at(address)?, family)?;
    if !is_within_rate((owner.thread >> 32) as u32, sock::is_loopback(&remote)) {
        return None;
    }
    let known = Known {
        owner,
        closer: NOBODY,
        addresses: Addresses {
            remote,
            remote_port,
            ..Addresses::default()
        },
        since_ns: 0,
        closed_ns: 0,
        flags: u64::from(IS_OUTBOUND),
    };
    let mut head = head_of(CONNECT, &known.owner, &known);
    head.error = error;
    put(&head, known.flags);
    Some(())
}

/// A process takes a connection: the socket becomes one of its own.
#[inline(always)]
pub fn accepted(sock: u64) -> Option<()> {
    let socket = Kernel::at(sock)?;
    if socket.field::<u16>(AT_PROTOCOL)? != TCP {
        return None;
    }
    take(find(sock)?, who()?)
}

/// A process received on a connection: where it was not seen to take it, this
/// shows that it has.
#[inline(always)]
pub fn received(socket: Kernel) -> Option<()> {
    if socket.field::<u64>(AT_BYTES_RECEIVED)? > EARLY {
        return None;
    }
    let known = find(socket.address())?;
    if known.owner.thread != 0 || known.flags & u64::from(IS_INBOUND) == 0 {
        return None;
    }
    if !Syscall::current()?.is_on(socket) {
        return None;
    }
    take(known, who()?)
}

/// From here on the connection is that process's, and is told.
#[inline(always)]
fn take(known: &mut Known, owner: Who) -> Option<()> {
    if known.flags & ANSWERED != 0 {
        return None;
    }
    known.owner = owner;
    known.flags |= ANSWERED;
    let loopback = sock::is_loopback(&known.addresses.remote);
    if !is_within_rate((owner.thread >> 32) as u32, loopback) {
        known.flags |= SILENT;
    }
    let mut head = head_of(ACCEPT, &owner, known);
    head.flags |= HAS_LOCAL;
    put(&head, known.flags);
    Some(())
}

/// The process that runs ends its side.
#[inline(always)]
fn ending(sock: u64, socket: Kernel) -> Option<()> {
    let closer = who()?;
    // With one side open, it goes on for as long as the other side likes.
    let closed_ns = if socket.field::<u8>(AT_SHUTDOWN)? == BOTH {
        now()
    } else {
        0
    };
    if let Some(known) = find(sock) {
        if known.flags & u64::from(IS_INBOUND) != 0 {
            take(known, closer);
        }
        known.closer = closer;
        known.closed_ns = closed_ns;
        return Some(());
    }
    let known = late(socket, closer, closed_ns)?;
    let _ = SOCKS.insert(sock, known, 0);
    Some(())
}

/// A connection that was there before it could be seen, as its end is.
#[inline(always)]
fn late(socket: Kernel, closer: Who, closed_ns: u64) -> Option<Known> {
    let addresses = sock::addresses(socket)?;
    let loopback = sock::is_loopback(&addresses.remote);
    let within = is_within_rate((closer.thread >> 32) as u32, loopback);
    Some(Known {
        owner: NOBODY,
        closer,
        addresses,
        since_ns: 0,
        closed_ns,
        flags: if within { 0 } else { SILENT },
    })
}

/// Both sides are done with it, or it broke.
#[inline(always)]
fn ended(sock: u64, socket: Kernel, old: i32) -> Option<()> {
    // From these states the kernel goes there at once only where the process
    // closed a socket with unread bytes, or the connection broke.
    let at_once = matches!(old, ESTABLISHED | CLOSE_WAIT | SYN_RECEIVED);
    let by_process = at_once && socket.field::<u8>(AT_SHUTDOWN)? == BOTH;
    let known = match find(sock) {
        Some(known) => {
            if by_process && let Some(closer) = who() {
                if known.flags & u64::from(IS_INBOUND) != 0 {
                    take(known, closer);
                }
                known.closer = closer;
            }
            *known
        }
        None if by_process => late(socket, who()?, 0)?,
        None => return None,
    };
    let _ = SOCKS.remove(sock);
    let who = match known.closer.thread {
        0 => known.owner,
        _ => known.closer,
    };
    if who.thread == 0 {
        // Nobody took it.
        return None;
    }
    let mut head = head_of(CLOSE, &who, &known);
    head.flags |= HAS_LOCAL;
    if known.closed_ns != 0 {
        head.at_ns = known.closed_ns;
    }
    if known.since_ns != 0 {
        head.flags |= HAS_TOOK;
        head.took_ns = head.at_ns - known.since_ns;
    }
    if let Some((sent, received)) = bytes(socket, known.flags & u64::from(IS_OUTBOUND) != 0) {
        head.flags |= HAS_BYTES;
        head.sent = sent;
        head.received = received;
    }
    put(&head, known.flags);
    Some(())
}

/// Bytes that the other end acknowledged, and bytes received. The kernel counts
/// the marks of begin and end with what was acknowledged, and the mark of the end
/// with what was received.
#[inline(always)]
fn bytes(socket: Kernel, outbound: bool) -> Option<(u64, u64)> {
    let sent: u64 = socket.field(AT_BYTES_SENT)?;
    let again: u64 = socket.field(AT_BYTES_RETRANSMITTED)?;
    let acknowledged: u64 = socket.field(AT_BYTES_ACKED)?;
    let acknowledged = acknowledged.saturating_sub(u64::from(outbound));
    let sent = sent.saturating_sub(again);
    let received: u64 = socket.field(AT_BYTES_RECEIVED)?;
    let has_end = socket.field::<u64>(AT_SOCKET_FLAGS)? & DONE != 0;
    Some((
        if sent < acknowledged {
            sent
        } else {
            acknowledged
        },
        received.saturating_sub(u64::from(has_end)),
    ))
}

#[inline(always)]
fn head_of(kind: u8, who: &Who, known: &Known) -> NetHead {
    NetHead {
        kind,
        flags: known.flags as u8,
        len: 0,
        error: 0,
        tgid: (who.thread >> 32) as u32,
        tid: who.thread as u32,
        at_ns: now(),
        start_ns: who.start_ns,
        addresses: known.addresses,
        sent: 0,
        received: 0,
        took_ns: 0,
    }
}

/// Puts a record in the ring, unless the connection is one of too many.
#[inline(always)]
fn put(head: &NetHead, flags: u64) {
    if flags & SILENT != 0 {
        return;
    }
    match ring::reserve::<NetHead>() {
        Some(mut entry) => {
            entry.write(*head);
            ring::submit(entry);
        }
        None => counter::add(NOTES_RING_FULL, 1),
    }
}
