//! Signals: which end the sensor, and which make it read its configuration
//! again.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::failure::{FAILED, Failure};
#[cfg(not(unix))]
use other::Listener;
#[cfg(unix)]
use unix::Listener;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Stop,
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has such a signal"))]
    Reload,
}

/// What signals have asked for so far.
pub struct Signals {
    stop: watch::Receiver<bool>,
    reload: watch::Receiver<u64>,
}

impl Signals {
    /// Takes the signals of this process; a task of the runtime's waits for them.
    ///
    /// # Errors
    /// The system gives none.
    pub fn take(runtime: &Runtime) -> Result<Self, Failure> {
        let _inside = runtime.enter();
        let listener = Listener::new()
            .map_err(|error| Failure::new(format_args!("cannot take signals: {error}")))?;
        let (stop, stopping) = watch::channel(false);
        let (reload, reloads) = watch::channel(0);
        runtime.spawn(listen(listener, stop, reload));
        Ok(Self {
            stop: stopping,
            reload: reloads,
        })
    }

    /// True once the sensor is to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Grows each time the configuration is to be read again.
    pub fn reload(&self) -> watch::Receiver<u64> {
        self.reload.clone()
    }
}

async fn listen(mut listener: Listener, stop: watch::Sender<bool>, reload: watch::Sender<u64>) {
    loop {
        match listener.next().await {
            Asked::Reload => reload.send_modify(|count| *count += 1),
            Asked::Stop if stop.send_replace(true) => {
                // Asked twice: the user does not want to wait for the drain.
                std::process::exit(i32::from(FAILED));
            }
            Asked::Stop => {}
        }
    }
}
