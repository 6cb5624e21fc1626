//! Linux: eBPF.

use std::fmt::Write as _;
use std::path::PathBuf;

use oisp_capture_ebpf::{
    Check, DoctorReport, EbpfCapture, EbpfConfig, KnowsAgents, PlainPorts, ProcessLine, Stdio,
};
use oisp_core::ProcessFacts;
use oisp_core::capture::{CaptureBackend, CaptureError};
use oisp_registry::{Current, Process};
use serde_json::json;

use super::{BackendSettings, Report};
use crate::config::{Plain, Whose};
use crate::output::printable;

/// The eBPF backend.
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub fn choose(settings: BackendSettings) -> Result<Box<dyn CaptureBackend>, CaptureError> {
    let BackendSettings {
        processes,
        cpu_share,
        files,
        signatures,
        ring_bytes,
        plain,
        stdio,
        registry,
    } = settings;
    let config = EbpfConfig {
        ring_bytes,
        processes,
        cpu_share,
        files,
        signatures,
        plain_ports: plain_ports(&plain),
        stdio: match stdio {
            Whose::Off => Stdio::Off,
            Whose::Agents => Stdio::KnownAgents,
            Whose::All => Stdio::All,
        },
        knows_agents: KnowsAgents::by(move |facts| is_agent(&registry, facts)),
        ..EbpfConfig::default()
    };
    Ok(Box::new(EbpfCapture::new(config)))
}

fn plain_ports(options: &Plain) -> PlainPorts {
    let ports = if options.except.contains(&0) {
        PlainPorts::none()
    } else {
        PlainPorts::default()
    };
    options.except.iter().for_each(|port| ports.ignore(*port));
    options.ports.iter().for_each(|port| ports.watch(*port));
    ports
}

/// A program that talks to models by itself: it is one that starts servers of
/// tools.
fn is_agent(registry: &Current, facts: &ProcessFacts) -> bool {
    let args: Vec<&str> = facts.args.iter().flatten().map(String::as_str).collect();
    let process = Process {
        exe: facts.exe.as_deref(),
        args: &args,
        bundle_id: None,
    };
    let registry = registry.load();
    let app = registry.registry.app_by_process(&process);
    app.is_some_and(|found| {
        let app = found.app;
        !app.framework && (app.is_ai_app || app.is_ai_host || app.agent_type.is_some())
    })
}

/// What the backend finds out about this machine.
///
/// # Errors
/// When a folder of signatures cannot be read.
pub fn doctor(process: Option<&str>, signatures: &[PathBuf]) -> Result<Report, CaptureError> {
    let report = oisp_capture_ebpf::doctor(process, signatures)?;
    let failed = |check: &&Check| check.required && !check.ok;
    let lacks_privilege = report
        .checks
        .iter()
        .filter(failed)
        .any(|check| check.name == "capabilities");
    Ok(Report {
        text: text(&report, process),
        json: serde_json::to_value(&report)
            .unwrap_or_else(|error| json!({"error": error.to_string()})),
        works: report.can_capture && (process.is_none() || all_captured(&report)),
        lacks_privilege,
    })
}

/// There is such a process, and each that matches is captured.
fn all_captured(report: &DoctorReport) -> bool {
    !report.processes.is_empty() && report.processes.iter().all(|line| line.captured)
}

fn text(report: &DoctorReport, process: Option<&str>) -> String {
    let mut out = String::new();
    let verdict = if report.can_capture {
        "capture works here"
    } else {
        "capture does not work here"
    };
    let _ = writeln!(out, "{verdict}\n");
    report
        .checks
        .iter()
        .for_each(|check| check_line(&mut out, check));
    if process.is_none() {
        let _ = writeln!(
            out,
            "\nTLS libraries that are probed ({})",
            report.libraries.len()
        );
        for library in &report.libraries {
            let _ = writeln!(out, "  {}", printable(library));
        }
    }
    processes(&mut out, report, process);
    out
}

fn check_line(out: &mut String, check: &Check) {
    let mark = match (check.ok, check.required) {
        (true, _) => "ok",
        (false, true) => "MISSING",
        (false, false) => "lacks",
    };
    let _ = writeln!(
        out,
        "  {mark:<8} {:<16} {}",
        check.name,
        printable(&check.found)
    );
    if let Some(remedy) = check.remedy.as_deref().filter(|_| !check.ok) {
        let _ = writeln!(out, "  {:<8} {:<16} to do: {remedy}", "", "");
    }
}

fn processes(out: &mut String, report: &DoctorReport, process: Option<&str>) {
    let (captured, not): (Vec<_>, Vec<_>) = report.processes.iter().partition(|line| line.captured);
    if report.processes.is_empty()
        && let Some(process) = process
    {
        let _ = writeln!(out, "\nno process matches {}", printable(process));
    }
    if !captured.is_empty() {
        let _ = writeln!(
            out,
            "\nProcesses that would be captured ({})",
            captured.len()
        );
        captured.iter().for_each(|line| process_line(out, line));
    }
    // Most processes speak no TLS at all: without a question about one of them
    // they are only counted.
    let (shown, counted): (Vec<_>, Vec<_>) = not
        .into_iter()
        .partition(|line| process.is_some() || line.remedy.is_some());
    if !shown.is_empty() {
        let _ = writeln!(out, "\nProcesses that would not ({})", shown.len());
        shown.iter().for_each(|line| process_line(out, line));
    }
    if !counted.is_empty() {
        let _ = writeln!(
            out,
            "\n{} more processes have no TLS library; `oisp-sensor doctor PID|NAME` tells of one",
            counted.len()
        );
    }
}

fn process_line(out: &mut String, line: &ProcessLine) {
    let why = match &line.why_not {
        Some(why) => why.clone(),
        None => format!("by {}", line.via.join(", ")),
    };
    let _ = writeln!(
        out,
        "  {:<8} {:<16} {}",
        line.pid,
        printable(&line.name),
        printable(&why)
    );
    if !line.besides.is_empty() {
        let besides = line.besides.join(", ");
        let _ = writeln!(
            out,
            "  {:<8} {:<16} but {}: no probe point in this version",
            "",
            "",
            printable(&besides)
        );
    }
    if let Some(remedy) = &line.remedy {
        let _ = writeln!(out, "  {:<8} {:<16} to do: {remedy}", "", "");
    }
}
