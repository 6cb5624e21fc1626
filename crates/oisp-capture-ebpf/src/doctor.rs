//! What could be captured on this machine, and what not and why, without
//! capturing anything.
//!
//! Works without privileges as far as it goes, and says what it could not read.

use std::path::PathBuf;

use oisp_core::capture::CaptureError;
use serde::Serialize;

use crate::attach::survey::Survey;
use crate::attach::{Hints, ProcessView};
use crate::error::{EbpfError, privilege_remedy};
use crate::kernel::{self, Feature, KernelFacts, Returns};
use crate::process;
use crate::signature::Signatures;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What it is: `btf`, `uprobes`, …
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// Whether nothing can be captured without it.
    pub required: bool,
    /// What was found.
    pub found: String,
    /// What to do, where something can be done.
    pub remedy: Option<String>,
}

/// A process, and whether it would be captured.
#[derive(Clone, Debug, Serialize)]
pub struct ProcessLine {
    /// Process id.
    pub pid: u32,
    /// Short name.
    pub name: String,
    /// Path of the executable.
    pub exe: Option<String>,
    /// Whether its TLS would be captured.
    pub captured: bool,
    /// Files through which.
    pub via: Vec<String>,
    /// What TLS it seems to carry besides, and is not captured by.
    pub besides: Vec<String>,
    /// Or why not.
    pub why_not: Option<String>,
    /// And what to do about it.
    pub remedy: Option<String>,
}

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorReport {
    /// Everything that is required is there.
    pub can_capture: bool,
    /// The kernel and the user.
    pub kernel: KernelFacts,
    /// What was looked at, in words.
    pub checks: Vec<Check>,
    /// Files that would be probed.
    pub libraries: Vec<String>,
    /// The processes asked for, or all.
    pub processes: Vec<ProcessLine>,
}

/// Looks at this machine. `only` restricts the processes: a process id, or a
/// part of a name or path.
///
/// # Errors
/// When a folder of signatures cannot be read, with the file and the key.
pub fn doctor(only: Option<&str>, signatures: &[PathBuf]) -> Result<DoctorReport, CaptureError> {
    let kernel = KernelFacts::read();
    let signatures = Signatures::load(signatures).map_err(EbpfError::from)?;
    let mut survey = Survey::new(signatures);
    survey.look_at_known();
    let mut hints = Hints::default();
    let pids = process::all()
        .into_iter()
        .filter(|pid| *pid != std::process::id());
    let processes: Vec<ProcessLine> = pids
        .filter_map(|pid| process_line(pid, only, &mut survey, &mut hints))
        .collect();
    let checks = checks(&kernel, &survey);
    Ok(DoctorReport {
        can_capture: checks.iter().all(|check| check.ok || !check.required),
        kernel,
        checks,
        libraries: survey.libraries(),
        processes,
    })
}

fn process_line(
    pid: u32,
    only: Option<&str>,
    survey: &mut Survey,
    hints: &mut Hints,
) -> Option<ProcessLine> {
    let name = process_name(pid)?;
    let exe = std::fs::read_link(process::path(pid, "exe"))
        .ok()
        .map(|exe| exe.to_string_lossy().into_owned());
    if !only.is_none_or(|only| is_meant(only, pid, &name, exe.as_deref())) {
        return None;
    }
    let (seen, via) = survey.look_at(pid, name)?;
    let reason = via.is_empty().then(|| hints.reason(pid, &seen));
    let besides = match reason {
        Some(_) => Vec::new(),
        None => hints.carried(pid, &seen),
    };
    let ProcessView { name, .. } = seen;
    let (why_not, remedy) = reason
        .map(|reason| (reason.why, reason.remedy.map(String::from)))
        .unzip();
    Some(ProcessLine {
        pid,
        name,
        exe,
        captured: !via.is_empty(),
        via,
        besides,
        why_not,
        remedy: remedy.flatten(),
    })
}

fn process_name(pid: u32) -> Option<String> {
    let stat = process::stat::read(pid).filter(|stat| !stat.is_kernel && !stat.is_dead);
    stat.and_then(|_| std::fs::read_to_string(process::path(pid, "comm")).ok())
        .map(|name| String::from(name.trim_end()))
}

fn is_meant(only: &str, pid: u32, name: &str, exe: Option<&str>) -> bool {
    match only.parse::<u32>() {
        Ok(number) => number == pid,
        Err(_) => name.contains(only) || exe.is_some_and(|exe| exe.contains(only)),
    }
}

fn checks(kernel: &KernelFacts, survey: &Survey) -> Vec<Check> {
    let mut checks = vec![
        release(kernel),
        uprobes(kernel),
        btf(kernel),
        lockdown(kernel),
        namespace(kernel),
    ];
    checks.extend(kernel::features().into_iter().map(feature));
    checks.push(seccomp(kernel));
    checks.extend(capabilities(kernel));
    checks.push(libraries(survey));
    checks
}

fn release(kernel: &KernelFacts) -> Check {
    let ok = kernel.is_at_least(5, 10);
    Check {
        name: "kernel",
        ok,
        required: true,
        found: format!("Linux {}", kernel.release),
        remedy: (!ok).then(|| String::from("needs Linux 5.10 or later")),
    }
}

