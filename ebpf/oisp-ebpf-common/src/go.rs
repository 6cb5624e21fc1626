//! The probed functions of Go's `crypto/tls` by number, which is the cookie, as
//! in [`crate::function`].

/// Entry of `(*Conn).Read([]byte) (int, error)`
pub const GO_READ: u64 = 64;
/// Entry of `(*Conn).Write([]byte) (int, error)`
pub const GO_WRITE: u64 = 65;
/// A return of either.
pub const GO_TRANSFERRED: u64 = 66;
/// Entry of `(*Conn).Close() error`
pub const GO_CLOSE: u64 = 67;
/// Entry of `(*Conn).handleRenegotiation() error`
pub const GO_RENEGOTIATE: u64 = 68;
/// A return of either.
pub const GO_RETURNED: u64 = 69;
/// Entry of `(*Conn).clientHandshake(context.Context) error`, or of
/// `serverHandshake`.
pub const GO_HANDSHAKE: u64 = 70;
/// Entry of `(*Conn).writeHandshakeRecord(handshakeMessage, transcriptHash)`
pub const GO_HANDSHAKE_MESSAGE: u64 = 71;
