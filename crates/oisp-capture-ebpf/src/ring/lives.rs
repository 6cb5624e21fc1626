//! What the kernel's records tell of the life of a process.

use oisp_core::raw::Usage;
use oisp_core::{ProcessEvent, ProcessFacts};
use oisp_ebpf_common::record::{self, FILE_NAME_LEN, ProcessHead, Spent};

use super::parse::Names;
use crate::clock::WallClock;
use crate::process::table::Told;
use crate::process::{facts, stat};

/// What a record tells of its process.
pub(super) fn told(head: &ProcessHead, names: &Names<'_>, clock: WallClock) -> Told {
    let is_cut = head.flags & record::ARGS_CUT != 0;
    let mut args = facts::args(names.args);
    let first_args = match args.as_mut().filter(|_| is_cut) {
        Some(args) => {
            // The last one may go on.
            args.pop();
            std::mem::take(args)
        }
        None => Vec::new(),
    };
    let facts = ProcessFacts {
        pid: head.tgid,
        ppid: (head.ppid != 0).then_some(head.ppid),
        // A relative path says nothing without the directory it is meant from.
        exe: name(names.file_name).filter(|path| path.starts_with('/')),
        comm: text(&head.comm),
        args: args.filter(|_| !is_cut),
        script: name(names.script),
        uid: Some(head.uid),
        gid: Some(head.gid),
        started: (head.start_ns != 0).then(|| clock.at(stat::in_ticks(head.start_ns))),
        ..ProcessFacts::default()
    };
    Told {
        start_ns: head.start_ns,
        facts,
        first_args,
        cgroup: head.cgroup,
    }
}

/// A name that fills its field may have been cut.
fn name(bytes: &[u8]) -> Option<String> {
    text(bytes).filter(|_| bytes.len() < FILE_NAME_LEN)
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|byte| *byte == 0).next()?;
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
}

/// The end of a process. The status is as `wait` gives it: signal in the low 7
/// bits, then the core bit, then the exit code.
pub(super) fn exit_event(head: &ProcessHead, spent: &Spent) -> ProcessEvent {
    let status = (head.code_known != 0).then_some(head.code);
    let signal = status
        .map(|status| status & 0x7f)
        .filter(|signal| *signal != 0);
    let code = status
        .filter(|_| signal.is_none())
        .map(|status| (status >> 8) & 0xff);
    ProcessEvent::Exit {
        code: code.and_then(|code| i32::try_from(code).ok()),
        signal: signal.and_then(|signal| i32::try_from(signal).ok()),
        core_dumped: status.is_some_and(|status| status & 0x80 != 0),
        runtime_ms: (head.start_ns != 0)
            .then(|| head.at_ns.saturating_sub(head.start_ns) / NANOS_PER_MS),
        usage: usage(spent),
    }
}

const NANOS_PER_MS: u64 = 1_000_000;

fn usage(spent: &Spent) -> Usage {
    let times = (spent.known & record::SPENT_TIMES != 0).then(|| times(spent));
    let (user, system) = times.unzip();
    let page_kb = u64::try_from(rustix::param::page_size() / 1024).unwrap_or(0);
    Usage {
        cpu_user_ms: user.map(|ns| ns / NANOS_PER_MS),
        cpu_system_ms: system.map(|ns| ns / NANOS_PER_MS),
        max_rss_kb: (spent.known & record::SPENT_RSS != 0)
            .then(|| spent.max_rss_pages.saturating_mul(page_kb)),
    }
}

