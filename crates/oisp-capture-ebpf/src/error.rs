//! Why the capture could not start.

use oisp_core::capture::CaptureError;

/// A step of the start that failed.
#[derive(Debug, thiserror::Error)]
pub enum EbpfError {
    /// The user lacks capabilities.
    #[error("capturing with eBPF needs root or {missing}")]
    Privilege {
        /// The missing ones, by name.
        missing: String,
    },
    /// The kernel refused the programs.
    #[error("the kernel did not take the eBPF programs")]
    Load(#[from] aya::EbpfError),
    /// The kernel refused one program.
    #[error("the kernel did not take the eBPF program `{program}`")]
    Program {
        /// Its name.
        program: String,
        /// Why.
        #[source]
        source: Box<aya::programs::ProgramError>,
    },
    /// The kernel refused the programs for user space.
    #[error("the kernel did not take the eBPF programs for TLS functions")]
    Uprobes(#[source] std::io::Error),
    /// A map could not be used.
    #[error("eBPF map `{map}`")]
    Map {
        /// Its name.
        map: &'static str,
        /// Why.
        #[source]
        source: Box<aya::maps::MapError>,
    },
    /// A thread of the start ended without a result.
    #[error("the thread that loads the eBPF programs ended")]
    LoadingEnded,
    /// The ring buffer could not be mapped.
    #[error("cannot map the ring buffer")]
    Ring(#[source] std::io::Error),
    /// The object lacks a program or map that the loader wants.
    #[error("the eBPF object has no `{0}`")]
    Missing(String),
    /// A signature file says what cannot be.
    #[error("a signature file is of no use")]
    Signatures(#[from] crate::signature::SignatureError),
    /// A thread could not be started.
    #[error("cannot start the thread `{name}`")]
    Thread {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl EbpfError {
    /// What the user is told, with the causes in one line.
    fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            // The verifier's log, which some errors carry, is for the debug log.
            let line = error.to_string();
            text.push_str(": ");
            text.push_str(line.lines().next().unwrap_or_default());
            cause = error.source();
        }
        text
    }
}

impl From<EbpfError> for CaptureError {
    fn from(error: EbpfError) -> Self {
        let what = error.with_causes();
        match error {
            EbpfError::Privilege { .. } => Self::Privilege {
                what,
                remedy: privilege_remedy(),
            },
            EbpfError::Load(_) | EbpfError::Program { .. } | EbpfError::Uprobes(_) => {
                Self::Unsupported {
                    what,
                    remedy: String::from(
                        "needs Linux 5.10 or later with CONFIG_BPF_SYSCALL, CONFIG_UPROBE_EVENTS and CONFIG_PERF_EVENTS, \
                     and no kernel lockdown in confidentiality mode; `oisp-sensor doctor` names what is missing",
                    ),
                }
            }
            EbpfError::Thread { source, .. } => Self::Io {
                what: String::from("cannot start a thread"),
                source,
            },
            EbpfError::Ring(source) => Self::Io {
                what: String::from(
                    "cannot map the ring buffer; a smaller one may do (`--ring-mib`)",
                ),
                source,
            },
            EbpfError::Map { .. }
            | EbpfError::Missing(_)
            | EbpfError::LoadingEnded
            | EbpfError::Signatures(_) => Self::Other(what),
        }
    }
}

/// How to get the privileges.
pub(crate) fn privilege_remedy() -> String {
    String::from(
        "run `sudo oisp-sensor record`, or grant them once with `sudo setcap \
         cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search=ep $(command -v oisp-sensor)`",
    )
}
