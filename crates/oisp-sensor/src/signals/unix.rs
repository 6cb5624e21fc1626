//! Unix: interrupt and termination end; hangup reads the configuration again,
//! unless it tells that the terminal is gone.

use std::fs::File;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Asked;

/// The signals.
pub struct Listener {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// It was started from a terminal, and nobody could end it without one.
    has_terminal: bool,
}

impl Listener {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            has_terminal: terminal_is_there(),
        })
    }

    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.hangup.recv() => match self.has_terminal && !terminal_is_there() {
                true => Asked::Stop,
                false => Asked::Reload,
            },
        }
    }
}

/// A process whose terminal was closed cannot open it any more.
fn terminal_is_there() -> bool {
    File::open("/dev/tty").is_ok()
}
