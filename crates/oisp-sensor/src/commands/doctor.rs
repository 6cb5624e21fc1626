//! `doctor`: what can be captured here, what not, and why.

use std::process::ExitCode;

use crate::backend;
use crate::cli::DoctorOptions;
use crate::failure::{FAILED, Failure, PRIVILEGE};
use crate::output::Data;

/// Prints the report. The exit code tells whether capture can work.
pub fn run(options: &DoctorOptions) -> Result<ExitCode, Failure> {
    let report = backend::doctor(options.process.as_deref());
    let mut data = Data::new();
    if options.json {
        data.line(format_args!("{:#}", report.json));
    } else {
        data.line(format_args!("{}", report.text.trim_end()));
    }
    Ok(match (report.works, report.lacks_privilege) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::from(PRIVILEGE),
        (false, false) => ExitCode::from(FAILED),
    })
}
