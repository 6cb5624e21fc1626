//! What one TLS call costs by its size: bare, with a probe that does nothing at
//! the same places, and captured.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use oisp_capture_ebpf::BareProbes;

use super::process::until;
use super::running::Running;
use crate::report::{Bar, Report};
use crate::stats::median;

const SIZES: [(u32, &str); 4] = [
    (64, "64 B"),
    (1 << 10, "1 KiB"),
    (16 << 10, "16 KiB"),
    (128 << 10, "128 KiB"),
];
const CALLS: u32 = 2000;
const ROUNDS: usize = 9;

/// Prints a row for each size.
pub(super) fn measure(binary: &Path, report: &mut Report) -> anyhow::Result<()> {
    report.section("capture: what one call costs the program, a function of three instructions");
    let program = binary.with_file_name("examples").join("made_up_tls");
    if !program.exists() {
        let why = format!("there is no {}", program.display());
        report.skip("one call", &why);
        return Ok(());
    }
    for (size, name) in SIZES {
        let mut bare = Vec::new();
        let mut probed = Vec::new();
        let mut captured = Vec::new();
        for _ in 0..ROUNDS {
            bare.push(nanos(&program, size, || Ok(()))?.0);
            probed.push(nanos(&program, size, || Ok(BareProbes::on(&program)?))?.0);
        }
        let dir = tempfile::tempdir()?;
        let sensor = Running::start(binary, dir.path())?;
        for _ in 0..ROUNDS {
            captured.push(nanos(&program, size, || Ok(()))?.0);
        }
        sensor.stop()?;
        let (bare, probed, captured) = (
            median(&mut bare),
            median(&mut probed),
            median(&mut captured),
        );
        let beside = format!("{probed:.0} ns with a probe that does nothing, {bare:.0} ns bare");
        report.row(name, captured, "ns", Bar::None, &beside);
    }
    Ok(())
}

/// Starts the program, lets `prepare` attach, and times its calls.
fn nanos<T>(
    program: &Path,
    size: u32,
    prepare: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(f64, ())> {
    let mut timed = Timed::start(program)?;
    let _held = prepare()?;
    // The first calls also find the memory and the table's entries.
    timed.time(size, CALLS / 10)?;
    // A sensor that runs finds the program within a moment of its start.
    let mut last = 0.0;
    until(std::time::Duration::from_secs(2), || {
        let now = timed.time(size, 50).unwrap_or(0.0);
        let steady = (now - last).abs() < now / 4.0 && timed.age() > 0.4;
        last = now;
        steady
    })
    .ok();
    Ok((timed.time(size, CALLS)?, ()))
}

struct Timed {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    began: std::time::Instant,
}

impl Timed {
    fn start(program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self {
            child,
            input,
            output,
            began: std::time::Instant::now(),
        })
    }

    fn age(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn time(&mut self, size: u32, count: u32) -> anyhow::Result<f64> {
        writeln!(self.input, "time {size} {count}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the program ended");
        Ok(line.trim().parse()?)
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
