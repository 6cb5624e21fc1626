//! Shows the end of the daemon's log, and what comes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::place::Place;
use crate::failure::Failure;
use crate::output::{Data, printable};

/// So much of the end of the log is looked at.
const MAX_LOOKED_AT: u64 = 4 << 20;

/// Shows the last lines; with `follow`, until the reader goes away.
pub fn run(place: &Place, last: usize, follow: bool) -> Result<ExitCode, Failure> {
    let path = place.log();
    let failed = |error: io::Error| {
        Failure::new(format_args!(
            "cannot read {}: {error}; was the daemon ever started here?",
            path.display()
        ))
    };
    let mut log = File::open(&path).map_err(failed)?;
    let shown = end_of(&mut log, last).map_err(failed)?;
    if !show(&shown) || !follow {
        return Ok(ExitCode::SUCCESS);
    }
    follow_on(log).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// The last lines of a file.
pub fn last_lines(path: &Path, count: usize) -> io::Result<String> {
    end_of(&mut File::open(path)?, count)
}

/// Leaves the file at its end.
fn end_of(log: &mut File, count: usize) -> io::Result<String> {
    let length = log.metadata()?.len();
    log.seek(SeekFrom::Start(length.saturating_sub(MAX_LOOKED_AT)))?;
    let mut lines = VecDeque::new();
    let mut reader = BufReader::new(log);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines.push_back(String::from_utf8_lossy(&line).into_owned());
        if lines.len() > count {
            lines.pop_front();
        }
        line.clear();
    }
    Ok(lines.into_iter().collect())
}

fn follow_on(log: File) -> io::Result<()> {
    let mut reader = BufReader::new(log);
    let mut line = Vec::new();
    loop {
        if reader.read_until(b'\n', &mut line)? == 0 {
            std::thread::sleep(Duration::from_millis(200));
            continue;
        }
        // Half a line is shown when the rest of it is there.
        if line.ends_with(b"\n") {
            if !show(&String::from_utf8_lossy(&line)) {
                return Ok(());
            }
            line.clear();
        }
    }
}

/// False where the reader is gone.
fn show(text: &str) -> bool {
    let mut out = Data::new();
    text.lines()
        .all(|line| out.line(format_args!("{}", printable(line))))
}
