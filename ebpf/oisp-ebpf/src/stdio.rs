//! JSON-RPC over the standard streams of a child, as the Model Context Protocol
//! has it: what is written to the pipes or socket pairs behind a child's file
//! descriptors 0 and 1.
//!
//! Which those are is noted when a program starts. Both together are one
//! connection, told from the side of the process that writes the child's standard
//! input. Every byte is taken where it is written, by whomever, so reading is not
//! watched. A connection is taken from the first write to the input on that
//! begins with `{` and has `"jsonrpc` in its beginning; one that begins otherwise
//! is forgotten, and costs no more than any other pipe.

use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_ebpf::helpers::generated::bpf_probe_read_user;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{HashMap, LruHashMap};
use oisp_ebpf_common::conn::{CONN_LATE, CONN_STDIO};
use oisp_ebpf_common::plain::{
    Child, End, IN_PLACE, STDIO_AGENTS, STDIO_ALL, STDIO_HANDLE, Stream,
};
use oisp_ebpf_common::record::{READ, WRITTEN};
use oisp_ebpf_common::setting::{
    AT_FAMILY, AT_FILE_INODE, AT_FILE_PRIVATE, AT_I_INO, AT_I_SB, AT_INODE_MODE, AT_ITER_COUNT,
    AT_ITERATOR, AT_KI_FILP, AT_S_MAGIC, AT_SK_SOCKET, AT_SK_TYPE, AT_SOCKET_SOCK, AT_UNIX_PEER,
    AT_VFS_INODE, STDIO,
};

use crate::iter::{self, Span};
use crate::stream::slot;
use crate::syscall::{Syscall, open_file};
use crate::task::Kernel;
use crate::{filter, json_rpc, setting, stream};

/// By inode number of the pipe, or of the socket that is written.
#[map]
static STDIO_ENDS: LruHashMap<u64, End> = LruHashMap::with_max_entries(8192, 0);

/// By process id.
#[map]
static STDIO_CHILDREN: LruHashMap<u32, Child> = LruHashMap::with_max_entries(4096, 0);

/// Processes that are known as agents, and [`IN_PLACE`] while the programs that
/// see writes are in place. The loader fills it.
#[map]
static AGENTS: HashMap<u32, u32> = HashMap::with_max_entries(8192, 0);

const S_IFMT: u16 = 0xf000;
const S_IFIFO: u16 = 0x1000;
const S_IFSOCK: u16 = 0xc000;
const AF_UNIX: u16 = 1;
const SOCK_STREAM: u16 = 1;
const PIPEFS_MAGIC: u64 = 0x5049_5045;
const BPF_NOEXIST: u64 = 1;

/// A program is about to be started: its parent may write to it before the kernel
/// says that it was.
#[inline(always)]
pub fn starts() -> Option<()> {
    exec()
}

/// A program was started.
#[inline(always)]
pub fn exec() -> Option<()> {
    let mode = setting::get(STDIO);
    if mode != STDIO_AGENTS && mode != STDIO_ALL {
        return None;
    }
    let input = writing_to(open_file(0)?, true)?;
    let output = writing_to(open_file(1)?, false)?;
    if input == output {
        return None;
    }
    let handle = STDIO_HANDLE ^ input;
    let end = |other, direction| End {
        handle,
        other,
        direction: u32::from(direction),
        passed: u32::from(AGENTS.get_ptr(IN_PLACE).is_none()),
    };
    // Not again where a wrapper starts the program proper with its own streams.
    STDIO_ENDS
        .insert(input, end(output, WRITTEN), BPF_NOEXIST)
        .ok()?;
    if STDIO_ENDS
        .insert(output, end(input, READ), BPF_NOEXIST)
        .is_err()
    {
        let _ = STDIO_ENDS.remove(input);
        return None;
    }
    let child = Child {
        handle,
        ends: [input, output],
    };
    let _ = STDIO_CHILDREN.insert((bpf_get_current_pid_tgid() >> 32) as u32, child, 0);
    Some(())
}

