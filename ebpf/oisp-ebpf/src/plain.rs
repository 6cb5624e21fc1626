//! HTTP without TLS, as model servers on a machine or in its network speak it:
//! the bytes that `tcp_sendmsg` and `tcp_recvmsg` moved, taken at their return.
//!
//! A connection is taken from the first request on that is seen on it: by a
//! process that sends it to a port of the table, or that receives it at one. Any
//! request does for a port of one kind, one that names a path of a model for the
//! others. Everything else costs the look at the table, and at ports of it also
//! the look at the first bytes; TLS is not touched.
//!
//! TCP's own sequence numbers tell what went by unseen (sendfile, splice, a call
//! during which the kernel left this program out): a gap of known length.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use oisp_ebpf_common::conn::{CONN_LATE, CONN_TCP};
use oisp_ebpf_common::plain::{PORT_ANY_PATH, PORT_NONE, PORTS, Stream};
use oisp_ebpf_common::record::{READ, WRITTEN};
use oisp_ebpf_common::setting::{
    AT_BYTES_RETRANSMITTED, AT_BYTES_SENT, AT_COPIED_SEQ, AT_FAMILY, AT_ITERATOR, AT_PORTPAIR,
    AT_PROTOCOL, AT_SHUTDOWN, AT_SK_SOCKET, AT_WRITE_SEQ,
};

use crate::iter::{self, Span};
use crate::sock::{self, IPV4, IPV6, TCP};
use crate::stream::slot;
use crate::syscall::Syscall;
use crate::task::Kernel;
use crate::{filter, request, socket, stdio, stream};

/// By port number: `plain::PORT_*`. The loader fills and changes it.
#[map]
static PLAIN_PORTS: Array<[u8; PORTS]> = Array::with_max_entries(1, 0);

const MSG_PEEK: u32 = 2;
const MSG_TRUNC: u32 = 0x20;
const TCP_ESTABLISHED: u32 = 1;
const TCP_CLOSE_WAIT: u32 = 8;
const RCV_SHUTDOWN: u8 = 1;
const SEND_SHUTDOWN: u8 = 2;

/// A sequence number further ahead than this is that of another connection.
const FAR: u32 = 1 << 30;

/// A socket with a port of the table, and what that says of each of its ends.
#[derive(Clone, Copy)]
struct Watched {
    sk: Kernel,
    ports: u32,
    local: u8,
    remote: u8,
}

/// A call that moved bytes.
struct Call {
    sk: Kernel,
    ports: u32,
    /// What the port says that a request is looked for at.
    class: u8,
    direction: u8,
    span: Option<Span>,
    len: u64,
}

/// `tcp_sendmsg` returned.
#[inline(always)]
pub fn sent(sk: u64, msg: u64, size: u64, returned: i32) -> Option<()> {
    let seen = watched(sk)?;
    if returned <= 0 {
        return None;
    }
    let iter = Kernel::at(msg)?.part(AT_ITERATOR)?;
    seen.moved(
        WRITTEN,
        iter::moved(iter, Some(size), returned as u64),
        returned,
    )
}

/// `tcp_recvmsg` returned.
#[inline(always)]
pub fn received(sk: u64, msg: u64, size: u64, flags: u32, returned: i32) -> Option<()> {
    let seen = watched(sk)?;
    // Bytes that were looked at come again.
    if returned <= 0 || flags & MSG_PEEK != 0 {
        return None;
    }
    let iter = Kernel::at(msg)?.part(AT_ITERATOR)?;
    seen.moved(
        READ,
        iter::moved(iter, Some(size), returned as u64),
        returned,
    )
}

/// A send on a socket of any kind is done.
#[inline(always)]
pub fn sock_sent(sk: u64, returned: i32) -> Option<()> {
    if returned <= 0 {
        return None;
    }
    let sk = Kernel::at(sk)?;
    let family: u16 = sk.field(AT_FAMILY)?;
    let seen = watched(sk.address()).filter(|_| is_tcp(sk, family))?;
    let call = syscall_on(sk).and_then(|call| call.sent(returned as u64));
    seen.moved(WRITTEN, call, returned)
}

/// A receive on a socket of any kind is done.
#[inline(always)]
pub fn sock_received(sk: u64, returned: i32, flags: u32) -> Option<()> {
    if returned <= 0 || flags & MSG_PEEK != 0 {
        return None;
    }
    let sk = Kernel::at(sk)?;
    let seen = watched(sk.address())?;
    if !is_tcp(sk, sk.field(AT_FAMILY)?) {
        return None;
    }
    let call = syscall_on(sk).filter(|_| flags & MSG_TRUNC == 0);
    let span = call.and_then(|call| call.received(returned as u64));
    seen.moved(READ, span, returned)
}

