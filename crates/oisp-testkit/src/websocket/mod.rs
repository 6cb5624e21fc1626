//! WebSocket (RFC 6455), as a server needs it to be talked to by real clients:
//! the handshake, frames, and permessage-deflate (RFC 7692) with context
//! takeover where a client offers it.

mod deflate;
mod frame;
mod handshake;
mod session;

pub(crate) use handshake::{Handshake, of};
pub(crate) use session::serve;
