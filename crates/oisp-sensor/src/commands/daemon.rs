//! `daemon`: the sensor in the background. It is `record` with a place for its
//! log; where systemd runs the sensor, `systemctl` is the way instead.
//!
//! A lock on `daemon.lock` in the state directory is held by the daemon as long as
//! it lives: that, and no process id in a file, tells whether it runs.

mod logs;
mod place;
mod start;
mod status;
mod stop;

use std::process::ExitCode;

use crate::cli::DaemonCommand;
use crate::failure::Failure;

use place::Place;

/// Starts, stops or looks at the daemon.
pub fn run(command: &DaemonCommand) -> Result<ExitCode, Failure> {
    let place = Place::find()?;
    match command {
        DaemonCommand::Start { options } => start::run(&place, options),
        DaemonCommand::Stop => stop::run(&place),
        DaemonCommand::Status { json } => status::run(&place, *json),
        DaemonCommand::Logs { last, follow } => logs::run(&place, *last, *follow),
    }
}
