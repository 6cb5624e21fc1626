//! Replays a file of recorded exchanges through the decoder and reports, by
//! provider, what came out, and every variant that came out otherwise.
//!
//! `recordings FILE[.gz] [--variants | --quick] [--json] [--only SUBSTRING]
//! [--events OUT.jsonl] [--jobs N]`
//!
//! Exits 1 where a variant disagrees with the whole or the decoder panics, 2
//! where it is called wrongly or the file cannot be read.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use oisp_testkit::recordings::{self, Effort, Report, file};
use serde_json::Value;

const USAGE: &str = "usage: recordings FILE[.gz] [--variants | --quick] [--json] \
                     [--only SUBSTRING] [--events OUT.jsonl] [--jobs N]";

struct Options {
    file: PathBuf,
    effort: Effort,
    json: bool,
    only: Option<String>,
    events: Option<PathBuf>,
    jobs: usize,
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut path = None;
    let mut options = Options {
        file: PathBuf::new(),
        effort: Effort::Variants,
        json: false,
        only: None,
        events: None,
        jobs: std::thread::available_parallelism().map_or(1, Into::into),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--variants" => options.effort = Effort::Variants,
            "--quick" => options.effort = Effort::Whole,
            "--json" => options.json = true,
            "--only" => options.only = Some(value()?),
            "--events" => options.events = Some(value()?.into()),
            "--jobs" => options.jobs = value()?.parse()?,
            other if other.starts_with('-') => return Err(format!("unknown option {other}").into()),
            _ if path.is_some() => return Err("more than one file".into()),
            _ => path = Some(word.into()),
        }
    }
    options.file = path.ok_or("no file is named")?;
    Ok(options)
}

fn main() -> ExitCode {
    let result = options(std::env::args().skip(1))
        .map_err(|why| format!("{why}\n{USAGE}").into())
        .and_then(|options| report(&options));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("recordings: {why}");
            ExitCode::from(2)
        }
    }
}

/// Prints the report; whether it is good.
fn report(options: &Options) -> Result<bool, Box<dyn Error>> {
    let recordings = file::read(&options.file, options.only.as_deref())?;
    if recordings.is_empty() {
        return Err("no recording is there, or none that --only names: nothing was shown".into());
    }
    let settings = recordings::Options {
        effort: options.effort,
        jobs: options.jobs,
    };
    let report = recordings::run(&recordings, &settings);
    if let Some(path) = &options.events {
        write_events(path, &report)?;
    }
    let mut out = std::io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", report.to_text())?;
    }
    Ok(report.is_good())
}

/// One event a line, with the recording's name in its `attrs`.
fn write_events(path: &Path, report: &Report) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(path)?);
    for (id, events) in &report.events {
        for event in events {
            let mut event = event.clone();
            if let Some(event) = event.as_object_mut() {
                let attrs = event
                    .entry("attrs")
                    .or_insert_with(|| Value::Object(<_>::default()));
                if let Some(attrs) = attrs.as_object_mut() {
                    attrs.insert(String::from("recording.id"), Value::from(id.as_str()));
                }
            }
            serde_json::to_writer(&mut out, &event)?;
            writeln!(out)?;
        }
    }
    Ok(out.flush()?)
}