fn uprobes(kernel: &KernelFacts) -> Check {
    let remedy =
        "needs a kernel with CONFIG_UPROBE_EVENTS and CONFIG_PERF_EVENTS, and /sys mounted";
    Check {
        name: "uprobes",
        ok: kernel.uprobes,
        required: true,
        found: String::from(if kernel.uprobes {
            "user-space functions can be probed"
        } else {
            "no uprobes"
        }),
        remedy: (!kernel.uprobes).then(|| String::from(remedy)),
    }
}

fn btf(kernel: &KernelFacts) -> Check {
    let found = if kernel.btf {
        "the kernel describes its types"
    } else {
        "no /sys/kernel/btf/vmlinux: no forks, exit codes, or arguments of short-lived programs"
    };
    Check {
        name: "btf",
        ok: kernel.btf,
        required: false,
        found: String::from(found),
        remedy: (!kernel.btf).then(|| String::from("use a kernel with CONFIG_DEBUG_INFO_BTF")),
    }
}

fn lockdown(kernel: &KernelFacts) -> Check {
    let mode = kernel.lockdown.as_deref().unwrap_or("none");
    let ok = mode != "confidentiality";
    Check {
        name: "lockdown",
        ok,
        required: true,
        found: format!("kernel lockdown: {mode}"),
        remedy: (!ok).then(|| {
            String::from(
                "eBPF cannot read memory in this mode: boot with lockdown=integrity or less",
            )
        }),
    }
}

fn namespace(kernel: &KernelFacts) -> Check {
    let ok = kernel.root_pid_namespace;
    let found = if ok {
        "sees all processes of the machine"
    } else {
        "runs inside a pid namespace"
    };
    Check {
        name: "pid namespace",
        ok,
        required: false,
        found: String::from(found),
        remedy: (!ok).then(|| {
            String::from("start the container with the host's pid namespace (--pid=host)")
        }),
    }
}

fn seccomp(kernel: &KernelFacts) -> Check {
    Check {
        name: "seccomp",
        ok: Returns::found().are_safe(),
        required: false,
        found: format!("diverted returns: {}", kernel.uretprobe),
        remedy: (!Returns::found().are_safe()).then(|| {
            String::from(
                "update the kernel: until then TLS is not captured in files whose return instructions are not all known",
            )
        }),
    }
}

fn feature(feature: Feature) -> Check {
    Check {
        name: feature.name,
        ok: feature.there,
        required: feature.required,
        found: String::from(if feature.there {
            feature.gives
        } else {
            feature.costs
        }),
        remedy: (!feature.there)
            .then(|| String::from("a later kernel, or one built with it, has it")),
    }
}

fn capabilities(kernel: &KernelFacts) -> Vec<Check> {
    if kernel.missing_capabilities.is_empty() {
        let found = String::from("all that capture uses are there");
        return vec![Check {
            name: "capabilities",
            ok: true,
            required: true,
            found,
            remedy: None,
        }];
    }
    let missing = |(name, cost): &(&str, &str)| Check {
        name: "capabilities",
        ok: false,
        required: matches!(*name, "CAP_BPF" | "CAP_PERFMON"),
        found: format!("{name} is missing: {cost}"),
        remedy: Some(privilege_remedy()),
    };
    kernel.missing_capabilities.iter().map(missing).collect()
}

fn libraries(survey: &Survey) -> Check {
    let count = survey.libraries().len();
    Check {
        name: "tls libraries",
        ok: count > 0,
        required: false,
        found: format!("{count} files with probe points"),
        remedy: (count == 0).then(|| {
            String::from("no OpenSSL or node found: nothing to probe until a program maps one")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_meant_by_its_id_or_by_a_part_of_its_name() {
        assert!(is_meant("42", 42, "node", None));
        assert!(!is_meant("42", 4, "node42", None));
        assert!(is_meant("od", 1, "node", None));
        assert!(is_meant("usr/bin", 1, "node", Some("/usr/bin/node")));
    }

    #[test]
    fn what_is_missing_is_said_with_what_it_costs() {
        let mut kernel = KernelFacts::read();
        kernel.missing_capabilities = vec![("CAP_BPF", "nothing is captured")];
        kernel.btf = false;
        let checks = checks(&kernel, &Survey::new(Signatures::default()));
        let failed: Vec<&Check> = checks
            .iter()
            .filter(|check| !check.ok && check.remedy.is_some())
            .collect();
        assert!(
            failed
                .iter()
                .any(|check| check.required && check.found.contains("CAP_BPF")),
            "{failed:?}"
        );
        assert!(
            failed
                .iter()
                .any(|check| !check.required && check.name == "btf"),
            "{failed:?}"
        );
    }

    #[test]
    fn the_report_names_this_machine_s_processes() {
        let parent = std::os::unix::process::parent_id();
        let report = doctor(Some(&parent.to_string()), &[]).unwrap();
        assert_eq!(
            report
                .processes
                .iter()
                .map(|line| line.pid)
                .collect::<Vec<_>>(),
            [parent]
        );
        assert!(serde_json::to_value(&report).is_ok());
    }
}
