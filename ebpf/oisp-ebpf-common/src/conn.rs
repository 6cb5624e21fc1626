//! The kernel's table of connections, which the loader reads to find what was
//! lost and to clear what a dead process left.

/// Key of a connection: the handle within the process.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnKey {
    /// The TLS library's handle (`SSL *`).
    pub handle: u64,
    /// Process (thread group) id.
    pub tgid: u32,
    /// Always 0: keys are compared byte by byte.
    pub zero: u32,
}

/// State of a connection.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnState {
    /// When the state was made, nanoseconds since boot. Tells connections apart
    /// that had the same handle one after the other.
    pub epoch: u64,
    /// When the process started, nanoseconds since boot; 0 where unknown.
    pub start_ns: u64,
    /// Plaintext bytes so far: written, read.
    pub offset: [u64; 2],
    /// Cause (see [`crate::record`]) of bytes that were lost without a record of
    /// their own: written, read.
    pub lost: [u32; 2],
    /// `CONN_*` flags.
    pub flags: u32,
    /// Always 0.
    pub zero: u32,
    /// The kernel's socket below it; 0 where unknown.
    pub sock: u64,
}

/// The connection was there before its first byte was seen: what went before is
/// unknown.
pub const CONN_LATE: u32 = 1;
/// The connection was freed, and its closing record found no room.
pub const CONN_FREED: u32 = 2;
/// The handshake that comes is not the first of the connection.
pub const CONN_RENEGOTIATING: u32 = 1 << 15;
/// Data went by, and the socket was not found by the randoms of the handshake.
pub const CONN_LOOKED_UP: u32 = 4;
/// A TCP connection without TLS; the handle is the kernel's socket.
pub const CONN_TCP: u32 = 0x100;
/// Standard input and output of a child.
pub const CONN_STDIO: u32 = 0x200;
