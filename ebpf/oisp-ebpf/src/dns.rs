//! Answers of name servers that processes receive over UDP.

use aya_ebpf::helpers::generated::{bpf_ktime_get_boot_ns, bpf_probe_read_user as read_user};
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_probe_read_user};
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use oisp_ebpf_common::counter::{ANSWERS_UNREAD, NOTES_RING_FULL};
use oisp_ebpf_common::net::{ANSWER, ANSWER_LEN, Addresses, HAS_LOCAL, HAS_TOOK, NetHead};
use oisp_ebpf_common::setting::{AT_PEER, AT_REMOTE_PORT};

use crate::sock::{self, IPV4, IPV6, Piece};
use crate::socket::Bytes;
use crate::syscall::Syscall;
use crate::task::Kernel;
use crate::{counter, ring, who};

/// The port of name servers.
const PORT: u16 = 53;
/// Bytes of the shortest message.
const SHORTEST: u64 = 12;

/// A question: the socket and the number in it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Question {
    sock: u64,
    number: u64,
}

/// When it was asked, and whom.
#[repr(C)]
#[derive(Clone, Copy)]
struct Asked {
    at_ns: u64,
    peer: [u8; 16],
}

#[map]
static QUESTIONS: LruHashMap<Question, Asked> = LruHashMap::with_max_entries(1024, 0);

/// A datagram of that socket may be one from or to a name server, of a process that
/// is observed.
#[inline(always)]
pub fn may_be(socket: Kernel) -> bool {
    matches!(remote_port(socket), Some(PORT | 0)) && who::observed().is_some()
}

/// A process sends a datagram: to where, and where its bytes are.
#[inline(always)]
pub fn asking(socket: Kernel, bytes: Bytes) -> Option<()> {
    if bytes.len < SHORTEST {
        return None;
    }
    let port = remote_port(socket)?;
    let (peer, pieces) = match bytes.message {
        Some(message) => {
            let peer = match port {
                0 => message.follow(AT_PEER).and_then(kernel_name),
                _ => None,
            };
            (peer, [sock::to_send(message, bytes.len), None])
        }
        None => {
            let call = Syscall::current()?;
            let peer = match port {
                0 => call.destination().and_then(user_name),
                _ => None,
            };
            if (port == 0 && peer.is_none()) || !call.is_on(socket) {
                return None;
            }
            (peer, call.pieces(bytes.len))
        }
    };
    let peer = match peer {
        Some(peer) => peer,
        None if port != 0 => sock::addresses(socket)?.remote,
        None => return None,
    };
    let asked = Asked {
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        peer,
    };
    for piece in pieces {
        if let Some(question) = piece.and_then(|piece| question(socket, piece)) {
            let _ = QUESTIONS.insert(question, asked, 0);
        }
    }
    Some(())
}

#[inline(always)]
fn question(socket: Kernel, piece: Piece) -> Option<Question> {
    // SAFETY: the helper checks the address.
    let number: u16 = unsafe { bpf_probe_read_user(piece.at as *const u16) }.ok()?;
    Some(Question {
        sock: socket.address(),
        number: u64::from(number),
    })
}

/// The other end's port; 0 for a socket that is not connected.
#[inline(always)]
fn remote_port(socket: Kernel) -> Option<u16> {
    socket.field(AT_REMOTE_PORT).map(u16::from_be)
}

/// The name server that a message is for, if it is for one.
#[inline(always)]
fn kernel_name(at: Kernel) -> Option<[u8; 16]> {
    let [first, address]: [u32; 2] = at.read()?;
    let rest = match first as u16 {
        IPV6 => at.read()?,
        _ => [0; 6],
    };
    name(first, address, rest)
}

#[inline(always)]
fn user_name(at: u64) -> Option<[u8; 16]> {
    // SAFETY: the helper checks the address.
    let [first, address]: [u32; 2] = unsafe { bpf_probe_read_user(at as *const [u32; 2]) }.ok()?;
    let rest = match first as u16 {
        // SAFETY: as above.
        IPV6 => unsafe { bpf_probe_read_user(at as *const [u32; 6]) }.ok()?,
        _ => [0; 6],
    };
    name(first, address, rest)
}

