//! Systems that have no daemon of this kind yet.

use std::process::ExitCode;

use crate::cli::DaemonCommand;
use crate::failure::Failure;

/// Says so.
pub fn run(_: &DaemonCommand) -> Result<ExitCode, Failure> {
    Err(Failure::usage(
        "`daemon` works on Unix only; run `oisp-sensor record` in a terminal of its own",
    ))
}
