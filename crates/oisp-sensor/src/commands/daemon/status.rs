//! Tells whether the daemon runs. The exit code says the same: 0 it does, 1 it
//! does not.

use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::place::{Lock, Place};
use crate::failure::{FAILED, Failure};
use crate::output::Data;

/// Tells it.
pub fn run(place: &Place, as_json: bool) -> Result<ExitCode, Failure> {
    let runs = matches!(place.lock()?, Lock::Held);
    let started = runs.then(|| place.started()).transpose()?;
    let log = place.log();
    let mut out = Data::new();
    match started {
        Some(started) if as_json => {
            let told = json!({
                "running": true,
                "pid": started.pid,
                "started_ms": started.at_ms,
                "options": started.options,
                "log": log,
            });
            out.line(format_args!("{told}"));
        }
        Some(started) => {
            let since = UNIX_EPOCH + Duration::from_millis(started.at_ms);
            let since = humantime::format_rfc3339_seconds(since);
            out.line(format_args!(
                "the daemon runs as process {} since {since}",
                started.pid
            ));
            if !started.options.is_empty() {
                out.line(format_args!("  options    {}", started.options.join(" ")));
            }
            out.line(format_args!("  log        {}", log.display()));
        }
        None if as_json => {
            let told = json!({ "running": false, "log": log });
            out.line(format_args!("{told}"));
        }
        None => {
            out.line(format_args!("no daemon runs"));
        }
    }
    Ok(if runs {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}
