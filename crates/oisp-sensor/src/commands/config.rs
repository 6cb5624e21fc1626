//! `config`: what is in force, whether it can be, and what could be.

use std::path::PathBuf;
use std::process::ExitCode;

use oisp_config::{Row, Sources};

use crate::cli::ConfigCommand;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::output::{self, Data, printable};

/// Does what was asked.
pub fn run(command: ConfigCommand, sources: Sources) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show { json } => show(&sources, json)?,
        ConfigCommand::Validate { file } => validate(sources, file)?,
        ConfigCommand::Example => example(),
        ConfigCommand::Schema => schema(),
        ConfigCommand::Document => document(),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(sources: &Sources, json: bool) -> Result<(), Failure> {
    let rows = config::load(sources)?.rows();
    let mut data = Data::new();
    if json {
        let rows = serde_json::to_string_pretty(&rows).map_err(Failure::new)?;
        data.line(format_args!("{rows}"));
        return Ok(());
    }
    let texts: Vec<(String, &Row)> = rows.iter().map(|row| (text(row), row)).collect();
    let width = texts.iter().map(|(text, _)| text.chars().count()).max();
    let width = width.unwrap_or(0).min(60);
    for (text, row) in texts {
        let origin = printable(&row.origin.to_string());
        data.line(format_args!("{text:<width$}  # {origin}"));
    }
    Ok(())
}

fn text(row: &Row) -> String {
    match &row.value {
        serde_json::Value::Null => format!("{} is not set", row.key),
        value => printable(&format!("{} = {value}", row.key)),
    }
}

fn validate(sources: Sources, file: Option<PathBuf>) -> Result<(), Failure> {
    let named = file.or(sources.named);
    let loaded = config::load(&Sources { named, ..sources })?;
    match loaded.file {
        Some(file) => output::note(format_args!("{} can be used", file.display())),
        None => output::note(format_args!(
            "there is no file; the defaults can be used. `oisp-sensor config example` prints a file to begin with"
        )),
    }
    Ok(())
}

/// What stands above the keys of the example.
const HEAD: &str = "\
# Configuration of oisp-sensor. Every setting is shown with its default: take
# away the # in front of a line, and change its value. `oisp-sensor config
# validate` says what is wrong, `oisp-sensor config show` what is in force.
#
# Flags win over variables, variables over this file.";

fn example() {
    let mut data = Data::new();
    data.line(format_args!("{HEAD}"));
    data.line(format_args!(
        "{}",
        oisp_config::example::<Config>().trim_end()
    ));
}

/// What stands above the keys of the document.
const INTRODUCTION: &str = include_str!("config/introduction.md");

fn document() {
    let reference = oisp_config::document::<Config>();
    let mut data = Data::new();
    data.line(format_args!("{}", INTRODUCTION.trim_end()));
    data.line(format_args!("{}", reference.trim_end()));
}

fn schema() {
    let schema = oisp_config::schema::<Config>();
    Data::new().line(format_args!("{:#}", schema.as_value()));
}
