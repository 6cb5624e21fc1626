//! Events for other programs on this machine, as they happen, over a WebSocket
//! that the sensor serves.
//!
//! A program opens `ws://HOST:PORT/?after=EVENT_ID&types=ai.*` and shows the
//! token, as `Authorization: Bearer TOKEN` or as `token=`:
//! - without `after`: what happens from now on; with an event's id: what came
//!   after it, then what happens; empty: all that the log holds, then what
//!   happens;
//! - `types`, `providers`, `models`, `hosts`, `processes`: only those events,
//!   each a list separated by commas, with `*` for any text. What the
//!   configuration's filter leaves out nobody gets.
//!
//! Each event is a text message. `{"missed":n}` says that the log let go n
//! events before this program took them, `{"reset":true}` that it does not hold
//! the event of `after` (any more) and begins at its start. A slow program
//! holds up nobody: its place in the log stays behind. One that takes nothing
//! for a minute is let go, and may come again with the last id that it has.
//!
//! No page of another site may connect, token or not: a browser names its
//! origin.

mod client;
mod config;
mod request;
mod server;

pub use config::WebsocketConfig;
pub use server::{BindError, WebsocketServer};

#[cfg(test)]
mod tests;
