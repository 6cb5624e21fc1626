//! The system call that the running thread is in, from the registers that it
//! came with: where the bytes of a send or receive are, on kernels that let
//! nobody at the return of their own functions.

use aya_ebpf::helpers::generated::{bpf_get_current_task_btf, bpf_task_pt_regs};
use oisp_ebpf_common::setting::{AT_FDTABLE_FD, AT_FILES_FDT, AT_TASK_FILES};

use crate::iter::{self, Span};
use crate::task::Kernel;

/// Numbers of the calls, and words of the registers at which things stand.
#[cfg(bpf_target_arch = "x86_64")]
mod arch {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const READV: u64 = 19;
    pub const WRITEV: u64 = 20;
    pub const SENDTO: u64 = 44;
    pub const RECVFROM: u64 = 45;
    pub const SENDMSG: u64 = 46;
    pub const RECVMSG: u64 = 47;
    pub const NUMBER: u64 = 15;
    pub const FIRST: u64 = 14;
    pub const SECOND: u64 = 13;
    /// Of a program of 64 bits: its code segment.
    pub const MODE: u64 = 17;
    pub const MODE_MASK: u64 = u64::MAX;
    pub const MODE_64: u64 = 0x33;
}
#[cfg(bpf_target_arch = "aarch64")]
mod arch {
    pub const READ: u64 = 63;
    pub const WRITE: u64 = 64;
    pub const READV: u64 = 65;
    pub const WRITEV: u64 = 66;
    pub const SENDTO: u64 = 206;
    pub const RECVFROM: u64 = 207;
    pub const SENDMSG: u64 = 211;
    pub const RECVMSG: u64 = 212;
    pub const NUMBER: u64 = 35;
    pub const FIRST: u64 = 34;
    pub const SECOND: u64 = 1;
    /// Of a program of 64 bits: the processor's state has this bit clear.
    pub const MODE: u64 = 33;
    pub const MODE_MASK: u64 = 0x10;
    pub const MODE_64: u64 = 0;
}

/// `struct msghdr` of user space: its list of pieces.
const MSG_IOV: u64 = 16;

/// A system call.
#[derive(Clone, Copy)]
pub struct Syscall {
    number: u64,
    registers: Kernel,
}

impl Syscall {
    /// The one that the running thread is in.
    #[inline(always)]
    pub fn current() -> Option<Self> {
        // SAFETY: the helpers have no precondition.
        Self::of(unsafe { bpf_task_pt_regs(bpf_get_current_task_btf()) } as u64)
    }

    /// The one with those registers, if the program has 64 bits.
    #[inline(always)]
    pub fn of(registers: u64) -> Option<Self> {
        let registers = Kernel::at(registers)?;
        let mode: u64 = registers.word(arch::MODE * 8)?;
        if mode & arch::MODE_MASK != arch::MODE_64 {
            return None;
        }
        // The upper half is no part of the number.
        let number: u64 = registers.word(arch::NUMBER * 8)?;
        Some(Self {
            number: number & 0xffff_ffff,
            registers,
        })
    }

    /// It writes to a file, by the calls that pipes are written by.
    #[inline(always)]
    pub fn is_write(self) -> bool {
        self.number == arch::WRITE || self.number == arch::WRITEV
    }

    /// The file that its first argument names.
    #[inline(always)]
    pub fn file(self) -> Option<Kernel> {
        let descriptor = self.registers.word(arch::FIRST * 8)? & 0xffff_ffff;
        let table = Kernel::current()?
            .follow(AT_TASK_FILES)?
            .follow(AT_FILES_FDT)?
            .follow(AT_FDTABLE_FD)?;
        Kernel::at(table.word(descriptor * 8)?)
    }

    /// Where the first `len` bytes that it sends are.
    #[inline(always)]
    pub fn sent(self, len: u64) -> Option<Span> {
        match self.number {
            arch::WRITE | arch::SENDTO => self.buffer(len),
            arch::WRITEV => self.pieces(),
            arch::SENDMSG => self.message(),
            _ => None,
        }
    }

    /// Where the first `len` bytes that it received are.
    #[inline(always)]
    pub fn received(self, len: u64) -> Option<Span> {
        match self.number {
            arch::READ | arch::RECVFROM => self.buffer(len),
            arch::READV => self.pieces(),
            arch::RECVMSG => self.message(),
            _ => None,
        }
    }

    #[inline(always)]
    fn buffer(self, len: u64) -> Option<Span> {
        Some(Span::of(self.registers.word(arch::SECOND * 8)?, len))
    }

    #[inline(always)]
    fn pieces(self) -> Option<Span> {
        Span::of_user(self.registers.word(arch::SECOND * 8)?)
    }

    #[inline(always)]
    fn message(self) -> Option<Span> {
        let message = self.registers.word(arch::SECOND * 8)?;
        Span::of_user(iter::user_word(message + MSG_IOV)?)
    }
}