/// Family and port, then the address: of IPv6 behind the flow.
#[inline(always)]
fn name(first: u32, address: u32, words: [u32; 6]) -> Option<[u8; 16]> {
    if u16::from_be((first >> 16) as u16) != PORT {
        return None;
    }
    match first as u16 {
        IPV4 => Some(sock::mapped(address.to_ne_bytes())),
        IPV6 => {
            let mut remote = [0; 16];
            for (word, bytes) in words[2..].iter().zip(remote.chunks_exact_mut(4)) {
                bytes.copy_from_slice(&word.to_ne_bytes());
            }
            Some(remote)
        }
        _ => None,
    }
}

/// A process received a datagram. Of a socket that is not connected, it must be
/// the answer to a question that was seen.
#[inline(always)]
pub fn answered(socket: Kernel, bytes: Bytes) -> Option<()> {
    if bytes.len < SHORTEST {
        return None;
    }
    let port = remote_port(socket)?;
    let thread = bpf_get_current_pid_tgid();
    let piece = match bytes.message {
        Some(message) => sock::received(message, bytes.len),
        None => {
            let call = Syscall::current()?;
            call.piece(bytes.len).filter(|_| call.is_on(socket))
        }
    };
    let piece = piece.filter(|piece| piece.len == bytes.len);
    let Some(piece) = piece else {
        if port == PORT {
            counter::add(ANSWERS_UNREAD, 1);
        }
        return None;
    };
    let asked = question(socket, piece).and_then(|question| taken(&question));
    let mut ends = sock::addresses(socket)?;
    if port == 0 {
        ends.remote = asked?.peer;
        ends.remote_port = PORT;
    }
    if !who::is_within_rate((thread >> 32) as u32, false) {
        return None;
    }
    let mut head = head_of(thread, ends);
    if let Some(asked) = asked {
        head.flags |= HAS_TOOK;
        head.took_ns = head.at_ns - asked.at_ns;
    }
    let put = match piece.len {
        ..=512 => put::<512>(&mut head, piece),
        _ => put::<ANSWER_LEN>(&mut head, piece),
    };
    if !put {
        counter::add(ANSWERS_UNREAD, 1);
    }
    Some(())
}

/// When that question was asked, if it was seen.
#[inline(always)]
fn taken(question: &Question) -> Option<Asked> {
    // SAFETY: the pointer is an entry of the table.
    let asked = unsafe { *QUESTIONS.get_ptr(question)? };
    let _ = QUESTIONS.remove(question);
    Some(asked)
}

#[inline(always)]
fn head_of(thread: u64, addresses: Addresses) -> NetHead {
    NetHead {
        kind: ANSWER,
        flags: HAS_LOCAL,
        len: 0,
        error: 0,
        tgid: (thread >> 32) as u32,
        tid: thread as u32,
        // SAFETY: the helper has no precondition.
        at_ns: unsafe { bpf_ktime_get_boot_ns() },
        start_ns: Kernel::current().map_or(0, Kernel::start_ns),
        addresses,
        sent: 0,
        received: 0,
        took_ns: 0,
    }
}

#[repr(C)]
struct Answer<const ROOM: usize> {
    head: NetHead,
    bytes: [u8; ROOM],
}

/// False where the answer could not be read.
#[inline(always)]
fn put<const ROOM: usize>(head: &mut NetHead, piece: Piece) -> bool {
    let Some(mut entry) = ring::reserve::<Answer<ROOM>>() else {
        counter::add(NOTES_RING_FULL, 1);
        return true;
    };
    let record = entry.as_mut_ptr();
    let len = if piece.len > ROOM as u64 {
        ROOM as u32
    } else {
        piece.len as u32
    };
    head.len = len as u16;
    // SAFETY: the entry has room for an `Answer<ROOM>`, and `len` is at most
    // ROOM. The helper checks the source.
    let failed = unsafe {
        (&raw mut (*record).head).write(*head);
        read_user((&raw mut (*record).bytes).cast(), len, piece.at as *const _)
    };
    if failed != 0 {
        entry.discard(0);
        return false;
    }
    ring::submit(entry);
    true
}