/// The number under which writes show that come out at that file, or go in
/// there: a pipe's own, and that of one of the sockets of a pair.
#[inline(always)]
fn writing_to(file: Kernel, by_peer: bool) -> Option<u64> {
    let inode = file.follow(AT_FILE_INODE)?;
    let mode: u16 = inode.field(AT_INODE_MODE)?;
    if mode & S_IFMT == S_IFIFO {
        return inode.field(AT_I_INO).filter(|_| is_anonymous(inode));
    }
    if mode & S_IFMT != S_IFSOCK {
        return None;
    }
    let sk = file.follow(AT_FILE_PRIVATE)?.follow(AT_SOCKET_SOCK)?;
    let family: u16 = sk.field(AT_FAMILY)?;
    let kind: u16 = sk.field(AT_SK_TYPE)?;
    if family != AF_UNIX || kind != SOCK_STREAM {
        return None;
    }
    if !by_peer {
        return inode.field(AT_I_INO);
    }
    let peer = sk.follow(AT_UNIX_PEER)?;
    number_of(peer.follow(AT_SK_SOCKET)?)
}

/// No named pipe: numbers are of one kind only.
#[inline(always)]
fn is_anonymous(inode: Kernel) -> bool {
    inode
        .follow(AT_I_SB)
        .and_then(|sb| sb.field::<u64>(AT_S_MAGIC))
        == Some(PIPEFS_MAGIC)
}

/// Inode number of a socket.
#[inline(always)]
fn number_of(socket: Kernel) -> Option<u64> {
    socket.part(AT_VFS_INODE)?.field(AT_I_INO)
}

/// A write to a pipe returned.
#[inline(always)]
pub fn pipe(iocb: u64, from: u64, returned: i64) -> Option<()> {
    if returned <= 0 {
        return None;
    }
    let inode = Kernel::at(iocb)?
        .follow(AT_KI_FILP)?
        .follow(AT_FILE_INODE)?;
    let number = inode.field(AT_I_INO)?;
    let end = STDIO_ENDS.get_ptr_mut(number)?;
    if !is_anonymous(inode) {
        return None;
    }
    let iter = Kernel::at(from)?;
    let span = iter::moved(iter, None, returned as u64)
        .filter(|span| is_whole(iter, span, returned as u64));
    wrote(number, end, span, returned as u64, slot::PIPE)
}

/// A write that ended early did so for want of room, not of readable memory:
/// then the iterator may have gone further than the write.
#[inline(always)]
fn is_whole(iter: Kernel, span: &Span, len: u64) -> bool {
    let left: u64 = iter.field(AT_ITER_COUNT).unwrap_or(0);
    if left == 0 {
        return true;
    }
    if span.here < len {
        return false;
    }
    let mut byte = 0_u8;
    // SAFETY: one byte is read into one; the helper checks the source.
    let failed =
        unsafe { bpf_probe_read_user((&raw mut byte).cast(), 1, (span.base + len) as *const _) };
    failed == 0
}

/// A system call returned.
#[inline(always)]
pub fn syscall(registers: u64, returned: i64) -> Option<()> {
    if returned <= 0 {
        return None;
    }
    let call = Syscall::of(registers).filter(|call| call.is_write())?;
    let inode = call.file()?.follow(AT_FILE_INODE)?;
    let number = inode.field(AT_I_INO)?;
    let end = STDIO_ENDS.get_ptr_mut(number)?;
    if !is_anonymous(inode) {
        return None;
    }
    let len = returned as u64;
    wrote(number, end, call.sent(len), len, slot::PIPE)
}

/// A send on a Unix socket is done.
#[inline(always)]
pub fn sent(sk: u64, returned: i32) -> Option<()> {
    let sk = Kernel::at(sk)?;
    if returned <= 0 || sk.field::<u16>(AT_FAMILY) != Some(AF_UNIX) {
        return None;
    }
    let socket = sk.follow(AT_SK_SOCKET)?;
    let number = number_of(socket)?;
    let end = STDIO_ENDS.get_ptr_mut(number)?;
    let len = returned as u64;
    let call = Syscall::current().filter(|call| is_for(*call, socket));
    wrote(
        number,
        end,
        call.and_then(|call| call.sent(len)),
        len,
        slot::SOCKET,
    )
}

