//! Where the bytes of a system call that sends or receives are, on kernels that
//! let nobody at the return of their own functions.

use aya_ebpf::helpers::bpf_probe_read_user;

use crate::iter::Span;
use crate::sock::Piece;
use crate::syscall::Syscall;

#[cfg(bpf_target_arch = "x86_64")]
mod number {
    pub const READ: u64 = 0;
    pub const WRITE: u64 = 1;
    pub const READV: u64 = 19;
    pub const WRITEV: u64 = 20;
    pub const SENDTO: u64 = 44;
    pub const RECVFROM: u64 = 45;
    pub const SENDMSG: u64 = 46;
    pub const RECVMSG: u64 = 47;
    pub const RECVMMSG: u64 = 299;
    pub const SENDMMSG: u64 = 307;
}
#[cfg(bpf_target_arch = "aarch64")]
mod number {
    pub const READ: u64 = 63;
    pub const WRITE: u64 = 64;
    pub const READV: u64 = 65;
    pub const WRITEV: u64 = 66;
    pub const SENDTO: u64 = 206;
    pub const RECVFROM: u64 = 207;
    pub const SENDMSG: u64 = 211;
    pub const RECVMSG: u64 = 212;
    pub const RECVMMSG: u64 = 243;
    pub const SENDMMSG: u64 = 269;
}

/// The list of pieces in `struct user_msghdr`.
const PIECES: u64 = 16;
/// `struct user_msghdr`, behind which `struct mmsghdr` has a length.
const MESSAGE: u64 = 64;

impl Syscall {
    /// It writes to a file, by the calls that pipes are written by.
    #[inline(always)]
    pub fn is_write(self) -> bool {
        self.number() == number::WRITE || self.number() == number::WRITEV
    }

    /// Where the first `len` bytes that it sends are.
    #[inline(always)]
    pub fn sent(self, len: u64) -> Option<Span> {
        let at = self.argument(1)?;
        match self.number() {
            number::WRITE | number::SENDTO => Some(Span::of(at, len)),
            number::WRITEV => Span::of_user(at),
            number::SENDMSG => Span::of_user(word(at + PIECES)?),
            _ => None,
        }
    }

    /// Where the first `len` bytes that it received are.
    #[inline(always)]
    pub fn received(self, len: u64) -> Option<Span> {
        let at = self.argument(1)?;
        match self.number() {
            number::READ | number::RECVFROM => Some(Span::of(at, len)),
            number::READV => Span::of_user(at),
            number::RECVMSG => Span::of_user(word(at + PIECES)?),
            _ => None,
        }
    }

    /// The first piece of the bytes that it carries, of `len` in all.
    #[inline(always)]
    pub fn piece(self, len: u64) -> Option<Piece> {
        let at = self.argument(1)?;
        match self.number() {
            number::READ | number::WRITE | number::SENDTO | number::RECVFROM => {
                Some(Piece { at, len })
            }
            number::READV | number::WRITEV => first(at, len),
            _ if self.is_message() => first(word(at + PIECES)?, len),
            _ => None,
        }
    }

    /// The first pieces of the messages that it sends, two at most: a resolver asks
    /// for both kinds of addresses in one call.
    #[inline(always)]
    pub fn pieces(self, len: u64) -> [Option<Piece>; 2] {
        let next = if self.number() == number::SENDMMSG {
            self.argument(1)
                .and_then(|at| first(word(at + MESSAGE + PIECES)?, len))
        } else {
            None
        };
        [self.piece(len), next]
    }

    /// Where the call names the address that it sends to.
    #[inline(always)]
    pub fn destination(self) -> Option<u64> {
        if self.number() == number::SENDTO {
            return self.argument(4);
        }
        if self.is_message() {
            return word(self.argument(1)?);
        }
        None
    }

    #[inline(always)]
    fn is_message(self) -> bool {
        matches!(
            self.number(),
            number::SENDMSG | number::RECVMSG | number::SENDMMSG | number::RECVMMSG
        )
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
