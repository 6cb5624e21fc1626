//! The TCP connection under a TLS connection, found in two ways that cannot
//! mistake it, and else not at all.
//!
//! *Inside the call:* the thread that is inside a TLS call of a connection sends
//! a TLS record. That covers libraries that write to the socket by themselves or
//! through a callback of the program.
//!
//! *By its random:* a program that carries the encrypted bytes itself (asyncio,
//! node) sends them after the call. But each handshake begins with 32 random
//! bytes, in the clear, which the library keeps in its handle. So the randoms of
//! hellos that a process sends are kept, and looked for in the handle at its next
//! calls, until it carried data. Where in the handle they stand is learned once for each
//! process: it is where one of them stands.

use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_probe_read_user};
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::conn::{CONN_LOOKED_UP, ConnKey, ConnState};
use oisp_ebpf_common::counter::NOTES_RING_FULL;
use oisp_ebpf_common::net::{Addresses, SOCKET};
use oisp_ebpf_common::record::TlsHead;
use oisp_ebpf_common::setting::AT_BYTES_SENT;

use crate::call::Frame;
use crate::sock::{self, Piece};
use crate::syscall::{self, Syscall};
use crate::task::Kernel;
use crate::{call, conn, counter, ring, tls, who};

/// A hello that a process sent: the first bytes of its random name it.
#[repr(C)]
#[derive(Clone, Copy)]
struct HelloKey {
    tgid: u64,
    random: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Hello {
    /// [`CLIENT`] or [`SERVER`].
    side: u64,
    /// The rest of its random.
    random: [u64; 3],
    sock: u64,
    addresses: Addresses,
}

#[map]
static HELLOS: LruHashMap<HelloKey, Hello> = LruHashMap::with_max_entries(4096, 0);

/// Where the randoms stand in the handles of a process; 0 where not known yet.
#[repr(C)]
#[derive(Clone, Copy)]
struct Layout {
    client: u32,
    server: u32,
    /// Handles that were searched in vain.
    vain: u64,
}

#[map]
static LAYOUTS: LruHashMap<u32, Layout> = LruHashMap::with_max_entries(2048, 0);

/// Handshake messages, by their numbers.
const CLIENT: u32 = 1;
const SERVER: u32 = 2;
/// A hello is among the first bytes of a connection, a request to a proxy before
/// it included.
const EARLY: u64 = 8192;
/// How far a call's stack reaches down to the system call.
const DEPTH: u64 = 8 << 20;
/// The part of a handle that is searched.
const FIRST: u32 = 64;
const SEARCHED: u32 = 640;
/// Handles that are searched in vain before it is given up for a process.
const VAIN: u64 = 8;

/// A process sends on a TCP connection.
#[inline(always)]
pub fn sending(socket: Kernel, bytes: Bytes) -> Option<()> {
    if bytes.len < SHORTEST_RECORD {
        return None;
    }
    let thread = who::not_ours()?;
    if let Some(frame) = call::in_flight(thread) {
        seen_inside(&Inside::of(thread, &frame), socket, bytes);
    }
    if bytes.len >= HELLO as u64 && socket.field::<u64>(AT_BYTES_SENT)? < EARLY {
        hello(thread, socket, bytes.piece(socket)?);
    }
    Some(())
}

/// A process received on a TCP connection. Libraries take the head of a record
/// first, to know its length: other calls are not looked at.
#[inline(always)]
pub fn received(socket: Kernel, bytes: Bytes) -> Option<()> {
    if bytes.len != RECORD_HEAD {
        return None;
    }
    let thread = who::not_ours()?;
    let frame = call::in_flight(thread)?;
    seen_inside(&Inside::of(thread, &frame), socket, bytes)
}

/// Bytes on their way between a process and a socket.
#[derive(Clone, Copy)]
pub struct Bytes {
    /// How many.
    pub len: u64,
    /// The kernel's message, where the program sees it; else the system call tells
    /// where they are.
    pub message: Option<Kernel>,
}

impl Bytes {
    /// That many bytes of that message; 0 where the program sees none.
    #[inline(always)]
    pub fn of(len: u64, message: u64) -> Self {
        Self {
            len,
            message: Kernel::at(message),
        }
    }

