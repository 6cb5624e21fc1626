//! Names of signals, by Linux's numbers (signal(7), the column for x86 and ARM).

const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// The first signal that a program may use as it likes, by glibc's count: the
/// kernel's are two earlier, and those two are the C library's own.
const FIRST_REAL_TIME: i32 = 34;
const LAST_REAL_TIME: i32 = 64;

/// The name of a signal; `None` for a number that is none.
pub(super) fn name(signal: i32) -> Option<String> {
    if let FIRST_REAL_TIME..=LAST_REAL_TIME = signal {
        return Some(match signal - FIRST_REAL_TIME {
            0 => "SIGRTMIN".into(),
            n => format!("SIGRTMIN+{n}"),
        });
    }
    let index = usize::try_from(signal).ok()?.checked_sub(1)?;
    NAMES.get(index).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_names() {
        for (signal, expected) in [
            (1, Some("SIGHUP")),
            (9, Some("SIGKILL")),
            (11, Some("SIGSEGV")),
            (15, Some("SIGTERM")),
            (31, Some("SIGSYS")),
            (34, Some("SIGRTMIN")),
            (64, Some("SIGRTMIN+30")),
            (0, None),
            (-1, None),
            (32, None),
            (65, None),
        ] {
            assert_eq!(name(signal).as_deref(), expected, "{signal}");
        }
    }
}