/// The system call is one on that socket, not one that uses it besides.
#[inline(always)]
pub fn is_for(call: Syscall, socket: Kernel) -> bool {
    let own = call.file().and_then(|file| file.follow(AT_FILE_PRIVATE));
    own.is_some_and(|own| own.address() == socket.address())
}

/// A write to a Unix socket returned.
#[inline(always)]
pub fn socket(socket: u64, msg: u64, size: u64, returned: i32) -> Option<()> {
    if returned <= 0 {
        return None;
    }
    let number = number_of(Kernel::at(socket)?)?;
    let end = STDIO_ENDS.get_ptr_mut(number)?;
    let iter = Kernel::at(msg)?.part(AT_ITERATOR)?;
    let span = iter::moved(iter, Some(size), returned as u64);
    wrote(number, end, span, returned as u64, slot::SOCKET)
}

#[inline(always)]
fn wrote(number: u64, end: *mut End, span: Option<Span>, len: u64, slot: u32) -> Option<()> {
    let thread = filter::observed()?;
    // SAFETY: the pointer is an entry of the table.
    let end = unsafe { &mut *end };
    let handle = end.handle;
    let stream = match stream::find(handle) {
        Some(stream) => stream,
        None => begin(thread, number, end, (span?, len), slot)?,
    };
    // SAFETY: the pointer is an entry of the table.
    let stream = unsafe { &mut *stream };
    stream::take(
        stream,
        handle,
        end.direction as u8,
        span,
        len,
        (CONN_STDIO, slot),
    )
}

/// Takes the connection from this write on, if it is the client's and says that
/// it is JSON-RPC.
#[inline(always)]
fn begin(
    thread: u64,
    number: u64,
    end: &mut End,
    (span, len): (Span, u64),
    slot: u32,
) -> Option<*mut Stream> {
    let owner = (thread >> 32) as u32;
    if end.direction != u32::from(WRITTEN) || !is_asked_for(owner) {
        end.passed = 1;
        return None;
    }
    if json_rpc::first_byte(&span) != Some(b'{') {
        let other = end.other;
        let _ = STDIO_ENDS.remove(other);
        let _ = STDIO_ENDS.remove(number);
        return None;
    }
    if !json_rpc::is(span, len, slot) {
        // One that says so later than is looked for: the next will be shorter.
        end.passed = 1;
        return None;
    }
    let answered = STDIO_ENDS
        .get_ptr_mut(end.other)
        // SAFETY: the pointer is an entry of the table.
        .is_some_and(|other| unsafe { (*other).passed } != 0);
    let late = end.passed != 0 || answered;
    let stream = Stream {
        owner,
        ports: 0,
        next: [0; 2],
    };
    let flags = if late {
        CONN_STDIO | CONN_LATE
    } else {
        CONN_STDIO
    };
    stream::open(end.handle, &stream, flags)
}

#[inline(always)]
fn is_asked_for(process: u32) -> bool {
    setting::get(STDIO) == STDIO_ALL || AGENTS.get_ptr(process).is_some()
}

/// A process ended: if it was such a child, its connection is over.
#[inline(always)]
pub fn exit() -> Option<()> {
    let process = (bpf_get_current_pid_tgid() >> 32) as u32;
    let child = STDIO_CHILDREN.get_ptr_mut(process)?;
    // SAFETY: the pointer is an entry of the table.
    let child = unsafe { *child };
    if let Some(stream) = stream::find(child.handle) {
        // SAFETY: the pointer is an entry of the table.
        stream::close(unsafe { &*stream }, child.handle);
    }
    let _ = STDIO_ENDS.remove(child.ends[0]);
    let _ = STDIO_ENDS.remove(child.ends[1]);
    let _ = STDIO_CHILDREN.remove(process);
    Some(())
}
