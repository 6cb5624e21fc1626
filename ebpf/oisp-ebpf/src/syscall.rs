//! The system call that a thread is in, from the registers with which it entered
//! the kernel: its number, its arguments, and the file of a descriptor.
//!
//! 32-bit programs have other numbers and pass their arguments otherwise: of
//! them there is no call here.

use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use oisp_ebpf_common::setting::{
    AT_FDTABLE_FD, AT_FDTABLE_MAX, AT_FILE_PRIVATE, AT_FILES_FDT, AT_SOCKET_SOCK, AT_TASK_FILES,
};

use crate::task::Kernel;

/// Where the registers stand in `struct pt_regs`.
#[cfg(bpf_target_arch = "x86_64")]
mod arch {
    pub const STACK: u64 = 152;
    pub const NUMBER: u64 = 120;
    pub const ARGUMENTS: [u64; 5] = [112, 104, 96, 56, 72];
    /// The code segment: of a program of 64 bits, that one.
    pub const MODE: u64 = 136;
    pub const MODE_MASK: u64 = 0xffff;
    pub const MODE_64: u64 = 0x33;
}
#[cfg(bpf_target_arch = "aarch64")]
mod arch {
    pub const STACK: u64 = 248;
    pub const NUMBER: u64 = 280;
    /// The first register holds the result by the end of the call; the kernel
    /// keeps what it was.
    pub const ARGUMENTS: [u64; 5] = [272, 8, 16, 24, 32];
    /// The processor's state: of a program of 64 bits, it has this bit clear.
    pub const MODE: u64 = 264;
    pub const MODE_MASK: u64 = 0x10;
    pub const MODE_64: u64 = 0;
}

/// A system call of a 64-bit program.
#[derive(Clone, Copy)]
pub struct Syscall {
    registers: Kernel,
    number: u64,
}

impl Syscall {
    /// The one that the running thread is in. Of a thread that is in none, such as
    /// in a page fault, the number means nothing: its file must be the one meant,
    /// too.
    #[inline(always)]
    pub fn current() -> Option<Self> {
        Self::of(registers()?.address())
    }

    /// The one with those registers.
    #[inline(always)]
    pub fn of(registers: u64) -> Option<Self> {
        let registers = Kernel::at(registers)?;
        if registers.word(arch::MODE)? & arch::MODE_MASK != arch::MODE_64 {
            return None;
        }
        // The upper half is no part of the number.
        let number = registers.word(arch::NUMBER)? & 0xffff_ffff;
        Some(Self { registers, number })
    }

    /// Which call it is.
    #[inline(always)]
    pub fn number(self) -> u64 {
        self.number
    }

    #[inline(always)]
    pub fn argument(self, index: usize) -> Option<u64> {
        self.registers.word(arch::ARGUMENTS[index])
    }

    /// The file that its first argument names.
    #[inline(always)]
    pub fn file(self) -> Option<Kernel> {
        open_file(self.argument(0)? as i32)
    }

    /// That file is the socket.
    #[inline(always)]
    pub fn is_on(self, sock: Kernel) -> bool {
        let found = || self.file()?.follow(AT_FILE_PRIVATE)?.field(AT_SOCKET_SOCK);
        found() == Some(sock.address())
    }
}

/// The open file of a descriptor of the process that runs.
#[inline(always)]
pub fn open_file(descriptor: i32) -> Option<Kernel> {
    let table = Kernel::current()?
        .follow(AT_TASK_FILES)?
        .follow(AT_FILES_FDT)?;
    let most: u32 = table.field(AT_FDTABLE_MAX)?;
    // A negative one is larger than any.
    if descriptor as u32 >= most {
        return None;
    }
    let files = table.follow(AT_FDTABLE_FD)?;
    Kernel::at(files.word(u64::from(descriptor as u32) * 8)?)
}

/// The stack pointer with which the program entered the kernel.
#[inline(always)]
pub fn stack() -> Option<u64> {
    registers()?.word(arch::STACK)
}

#[inline(always)]
fn registers() -> Option<Kernel> {
    // SAFETY: the helpers have no precondition.
    Kernel::at(unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) } as u64)
}