#[inline(always)]
fn is_tcp(sk: Kernel, family: u16) -> bool {
    (family == IPV4 || family == IPV6) && sk.field::<u16>(AT_PROTOCOL) == Some(TCP)
}

#[inline(always)]
fn syscall_on(sk: Kernel) -> Option<Syscall> {
    let socket = sk.follow(AT_SK_SOCKET)?;
    Syscall::current().filter(|call| stdio::is_for(*call, socket))
}

impl Watched {
    #[inline(always)]
    fn moved(self, direction: u8, span: Option<Span>, returned: i32) -> Option<()> {
        filter::observed()?;
        let len = returned as u64;
        let call = Call {
            sk: self.sk,
            ports: self.ports,
            class: if direction == WRITTEN {
                self.remote
            } else {
                self.local
            },
            direction,
            span,
            len,
        };
        let handle = self.sk.address();
        let found = stream::find(handle).and_then(|stream| current(&call, stream));
        let stream = match found {
            Some(stream) => stream,
            None => begin(&call)?,
        };
        // SAFETY: the pointer is an entry of the table.
        let stream = unsafe { &mut *stream };
        place(&call, stream)?;
        let slot = if direction == WRITTEN {
            slot::SENT
        } else {
            slot::RECEIVED
        };
        stream::take(stream, handle, direction, span, len, (CONN_TCP, slot))
    }
}

/// The socket, where one of its ports is in the table.
#[inline(always)]
fn watched(sk: u64) -> Option<Watched> {
    let sk = Kernel::at(sk)?;
    let ports: u32 = sk.field(AT_PORTPAIR)?;
    let table = PLAIN_PORTS.get(0)?;
    let remote = table[swapped(ports)];
    let local = table[usize::from((ports >> 16) as u16)];
    (remote | local != PORT_NONE).then_some(Watched {
        sk,
        ports,
        local,
        remote,
    })
}

/// The lower two bytes in the other order, by loads of single bytes: of the
/// instruction for it, verifiers before 6.13 do not know that the result is small.
#[inline(always)]
fn swapped(ports: u32) -> usize {
    let bytes = ports.to_ne_bytes();
    // SAFETY: both are references to bytes of the array.
    let (high, low) = unsafe {
        (
            (&raw const bytes[0]).read_volatile(),
            (&raw const bytes[1]).read_volatile(),
        )
    };
    (usize::from(high) << 8) | usize::from(low)
}

/// The stream, if it is still that of this connection.
#[inline(always)]
fn current(call: &Call, stream: *mut Stream) -> Option<*mut Stream> {
    // SAFETY: the pointer is an entry of the table.
    let known = unsafe { &*stream };
    if known.ports == call.ports {
        return Some(stream);
    }
    stream::close(known, call.sk.address());
    None
}

/// Takes the connection from this call on, if it carries a request.
#[inline(always)]
fn begin(call: &Call) -> Option<*mut Stream> {
    if call.class == PORT_NONE || !request::is(&call.span?, call.class == PORT_ANY_PATH) {
        return None;
    }
    let (sent, received) = ends(call.sk)?;
    let len = call.len as u32;
    let next = if call.direction == WRITTEN {
        [sent.wrapping_sub(len), received]
    } else {
        [sent, received.wrapping_sub(len)]
    };
    let stream = Stream {
        owner: (bpf_get_current_pid_tgid() >> 32) as u32,
        ports: call.ports,
        next,
    };
    let flags = if is_late(call) {
        CONN_TCP | CONN_LATE
    } else {
        CONN_TCP
    };
    let handle = call.sk.address();
    let opened = stream::open(handle, &stream, flags)?;
    tell_socket(call.sk, &stream, handle);
    Some(opened)
}

/// The process sent something before: more than what this call sent, or anything
/// where it received a request.
#[inline(always)]
fn is_late(call: &Call) -> bool {
    // The kernel counts what it sent again, too.
    let again: u64 = call.sk.field(AT_BYTES_RETRANSMITTED).unwrap_or(0);
    let sent: u64 = call.sk.field(AT_BYTES_SENT).unwrap_or(0);
    let sent = sent.saturating_sub(again);
    if call.direction == WRITTEN {
        sent > call.len
    } else {
        sent > 0
    }
}