    #[inline(always)]
    fn piece(self, socket: Kernel) -> Option<Piece> {
        if let Some(message) = self.message {
            return sock::to_send(message, self.len);
        }
        let call = Syscall::current()?;
        if !call.is_on(socket) {
            return None;
        }
        call.piece(self.len)
    }
}

/// A TLS call that is in flight.
pub struct Inside {
    pub tgid: u32,
    pub handle: u64,
    /// Stack pointer at its entry.
    pub stack: u64,
}

impl Inside {
    #[inline(always)]
    fn of(thread: u64, frame: &Frame) -> Self {
        Self {
            tgid: (thread >> 32) as u32,
            handle: frame.handle,
            stack: frame.sp,
        }
    }
}

/// A system call inside a TLS call carries bytes on that socket.
#[inline(always)]
pub fn seen_inside(call: &Inside, socket: Kernel, bytes: Bytes) -> Option<()> {
    let key = conn::key(call.tgid, call.handle);
    if let Some(state) = conn::find(&key)
        // SAFETY: the pointer is an entry of the table.
        && unsafe { (*state).sock } == socket.address()
    {
        return None;
    }
    // A call that never returned is found out by its stack.
    let below = call.stack.wrapping_sub(syscall::stack()?);
    if below > DEPTH || !is_record(bytes.piece(socket)?)? {
        return None;
    }
    let state = conn::find_or_make(&key)?;
    // SAFETY: as above.
    let state = unsafe { &mut *state };
    known(&key, state, socket.address(), &sock::addresses(socket)?);
    Some(())
}

#[repr(C)]
struct SocketRecord {
    head: TlsHead,
    ends: Addresses,
}

/// Tells what is below a connection, and remembers that it did. A function of its
/// own, for its stack.
#[inline(never)]
fn known(key: &ConnKey, state: &mut ConnState, sock: u64, ends: &Addresses) -> u32 {
    let head = tls::head_of(bpf_get_current_pid_tgid(), key.handle, state);
    // Where there is no room, the next call tells.
    if tell(head, ends) {
        state.sock = sock;
    }
    0
}

/// Tells both ends of the connection of that head. False where the ring is full.
#[inline(always)]
pub fn tell(mut head: TlsHead, ends: &Addresses) -> bool {
    let Some(mut entry) = ring::reserve::<SocketRecord>() else {
        counter::add(NOTES_RING_FULL, 1);
        return false;
    };
    head.kind = SOCKET;
    head.len = size_of::<Addresses>() as u32;
    entry.write(SocketRecord { head, ends: *ends });
    ring::submit(entry);
    true
}

/// Bytes of the head of a TLS record, and of the shortest record.
const RECORD_HEAD: u64 = 5;
const SHORTEST_RECORD: u64 = 6;

/// The bytes begin as a TLS record does: kind, version 3.x, length.
#[inline(always)]
fn is_record(piece: Piece) -> Option<bool> {
    if piece.len < RECORD_HEAD {
        return Some(false);
    }
    // SAFETY: the helper checks the address.
    let head: [u8; 5] = unsafe { bpf_probe_read_user(piece.at as *const [u8; 5]) }.ok()?;
    let len = u16::from_be_bytes([head[3], head[4]]);
    Some(matches!(head[0], 0x14..=0x17) && head[1] == 3 && head[2] <= 4 && len <= 18432)
}

/// Bytes of a hello up to the end of its random.
const HELLO: usize = 43;

/// Keeps the random of a hello.
#[inline(always)]
fn hello(thread: u64, socket: Kernel, piece: Piece) -> Option<()> {
    if piece.len < HELLO as u64 {
        return None;
    }
    // SAFETY: the helper checks the address.
    let head: [u8; 11] = unsafe { bpf_probe_read_user(piece.at as *const [u8; 11]) }.ok()?;
    let side = u32::from(head[5]);
    let is_hello = head[0] == 0x16 && head[1] == 3 && (side == CLIENT || side == SERVER);
    if !is_hello || head[6] != 0 || head[9] != 3 {
        return None;
    }
    // SAFETY: as above.
    let random: [u64; 4] =
        unsafe { bpf_probe_read_user((piece.at + 11) as *const [u64; 4]) }.ok()?;
    let [random, rest @ ..] = random;
    let key = HelloKey {
        tgid: thread >> 32,
        random,
    };
    let hello = Hello {
        side: u64::from(side),
        random: rest,
        sock: socket.address(),
        addresses: sock::addresses(socket)?,
    };
    let _ = HELLOS.insert(key, hello, 0);
    Some(())
}

/// A call of a connection begins: what is below it is looked up until it is found,
/// or data went by without.
#[inline(always)]
pub fn at_entry(handle: u64) -> Option<()> {
    let key = conn::key((bpf_get_current_pid_tgid() >> 32) as u32, handle);
    // SAFETY: the pointer is an entry of the table.
    let state = unsafe { &mut *conn::find(&key)? };
    if state.sock == 0 && state.flags & CONN_LOOKED_UP == 0 {
        look_up(&key, state);
    }
    Some(())
}

/// Looks for one of the process's hellos in the handle, where it is known or
/// likely to be.
#[inline(never)]
fn look_up(key: &ConnKey, state: &mut ConnState) -> u32 {
    let none = Layout {
        client: 0,
        server: 0,
        vain: 0,
    };
    // BPF_NOEXIST
    let _ = LAYOUTS.insert(key.tgid, none, 1);
    let Some(layout) = LAYOUTS.get_ptr_mut(key.tgid) else {
        return 0;
    };
    // SAFETY: the pointer is an entry of the table.
    let layout = unsafe { &mut *layout };
    let mut found = one_of(key, layout);
    let searches = found.is_none() && layout.vain < VAIN;
    if searches {
        // What is known before it is followed by the verifier through all of it:
        // so nothing is asked of the state before.
        search(key.handle, key.tgid);
        found = one_of(key, layout);
    }
    let last = state.offset[0] != 0 || state.offset[1] != 0;
    if searches {
        layout.vain += u64::from(found.is_none() && last);
    }
    if last {
        state.flags |= CONN_LOOKED_UP;
    }
    if let Some(hello) = found {
        known(key, state, hello.sock, &hello.addresses);
    }
    0
}

/// The hello in the handle. Where a process talks to itself, both sides' hellos
/// are in both handles: then it is not known which this is.
#[inline(always)]
fn one_of(key: &ConnKey, layout: &Layout) -> Option<&'static Hello> {
    let of = |at, side| find(key, at).filter(|hello| hello.side == u64::from(side));
    let client = of(layout.client, CLIENT);
    let server = of(layout.server, SERVER);
    match (client, server) {
        (Some(hello), None) | (None, Some(hello)) => Some(hello),
        _ => None,
    }
}

