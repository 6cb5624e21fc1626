//! The system call that the thread is in, from the registers with which the
//! program entered the kernel: whose socket it is about, and where its bytes are.

use aya_ebpf::helpers::bpf_probe_read_user;
use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use oisp_ebpf_common::setting::{
    AT_DESCRIPTORS, AT_FILE_PRIVATE, AT_FILE_TABLE, AT_FILES, AT_SOCKET_SOCK,
};

use crate::sock::Piece;
use crate::task::Kernel;

/// Where the registers stand in `struct pt_regs`, and the numbers of the calls.
#[cfg(bpf_target_arch = "x86_64")]
mod arch {
    pub const STACK: u64 = 152;
    pub const NUMBER: u64 = 120;
    pub const ARGUMENTS: [u64; 5] = [112, 104, 96, 56, 72];
    pub const BUFFERS: [u64; 4] = [0, 1, 44, 45];
    pub const VECTORS: [u64; 2] = [19, 20];
    pub const MESSAGES: [u64; 4] = [46, 47, 299, 307];
    pub const SENDTO: u64 = 44;
    pub const SENDMMSG: u64 = 307;
}
#[cfg(bpf_target_arch = "aarch64")]
mod arch {
    pub const STACK: u64 = 248;
    pub const NUMBER: u64 = 280;
    pub const ARGUMENTS: [u64; 5] = [0, 8, 16, 24, 32];
    pub const BUFFERS: [u64; 4] = [63, 64, 206, 207];
    pub const VECTORS: [u64; 2] = [65, 66];
    pub const MESSAGES: [u64; 4] = [211, 212, 243, 269];
    pub const SENDTO: u64 = 206;
    pub const SENDMMSG: u64 = 269;
}

/// `struct user_msghdr` behind which `struct mmsghdr` has a length.
const MESSAGE: u64 = 64;

/// A system call on a file descriptor.
#[derive(Clone, Copy)]
pub struct Call {
    registers: u64,
    number: u64,
}

impl Call {
    /// The call that the current thread is in. Of one that is none, such as a page
    /// fault, the number means nothing: [`Self::is_on`] must hold, too.
    #[inline(always)]
    pub fn current() -> Option<Self> {
        let registers = registers()?;
        // The kernel keeps it in 32 bits on one architecture and in 64 on another.
        let number: u32 = Kernel::at(registers + arch::NUMBER)?.read()?;
        Some(Self {
            registers,
            number: u64::from(number),
        })
    }

    #[inline(always)]
    fn argument(self, index: usize) -> Option<u64> {
        Kernel::at(self.registers + arch::ARGUMENTS[index])?.read()
    }

    /// The call's file descriptor is that socket.
    #[inline(always)]
    pub fn is_on(self, sock: Kernel) -> bool {
        self.sock() == Some(sock.address())
    }

    #[inline(always)]
    fn sock(self) -> Option<u64> {
        let descriptor = self.argument(0)? as u32;
        let table = Kernel::current()?.follow(AT_FILES)?.follow(AT_FILE_TABLE)?;
        let files: u64 = table.field(AT_DESCRIPTORS)?;
        let file: u64 = Kernel::at(files + u64::from(descriptor) * 8)?.read()?;
        Kernel::at(file)?
            .follow(AT_FILE_PRIVATE)?
            .field(AT_SOCKET_SOCK)
    }

    /// The first piece of the bytes that it carries, of `len` in all.
    #[inline(always)]
    pub fn piece(self, len: u64) -> Option<Piece> {
        let at = self.argument(1)?;
        if arch::BUFFERS.contains(&self.number) {
            return Some(Piece { at, len });
        }
        let vector = if arch::VECTORS.contains(&self.number) {
            at
        } else if arch::MESSAGES.contains(&self.number) {
            word(at + 16)?
        } else {
            return None;
        };
        first(vector, len)
    }

    /// The first pieces of the messages that it sends, two at most: a resolver asks
    /// for both kinds of addresses in one call.
    #[inline(always)]
    pub fn pieces(self, len: u64) -> [Option<Piece>; 2] {
        let next = if self.number == arch::SENDMMSG {
            self.argument(1)
                .and_then(|at| first(word(at + MESSAGE + 16)?, len))
        } else {
            None
        };
        [self.piece(len), next]
    }

    /// Where the call names the address that it sends to.
    #[inline(always)]
    pub fn destination(self) -> Option<u64> {
        if self.number == arch::SENDTO {
            return self.argument(4);
        }
        if arch::MESSAGES.contains(&self.number) {
            return word(self.argument(1)?);
        }
        None
    }
}

/// The first element of a vector (`struct iovec`).
#[inline(always)]
fn first(vector: u64, len: u64) -> Option<Piece> {
    let (at, room) = (word(vector)?, word(vector + 8)?);
    Some(Piece {
        at,
        len: if len < room { len } else { room },
    })
}

#[inline(always)]
fn word(at: u64) -> Option<u64> {
    // SAFETY: the helper checks the address.
    unsafe { bpf_probe_read_user(at as *const u64) }.ok()
}

#[inline(always)]
fn registers() -> Option<u64> {
    // SAFETY: the helpers have no precondition.
    let registers = unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) } as u64;
    (registers != 0).then_some(registers)
}

/// The stack pointer with which the program entered the kernel.
#[inline(always)]
pub fn stack() -> Option<u64> {
    Kernel::at(registers()? + arch::STACK)?.read()
}