/// Nanoseconds in the program and in the kernel, as `getrusage` tells them: the
/// samples give the ratio, the scheduler's measure gives the sum.
fn times(spent: &Spent) -> (u64, u64) {
    let (user, system, total) = (spent.user_ns, spent.system_ns, spent.run_ns);
    let in_kernel = match (user, system) {
        (_, 0) => 0,
        (0, _) => total,
        _ => {
            let sum = u128::from(user) + u128::from(system);
            let part = u128::from(system) * u128::from(total) / sum;
            u64::try_from(part).unwrap_or(total)
        }
    };
    (total.saturating_sub(in_kernel), in_kernel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(code: u32) -> ProcessHead {
        ProcessHead {
            kind: record::EXIT,
            flags: 0,
            file_name_len: 0,
            args_len: 0,
            tgid: 1,
            tid: 1,
            at_ns: 5_000_000,
            start_ns: 2_000_000,
            ppid: 0,
            uid: 0,
            gid: 0,
            code,
            code_known: 1,
            script_len: 0,
            comm: [0; 16],
            cgroup: 0,
        }
    }

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        let event = |code, signal, core_dumped| ProcessEvent::Exit {
            code,
            signal,
            core_dumped,
            runtime_ms: Some(3),
            usage: Usage::default(),
        };
        let exit = |code| exit_event(&head(code), &Spent::default());
        assert_eq!(exit(0), event(Some(0), None, false));
        assert_eq!(exit(3 << 8), event(Some(3), None, false));
        assert_eq!(exit(9), event(None, Some(9), false));
        assert_eq!(exit(11 | 0x80), event(None, Some(11), true));
    }

    #[test]
    fn times_have_the_ratio_of_the_samples_and_the_sum_of_the_measure() {
        let of = |user_ms, system_ms, run_ms| {
            let spent = Spent {
                known: record::SPENT_TIMES,
                user_ns: user_ms * NANOS_PER_MS,
                system_ns: system_ms * NANOS_PER_MS,
                run_ns: run_ms * NANOS_PER_MS,
                max_rss_pages: 7,
            };
            let usage = usage(&spent);
            assert_eq!(usage.max_rss_kb, None);
            (usage.cpu_user_ms.unwrap(), usage.cpu_system_ms.unwrap())
        };
        assert_eq!(of(30, 10, 44), (33, 11));
        assert_eq!(of(0, 0, 3), (3, 0));
        assert_eq!(of(0, 4, 3), (0, 3));
        assert_eq!(of(0, 0, 0), (0, 0));
        // Hundred processors for hundred years.
        let far = 100 * 365 * 86_400_000 * 100;
        let far = far / 20;
        assert_eq!(of(far, far, far), (far / 2, far / 2));
    }

    #[test]
    fn pages_are_told_where_they_are_known() {
        let spent = Spent {
            known: record::SPENT_RSS,
            max_rss_pages: 10,
            ..Spent::default()
        };
        let usage = usage(&spent);
        assert_eq!(usage.cpu_user_ms, None);
        assert_eq!(
            usage.max_rss_kb.unwrap() * 1024,
            10 * u64::try_from(rustix::param::page_size()).unwrap()
        );
    }

    #[test]
    fn what_may_have_been_cut_is_not_told() {
        let clock = WallClock::measure();
        let names = Names {
            file_name: b"/bin/python3\0",
            script: b"./tool.py\0",
            args: b"python3\0./tool.py\0--lo",
        };
        let whole = told(&head(0), &names, clock);
        assert_eq!(whole.facts.script.as_deref(), Some("./tool.py"));
        assert_eq!(whole.facts.exe.as_deref(), Some("/bin/python3"));
        assert_eq!(whole.facts.args.unwrap().len(), 3);
        assert!(whole.first_args.is_empty());
        let mut cut = head(0);
        cut.flags = record::ARGS_CUT;
        let cut = told(&cut, &names, clock);
        assert_eq!(cut.facts.args, None);
        assert_eq!(cut.first_args, ["python3", "./tool.py"]);
        let long = [b'/'; FILE_NAME_LEN];
        let names = Names {
            file_name: &long,
            script: &long,
            args: b"",
        };
        let cut = told(&head(0), &names, clock);
        assert_eq!((cut.facts.exe, cut.facts.script), (None, None));
    }
}
