//! `oisp-bench`: measures the sensor against its quality bars.
//!
//! `oisp-bench [decode] [capture] [sensor] [--sensor PATH]`, all three parts
//! where none is named. Each figure is printed with its bar or its peer beside
//! it; the parts that attach to the kernel need root and are skipped aloud
//! without it. The figures of one machine are in `docs/benchmarks.md`.
//!
//! The exit code is 0 also where a bar is missed: that is printed. It is 1
//! where something could not be measured.

mod clock;
mod corpus;
mod decode;
#[cfg(target_os = "linux")]
mod live;
#[cfg(not(target_os = "linux"))]
#[path = "live_none.rs"]
mod live;
mod redact;
mod report;
mod stages;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use report::Report;

/// What to measure.
struct Options {
    decode: bool,
    capture: bool,
    sensor: bool,
    binary: PathBuf,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            report::note(format_args!("error: {error:#}"));
            return ExitCode::from(2);
        }
    };
    let mut report = Report::default();
    measure(&options, &mut report);
    report.close()
}

fn measure(options: &Options, report: &mut Report) {
    report.section(&machine());
    if options.decode {
        let decoded = decode::measure(report)
            .and_then(|()| stages::measure(report))
            .and_then(|()| redact::measure(report));
        report.check("decode", decoded);
    }
    if options.capture {
        let captured = live::capture(&options.binary, report);
        report.check("capture", captured);
    }
    if options.sensor {
        let ran = live::sensor(&options.binary, report);
        report.check("sensor", ran);
    }
}

fn options(mut words: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options {
        decode: false,
        capture: false,
        sensor: false,
        binary: beside_this()?,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "decode" => options.decode = true,
            "capture" => options.capture = true,
            "sensor" => options.sensor = true,
            "--sensor" => options.binary = words.next().context("--sensor needs a path")?.into(),
            other => {
                bail!("unknown word {other}; there are decode, capture, sensor and --sensor PATH")
            }
        }
    }
    if !(options.decode || options.capture || options.sensor) {
        (options.decode, options.capture, options.sensor) = (true, true, true);
    }
    Ok(options)
}

/// What figures of elapsed time should be read with: a machine that others keep
/// busy shows their work too.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    match load.split(' ').next() {
        Some(load) if !load.is_empty() => format!("{cores} cores, load before the start {load}"),
        _ => format!("{cores} cores"),
    }
}

/// The sensor that was built with this program.
fn beside_this() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(own.with_file_name(format!("oisp-sensor{}", std::env::consts::EXE_SUFFIX)))
}