/// How far the connection was written and read.
#[inline(always)]
fn ends(sk: Kernel) -> Option<(u32, u32)> {
    Some((sk.field(AT_WRITE_SEQ)?, sk.field(AT_COPIED_SEQ)?))
}

/// Where the bytes of the call stand in their direction: what lies between them
/// and those before went by unseen. `None` where they were told of as missing
/// already, or are not the stream's.
#[inline(always)]
fn place(call: &Call, stream: &mut Stream) -> Option<()> {
    let (sent, received) = ends(call.sk)?;
    let end = if call.direction == WRITTEN {
        sent
    } else {
        received
    };
    let side = usize::from(call.direction & 1);
    let mut ahead = end
        .wrapping_sub(call.len as u32)
        .wrapping_sub(stream.next[side]);
    if ahead == 1 && is_shut(call.sk, side) {
        ahead = 0;
    }
    if ahead >= FAR {
        if ahead <= FAR.wrapping_neg() {
            stream::close(stream, call.sk.address());
        }
        return None;
    }
    stream.next[side] = end;
    if ahead > 0 {
        stream::pass(stream, call.sk.address(), side, u64::from(ahead), CONN_TCP);
    }
    Some(())
}

/// The end of a direction has a number of its own.
#[inline(always)]
fn is_shut(sk: Kernel, side: usize) -> bool {
    let shut: u8 = sk.field(AT_SHUTDOWN).unwrap_or(0);
    let bit = if side == usize::from(READ) {
        RCV_SHUTDOWN
    } else {
        SEND_SHUTDOWN
    };
    shut & bit != 0
}

#[inline(always)]
fn tell_socket(sk: Kernel, stream: &Stream, handle: u64) -> Option<()> {
    let conn = stream::head(stream, handle)?;
    socket::tell(conn, &sock::addresses(sk)?).then_some(())
}

/// `tcp_close` begins: nobody has the socket any more.
#[inline(always)]
pub fn closed(sk: u64) -> Option<()> {
    let sk = Kernel::at(sk)?;
    let stream = open_at(sk)?;
    if let Some((sent, received)) = ends(sk) {
        finish(sk, stream, 0, ahead(sk, stream, 0, sent));
        finish(sk, stream, 1, ahead(sk, stream, 1, received));
    }
    stream::close(stream, sk.address());
    Some(())
}

/// The state of a socket changes. Where it leaves one in which it can send, the
/// end of what it sent has not got its number yet.
#[inline(always)]
pub fn changes(sk: u64, before: u32) -> Option<()> {
    if before != TCP_ESTABLISHED && before != TCP_CLOSE_WAIT {
        return None;
    }
    let sk = Kernel::at(sk)?;
    let stream = open_at(sk)?;
    let ahead = ends(sk)?.0.wrapping_sub(stream.next[0]);
    finish(sk, stream, 0, ahead);
    Some(())
}

/// The kernel gives up a socket, in whatever process.
#[inline(always)]
pub fn destroyed(sk: u64) -> Option<()> {
    let sk = Kernel::at(sk)?;
    let stream = open_at(sk)?;
    finish(sk, stream, 1, ahead(sk, stream, 1, ends(sk)?.1));
    stream::close(stream, sk.address());
    Some(())
}

/// The stream of a socket whose connection is still told of.
#[inline(always)]
fn open_at(sk: Kernel) -> Option<&'static mut Stream> {
    let handle = sk.address();
    // SAFETY: the pointer is an entry of the table.
    let stream = unsafe { &mut *stream::find(handle)? };
    if stream::is_told(stream, handle) {
        return Some(stream);
    }
    stream::forget(handle);
    None
}

/// How many bytes a direction is ahead of the calls that were seen, without its
/// end, which has a number, too.
#[inline(always)]
fn ahead(sk: Kernel, stream: &Stream, side: usize, end: u32) -> u32 {
    let ahead = end.wrapping_sub(stream.next[side & 1]);
    if ahead > 0 && is_shut(sk, side) {
        ahead - 1
    } else {
        ahead
    }
}

/// What one direction carried after the last call that was seen.
#[inline(always)]
fn finish(sk: Kernel, stream: &mut Stream, side: usize, ahead: u32) {
    if ahead == 0 || ahead >= FAR {
        return;
    }
    stream.next[side & 1] = stream.next[side & 1].wrapping_add(ahead);
    stream::pass(stream, sk.address(), side, u64::from(ahead), CONN_TCP);
}
