//! Asks the daemon to end and waits until it has.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::place::{Lock, Place};
use crate::failure::Failure;
use crate::output;

/// How long the daemon may take to deliver what is left.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends the daemon, if one runs.
pub fn run(place: &Place) -> Result<ExitCode, Failure> {
    if let Lock::Free(_) = place.lock()? {
        output::note(format_args!("no daemon runs"));
        return Ok(ExitCode::SUCCESS);
    }
    let number = place.started()?.pid;
    let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Failure::new(format_args!("{number} is no process id")))?;
    kill_process(pid, Signal::TERM).map_err(|error| {
        Failure::new(format_args!(
            "cannot end the daemon, process {number}: {error}; run as its owner, or with sudo"
        ))
    })?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Lock::Free(_) = place.lock()? {
            output::note(format_args!("the daemon has ended"));
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new(format_args!(
        "the daemon, process {number}, still works after {} s; see its log, {}",
        PATIENCE.as_secs(),
        place.log().display()
    )))
}