/// The hello whose random stands at that place of the handle.
#[inline(always)]
fn find(key: &ConnKey, at: u32) -> Option<&'static Hello> {
    if at == 0 {
        return None;
    }
    let at = key.handle + u64::from(at);
    // SAFETY: the helper checks the address.
    let [random, rest @ ..]: [u64; 4] =
        unsafe { bpf_probe_read_user(at as *const [u64; 4]) }.ok()?;
    let key = HelloKey {
        tgid: u64::from(key.tgid),
        random,
    };
    // SAFETY: the pointer is an entry of the table.
    let hello = unsafe { &*HELLOS.get_ptr(key)? };
    // By words: the verifier follows a comparison byte by byte.
    let ([a, b, c], [x, y, z]) = (hello.random, rest);
    ((a ^ x) | (b ^ y) | (c ^ z) == 0).then_some(hello)
}

/// Searches a handle for randoms, and remembers their places for the process. A
/// function of its own that always goes to its end and returns nothing of what it
/// found: the verifier follows it turn by turn, and what comes after it only once.
#[inline(never)]
fn search(handle: u64, tgid: u32) -> u32 {
    let Some(layout) = LAYOUTS.get_ptr_mut(tgid) else {
        return 0;
    };
    let key = conn::key(tgid, handle);
    let mut at = FIRST;
    while at < SEARCHED {
        let address = handle + u64::from(at);
        // SAFETY: the helper checks the address.
        let word = unsafe { bpf_probe_read_user(address as *const u64) }.unwrap_or(0);
        // Most words are small numbers or pointers, and no random.
        if word >> 48 != 0
            && let Some(hello) = find(&key, at)
        {
            // SAFETY: the pointer is an entry of the table.
            unsafe {
                if hello.side == u64::from(CLIENT) {
                    (*layout).client = at;
                } else {
                    (*layout).server = at;
                }
            }
        }
        at += 8;
    }
    0
}
