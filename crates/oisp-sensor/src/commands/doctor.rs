//! `doctor`: what can be captured here, what not, and why.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;

use crate::backend;
use crate::cli::DoctorOptions;
use crate::failure::{FAILED, Failure, PRIVILEGE};
use crate::output::{Data, printable};
use crate::self_test::{self, SelfTest};

/// Prints the report. The exit code tells whether capture can work.
pub fn run(options: &DoctorOptions) -> Result<ExitCode, Failure> {
    let mut report = backend::doctor(options.process.as_deref());
    // About one process the question is another one.
    let wanted = report.works && options.process.is_none() && !options.no_self_test;
    let tested = wanted.then(self_test::run);
    if let (Some(test), Some(fields)) = (&tested, report.json.as_object_mut()) {
        fields.insert(String::from("self_test"), json!(test));
    }
    let mut data = Data::new();
    if options.json {
        data.line(format_args!("{:#}", report.json));
    } else {
        data.line(format_args!("{}", report.text.trim_end()));
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
