//! `decode`: a capture file becomes events. Lines that are no records are
//! reported and passed over; the exit code then says so.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use oisp_capture::{Reader, read_line};
use oisp_core::RawEvent;
use oisp_core::capture::ControlSlot;
use oisp_pipeline::{Settings, Stages};
use oisp_policy::Policy;
use oisp_redact::Redactor;
use oisp_store::{Bounds, Cursor, EventLog};

use crate::cli::DecodeOptions;
use crate::commands::record::warn_of;
use crate::config::Config;
use crate::failure::{FAILED, Failure};
use crate::{hash_key, knowledge, output, platform};

/// Bad lines beyond this many are only counted.
const REPORTED: u64 = 20;

/// Decodes the whole input.
pub fn run(options: &DecodeOptions, config: &Config) -> Result<ExitCode, Failure> {
    let input = open_input(&options.input)?;
    let registry = knowledge::open(&config.knowledge())?;
    let output = open_output(&options.output)?;
    warn_of(config.redaction.mode);
    let log = EventLog::new(Bounds::default());
    let hash_key = hash_key::load();
    let settings = Settings {
        redactor: Redactor::with_config(&config.redaction, Some(hash_key.clone()))
            .map_err(Failure::usage)?,
        hash_key,
        registry,
        host: None,
        policy: Policy::default(),
        alerts: None,
        without: Vec::new(),
        stream_chunks: config.capture.stream_chunks,
        control: ControlSlot::default(),
        save_capture: None,
    };
    let mut job = Job {
        stages: Stages::new(settings, log.clone()),
        events: log.cursor(),
        output,
        written: 0,
        bad_lines: 0,
    };
    match job.run(input, &options.input) {
        Ok(()) => {}
        // `| head` has seen enough.
        Err(Stopped::ReaderGone) => return Ok(ExitCode::SUCCESS),
        Err(Stopped::Failed(failure)) => return Err(failure),
    }
    Ok(if job.bad_lines > 0 {
        ExitCode::from(FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

struct Job {
    stages: Stages,
    events: Cursor,
    output: Box<dyn Write>,
    written: u64,
    bad_lines: u64,
}

enum Stopped {
    ReaderGone,
    Failed(Failure),
}

impl Job {
    fn run(&mut self, mut input: Box<dyn BufRead>, name: &Path) -> Result<(), Stopped> {
        let mut reader = Reader::new();
        let mut line = Vec::new();
        let mut raw: Vec<RawEvent> = Vec::new();
        for number in 1u64.. {
            let read = read_line(&mut input, &mut line).map_err(|error| {
                Stopped::Failed(Failure::new(format_args!(
                    "cannot read {}: {error}",
                    name.display()
                )))
            })?;
            let Some(read) = read else { break };
            if let Err(error) = read.and_then(|()| reader.line(&line, &mut raw)) {
                self.report(number, &error);
            }
            for raw in raw.drain(..) {
                self.stages.take(&raw);
                // After each record: the log forgets what is over its bound.
                self.write_events()?;
            }
        }
        self.stages.finish();
        self.write_events()?;
        self.output.flush().map_err(stopped)?;
        self.summary(&reader);
        Ok(())
    }

    fn write_events(&mut self) -> Result<(), Stopped> {
        loop {
            let batch = self.events.read(256);
            if batch.is_empty() {
                return Ok(());
            }
            for stored in batch {
                writeln!(self.output, "{}", stored.event.json()).map_err(stopped)?;
                self.written += 1;
            }
        }
    }

    fn report(&mut self, number: u64, error: &oisp_capture::LineError) {
        self.bad_lines += 1;
        if self.bad_lines <= REPORTED {
            output::note(format_args!("line {number}: {error}"));
        }
    }

    fn summary(&self, reader: &Reader) {
        if self.bad_lines > REPORTED {
            output::note(format_args!(
                "{} more lines were no records either",
                self.bad_lines - REPORTED
            ));
        }
        for (kind, count) in reader.skipped() {
            output::note(format_args!(
                "{count} records of kind {} skipped: this version does not know it",
                output::printable(kind)
            ));
        }
        if self.events.missed() > 0 {
            output::note(format_args!(
                "{} events were larger than the log can hold",
                self.events.missed()
            ));
        }
        output::note(format_args!(
            "{} events, {} bad lines",
            self.written, self.bad_lines
        ));
    }
}

fn stopped(error: io::Error) -> Stopped {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Stopped::ReaderGone;
    }
    Stopped::Failed(Failure::new(format_args!("cannot write events: {error}")))
}

fn open_input(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path)
        .map_err(|error| Failure::new(format_args!("cannot read {}: {error}", path.display())))?;
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(Failure::new(format_args!(
            "cannot read {}: it is a folder; name a capture file",
            path.display()
        )));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 20, file)))
}

fn open_output(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = platform::private_file(path).map_err(|error| {
        Failure::new(format_args!(
            "cannot write events to {}: {error}; choose another file with --output",
            path.display()
        ))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}
