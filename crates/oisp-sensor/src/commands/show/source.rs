//! Where events to show come from, oldest first: an events file, or the event
//! log from the first event that is needed on.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use oisp_store::{Filter, History, ReadError};
use serde_json::Value;

use crate::cli::ShowOptions;
use crate::event_log;
use crate::failure::Failure;

/// Events, oldest first.
pub struct Events {
    lines: Lines,
    /// What is read.
    pub name: String,
    /// What was no event.
    pub bad_lines: u64,
    /// Why reading ended too early.
    pub error: Option<ReadError>,
}

type Lines = Box<dyn Iterator<Item = Result<String, Broken>>>;

/// What comes in place of a line.
enum Broken {
    /// Not UTF-8, or unreadable.
    File,
    /// The log does not answer.
    Log(ReadError),
}

impl Events {
    /// Opens what the options name.
    pub fn open(options: &ShowOptions) -> Result<Self, Failure> {
        let (lines, name) = match &options.input {
            Some(path) => (file(path)?, path.display().to_string()),
            None => {
                let history = event_log::history(options.store.as_deref())?;
                let name = history.path().display().to_string();
                (log(history, options).map_err(Failure::new)?, name)
            }
        };
        Ok(Self {
            lines,
            name,
            bad_lines: 0,
            error: None,
        })
    }
}

fn file(path: &Path) -> Result<Lines, Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::new(format_args!(
            "cannot read {}: {error}; `oisp-sensor record` writes it, and --input names another file",
            path.display()
        ))
    })?;
    let lines = BufReader::new(file).lines();
    Ok(Box::new(lines.map(|line| line.map_err(|_| Broken::File))))
}

fn log(history: History, options: &ShowOptions) -> Result<Lines, ReadError> {
    let Some(start) = start(&history, options)? else {
        return Ok(Box::new(std::iter::empty()));
    };
    let events = history.into_events(start, Filter::default());
    let lines = events.map(|event| match event {
        Ok(stored) => Ok(stored.event.json().to_owned()),
        Err(error) => Err(Broken::Log(error)),
    });
    Ok(Box::new(lines))
}

/// The position of the first event that is needed.
fn start(history: &History, options: &ShowOptions) -> Result<Option<u64>, ReadError> {
    let of = |types: &[String]| Filter {
        event_types: types.to_vec(),
        ..Filter::default()
    };
    let Some(id) = &options.id else {
        if options.types.is_empty() && !options.json {
            // Where both ends of a call were captured, it has two requests.
            let requests = of(&[String::from("ai.request")]);
            return history.position(&requests, options.last.saturating_mul(2));
        }
        return history.position(&of(&options.types), options.last);
    };
    let named = history.get(id)?;
    let call = match &named {
        Some(stored) => match stored.event.request_id() {
            Some(request) => request.to_owned(),
            None => return Ok(Some(stored.seq)),
        },
        None => id.clone(),
    };
    let whole = Filter {
        request_id: Some(call),
        ..Filter::default()
    };
    history.position(&whole, usize::MAX)
}

impl Iterator for Events {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => line,
                Err(Broken::File) => {
                    // The reader cannot go on behind it.
                    self.bad_lines += 1;
                    return None;
                }
                Err(Broken::Log(error)) => {
                    self.error = Some(error);
                    return None;
                }
            };
            match serde_json::from_str::<Value>(&line) {
                Ok(event) if event.get("event_type").is_some() => return Some(event),
                _ => self.bad_lines += 1,
            }
        }
    }
}
