//! `oisp-sensor`: the command line, the choice of the capture backend, and the
//! order in which the parts start and stop. Nothing else.

mod ask;
mod backend;
mod cli;
mod commands;
mod event_log;
mod failure;
mod hash_key;
mod health;
mod knowledge;
mod output;
mod platform;
mod self_test;
mod sensor;
mod status;
mod token;
mod web;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::LevelFilter;

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    platform::share_one_heap();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * failure::USAGE);
        }
    };
    start_logging(cli.verbose);
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            output::note(format_args!("error: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Record(options) => commands::record::run(&options),
        Command::Demo(options) => commands::demo::run(&options),
        Command::Decode(options) => commands::decode::run(&options),
        Command::Doctor(options) => commands::doctor::run(&options),
        Command::Show(options) => commands::show::run(&options),
        Command::Daemon(command) => commands::daemon::run(&command),
        Command::Status(options) => commands::status::run(&options),
    }
}

fn start_logging(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}
