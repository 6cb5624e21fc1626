//! Records about the network, and the address under a TLS connection.
//!
//! The kinds are numbers of [`crate::record`]'s first byte: connect, accept,
//! close and answers of name servers have a [`NetHead`]; the address and the
//! server name of a TLS connection have a [`crate::record::TlsHead`].

/// A [`NetHead`]: a process asked for a connection, and the answer is known.
pub const CONNECT: u8 = 32;
/// A [`NetHead`]: a process took a connection.
pub const ACCEPT: u8 = 33;
/// A [`NetHead`]: a connection is over.
pub const CLOSE: u8 = 34;
/// A [`NetHead`] with `len` bytes of a name server's answer behind it.
pub const ANSWER: u8 = 35;
/// A [`crate::record::TlsHead`] with [`Addresses`] behind it.
pub const SOCKET: u8 = 36;
/// A [`crate::record::TlsHead`] with `len` bytes of a name behind it.
pub const SERVER_NAME: u8 = 37;

/// Both ends of a connection.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The process's own end; IPv4 as mapped into IPv6.
    pub local: [u8; 16],
    /// The other end.
    pub remote: [u8; 16],
    /// The process's own port.
    pub local_port: u16,
    /// The other end's port.
    pub remote_port: u16,
    /// Always 0.
    pub zero: u32,
}

/// Head of a record about the network.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NetHead {
    /// [`CONNECT`], [`ACCEPT`], [`CLOSE`] or [`ANSWER`].
    pub kind: u8,
    /// `HAS_*` and `IS_*`.
    pub flags: u8,
    /// Bytes behind the head.
    pub len: u16,
    /// For [`CONNECT`], why it failed; 0 where it did not.
    pub error: u32,
    /// Process (thread group) id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
    /// When: nanoseconds since boot.
    pub at_ns: u64,
    /// When the process started, nanoseconds since boot; 0 where unknown.
    pub start_ns: u64,
    /// The two ends.
    pub addresses: Addresses,
    /// Bytes sent that the other end acknowledged.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
    /// Nanoseconds that it took or lasted.
    pub took_ns: u64,
}

/// [`NetHead::took_ns`] is known.
pub const HAS_TOOK: u8 = 1;
/// [`NetHead::sent`] and [`NetHead::received`] are known.
pub const HAS_BYTES: u8 = 2;
/// The local end is known.
pub const HAS_LOCAL: u8 = 4;
/// The process asked for the connection.
pub const IS_OUTBOUND: u8 = 8;
/// The process took the connection.
pub const IS_INBOUND: u8 = 16;

/// A connection was given up by the process that asked for it, before there was
/// an answer (`ECANCELED`).
pub const GIVEN_UP: u32 = 125;
/// Bytes of an answer that are taken.
pub const ANSWER_LEN: usize = 4096;
/// Bytes of a server name that are taken: longer names are none.
pub const NAME_LEN: usize = 256;
