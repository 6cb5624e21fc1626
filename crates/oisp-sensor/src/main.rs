//! `oisp-sensor`: the command line, the choice of the capture backend, and the
//! order in which the parts start and stop. Nothing else.

mod ask;
mod backend;
mod cli;
mod commands;
mod config;
mod event_log;
mod failure;
mod hash_key;
mod health;
mod knowledge;
mod logging;
mod output;
mod platform;
mod policy;
mod reload;
mod self_test;
mod sensor;
mod signals;
mod sinks;
mod status;
mod token;
mod web;

use std::process::ExitCode;

use clap::Parser;
use oisp_config::Sources;

use cli::{Cli, Command};
use failure::Failure;
use logging::Level;

fn main() -> ExitCode {
    platform::share_one_heap();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * failure::USAGE);
        }
    };
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            output::note(format_args!("error: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let sources = Sources::of_this_process(cli.config.clone(), cli.flags());
    if let Command::Config(command) = cli.command {
        return commands::config::run(command, sources);
    }
    let loaded = config::load(&sources)?;
    let config = &loaded.settings;
    let level = Level::start(config.sensor.log_level);
    match cli.command {
        Command::Record(_) => commands::record::run(sources, loaded, level),
        Command::Demo(options) => commands::demo::run(&options, config),
        Command::Decode(options) => commands::decode::run(&options, config),
        Command::Doctor(options) => commands::doctor::run(&options, config),
        Command::Show(options) => commands::show::run(&options.or_configured(config)),
        Command::Daemon(command) => commands::daemon::run(&command),
        Command::Status(options) => commands::status::run(&options, config),
        Command::Config(_) => Ok(ExitCode::SUCCESS),
    }
}
