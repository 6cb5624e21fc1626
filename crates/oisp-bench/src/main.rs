//! `oisp-bench`: measures the sensor against its quality bars.
//!
//! `oisp-bench [decode] [redact] [store] [capture] [sensor] [instructions] [soak MINUTES]
//! [--sensor PATH]`; the
//! first five parts where none is named. Each figure is printed with its bar or its peer beside
//! it; the parts that attach to the kernel need root and are skipped aloud
//! without it. The figures of one machine are in `docs/benchmarks.md`.
//!
//! The exit code is 0 also where a bar is missed: that is printed. It is 1
//! where something could not be measured.

mod clock;
mod corpus;
mod decode;
mod instructions;
#[cfg(target_os = "linux")]
mod live;
#[cfg(not(target_os = "linux"))]
#[path = "live_none.rs"]
mod live;
mod one;
mod redact;
mod report;
mod stages;
mod stats;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use report::Report;

/// What to measure.
struct Options {
    decode: bool,
    redact: bool,
    store: bool,
    capture: bool,
    sensor: bool,
    instructions: bool,
    /// Minutes under load.
    soak: Option<u32>,
    binary: PathBuf,
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let Some(("one", words)) = words
        .split_first()
        .map(|(word, rest)| (word.as_str(), rest))
    {
        return done(one::run(words));
    }
    let options = match options(words.into_iter()) {
        Ok(options) => options,
        Err(error) => return done(Err(error)),
    };
    let mut report = Report::default();
    measure(&options, &mut report);
    report.close()
}

/// 2 where the words on the command line mean nothing.
fn done(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    report::note(format_args!("error: {error:#}"));
    ExitCode::from(2)
}

fn measure(options: &Options, report: &mut Report) {
    report.section(&machine());
    if options.decode {
        let decoded = decode::measure(report).and_then(|()| stages::measure(report));
        report.check("decode", decoded);
    }
    if options.decode || options.redact {
        let redacted = redact::measure(report);
        report.check("redact", redacted);
    }
    if options.store {
        let stored = store::measure(report);
        report.check("store", stored);
    }
    if options.instructions {
        let counted = instructions::measure(report);
        report.check("instructions", counted);
    }
    if options.capture {
        let captured = live::capture(&options.binary, report);
        report.check("capture", captured);
    }
    if let Some(minutes) = options.soak {
        let ran = live::soak(&options.binary, minutes, report);
        report.check("soak", ran);
    }
    if options.sensor {
        let ran = live::sensor(&options.binary, report);
        report.check("sensor", ran);
    }
}

fn options(mut words: impl Iterator<Item = String>) -> anyhow::Result<Options> {
    let mut options = Options {
        decode: false,
        redact: false,
        store: false,
        capture: false,
        sensor: false,
        instructions: false,
        soak: None,
        binary: beside_this()?,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "decode" => options.decode = true,
            "redact" => options.redact = true,
            "store" => options.store = true,
            "capture" => options.capture = true,
            "sensor" => options.sensor = true,
            "instructions" => options.instructions = true,
            "soak" => {
                let minutes = words.next().context("soak needs minutes")?;
                options.soak = Some(minutes.parse().context("soak needs minutes")?);
            }
            "--sensor" => options.binary = words.next().context("--sensor needs a path")?.into(),
            other => {
                bail!(
                    "unknown word {other}; there are decode, redact, store, capture, sensor, instructions, soak MINUTES and --sensor PATH"
                )
            }
        }
    }
    let named = options.decode
        || options.redact
        || options.store
        || options.capture
        || options.sensor
        || options.instructions;
    if !named && options.soak.is_none() {
        (options.decode, options.store) = (true, true);
        (options.capture, options.sensor) = (true, true);
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
