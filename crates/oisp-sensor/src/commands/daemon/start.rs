//! Starts `record` in the background and waits until it is attached.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;

use super::logs;
use super::place::{Lock, Place, Started};
use crate::cli::Cli;
use crate::failure::Failure;
use crate::output;

/// How long the start may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A log that is longer is put aside at the start.
const MAX_LOG: u64 = 16 << 20;
/// How much of the log is shown where the start failed.
const SHOWN: usize = 15;

/// Starts the daemon, if none runs.
pub fn run(place: &Place, options: &[String]) -> Result<ExitCode, Failure> {
    check(options)?;
    let Lock::Free(lock) = place.lock()? else {
        let pid = place.started()?.pid;
        output::note(format_args!("the daemon runs already, as process {pid}"));
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |error| Failure::new(format_args!("cannot start the daemon: {error}"));
    let waiting = tempfile::tempdir().map_err(failed)?;
    let socket = waiting.path().join("ready");
    let ready = UnixDatagram::bind(&socket).map_err(failed)?;
    let mut child = spawn(place, options, lock, &socket).map_err(failed)?;
    let started = Started {
        pid: child.id(),
        at_ms: now_ms(),
        options: options.to_vec(),
    };
    place.keep(&started).map_err(failed)?;
    wait(&ready, &mut child, place)?;
    output::note(format_args!("the daemon runs as process {}", child.id()));
    output::note(format_args!("  log        {}", place.log().display()));
    Ok(ExitCode::SUCCESS)
}

/// Options that `record` does not take are said here, not in the log.
fn check(options: &[String]) -> Result<(), Failure> {
    let program = ["oisp-sensor", "record"].map(String::from);
    let line = program.into_iter().chain(options.iter().cloned());
    match Cli::try_parse_from(line) {
        Ok(_) => Ok(()),
        Err(error) => {
            let told = error.render().to_string();
            Err(Failure::usage(told.trim().trim_start_matches("error: ")))
        }
    }
}

/// The daemon's standard input is its lock: it is held as long as it lives.
fn spawn(place: &Place, options: &[String], lock: File, ready: &Path) -> io::Result<Child> {
    let log = open_log(&place.log())?;
    Command::new(std::env::current_exe()?)
        .arg("record")
        .args(options)
        .env("NOTIFY_SOCKET", ready)
        .stdin(Stdio::from(lock))
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log))
        // Ctrl-C in this terminal is not for it.
        .process_group(0)
        .spawn()
}

fn open_log(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|log| log.len() > MAX_LOG) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

fn wait(ready: &UnixDatagram, child: &mut Child, place: &Place) -> Result<(), Failure> {
    let failed = |error| Failure::new(format_args!("cannot wait for the daemon: {error}"));
    ready
        .set_read_timeout(Some(Duration::from_millis(100)))
        .map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    let mut message = [0; 256];
    while Instant::now() < until {
        if let Ok(length) = ready.recv(&mut message)
            && message.get(..length).is_some_and(is_ready)
        {
            return Ok(());
        }
        if let Some(status) = child.try_wait().map_err(failed)? {
            let log = place.log();
            let end = logs::last_lines(&log, SHOWN).unwrap_or_default();
            return Err(Failure::new(format_args!(
                "the daemon ended at once ({status}); its log, {}, says:\n{}",
                log.display(),
                end.trim_end()
            )));
        }
    }
    Err(Failure::new(format_args!(
        "the daemon, process {}, is not attached after {} s; see {}, and end it with `oisp-sensor daemon stop`",
        child.id(),
        PATIENCE.as_secs(),
        place.log().display()
    )))
}

fn is_ready(message: &[u8]) -> bool {
    message
        .split(|byte| *byte == b'\n')
        .any(|line| line == b"READY=1")
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
