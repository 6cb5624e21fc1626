//! `doctor`: what can be captured here, what not, and why.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::ask::{Sensor, Unanswered};
use crate::backend;
use crate::cli::DoctorOptions;
use crate::config::Config;
use crate::failure::{FAILED, Failure, PRIVILEGE};
use crate::output::{self, Data, printable};
use crate::self_test::{self, SelfTest};

/// Prints the report. The exit code tells whether capture can work.
pub fn run(options: &DoctorOptions, config: &Config) -> Result<ExitCode, Failure> {
    let mut report = backend::doctor(options.process.as_deref(), &config.capture.signatures)?;
    // About one process the question is another one.
    let wanted = report.works && options.process.is_none() && !options.no_self_test;
    let tested = wanted.then(self_test::run);
    if let (Some(test), Some(fields)) = (&tested, report.json.as_object_mut()) {
        fields.insert(String::from("self_test"), json!(test));
    }
    let running = running(config.web.port);
    if let (Some(running), Some(fields)) = (&running, report.json.as_object_mut()) {
        fields.insert(String::from("running"), running.clone());
    }
    let mut data = Data::new();
    if options.json {
        data.line(format_args!("{:#}", report.json));
    } else {
        data.line(format_args!("{}", report.text.trim_end()));
        if let Some(running) = &running {
            data.line(format_args!(
                "\n{}",
                seen(running, config.web.port, options)
            ));
        }
        if let Some(test) = &tested {
            data.line(format_args!("\n{}", line_of(test)));
        }
    }
    let works = report.works && tested.is_none_or(|test| test.ok);
    Ok(match (works, report.lacks_privilege) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::from(PRIVILEGE),
        (false, false) => ExitCode::from(FAILED),
    })
}

fn line_of(test: &SelfTest) -> String {
    let mark = if test.ok { "ok" } else { "FAILED" };
    let mut line = format!("  {mark:<8} {:<16} {}", "self-test", printable(&test.found));
    if let Some(remedy) = &test.remedy {
        let _ = write!(line, "\n  {:<8} {:<16} to do: {remedy}", "", "");
    }
    line
}

/// What a sensor that runs tells of its capture; `None` where there is none, or
/// where it does not tell this user, which is said.
fn running(port: u16) -> Option<Value> {
    match Sensor::on(port).get("/api/doctor") {
        Ok(answer) => answer.get("processes").is_some().then_some(answer),
        Err(Unanswered::Nobody { .. }) => None,
        Err(error) => {
            output::note(format_args!(
                "what the running sensor has seen is left out: {error}"
            ));
            None
        }
    }
}

/// What it has seen of the processes that were asked for, or of those that it
/// has seen anything of.
fn seen(running: &Value, port: u16, options: &DoctorOptions) -> String {
    let processes = running.get("processes").and_then(Value::as_array);
    let mut text = format!("The sensor on port {port} has seen");
    let mut any = false;
    for process in processes.into_iter().flatten() {
        let bytes = process.get("bytes_seen").and_then(Value::as_u64);
        let wanted = match &options.process {
            Some(wanted) => is_meant(process, wanted),
            None => bytes.is_some_and(|bytes| bytes > 0),
        };
        if wanted {
            any = true;
            let _ = write!(text, "\n{}", seen_line(process, bytes));
        }
    }
    if !any {
        text.push_str(" nothing of it yet");
    }
    text
}

fn seen_line(process: &Value, bytes: Option<u64>) -> String {
    let name = process.get("name").and_then(Value::as_str).unwrap_or("?");
    let pid = process.get("pid").and_then(Value::as_u64).unwrap_or(0);
    let what = bytes.map_or_else(
        || String::from("nothing: it is not captured"),
        |bytes| format!("{} of plaintext", output::bytes(bytes)),
    );
    format!("  {pid:<8} {:<16} {what}", printable(name))
}

fn is_meant(process: &Value, wanted: &str) -> bool {
    let text = |name| {
        process
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match wanted.parse::<u64>() {
        Ok(pid) => process.get("pid").and_then(Value::as_u64) == Some(pid),
        Err(_) => text("name").contains(wanted) || text("exe").contains(wanted),
    }
}
