//! The life of real processes: how they were started, what they used, which
//! container they are in, and who made them. Needs root and a kernel that allows
//! it; skipped aloud elsewhere.

#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use oisp_capture_ebpf::EbpfConfig;
use oisp_core::raw::Usage;
use oisp_core::{ProcessEvent, ProcessFacts, RawKind};
use support::place::{Folder, Group};
use support::{Capture, Program, Server, capture, python};

fn start(test: &str) -> Option<Capture> {
    let config = EbpfConfig {
        ring_bytes: Some(64 << 20),
        sample: Duration::from_millis(100),
        ..EbpfConfig::default()
    };
    capture(test, config, 100_000)
}

/// The programs that a process was, in order.
fn execs(capture: &Capture, pid: u32) -> Vec<Arc<ProcessFacts>> {
    let events = capture.process_events(pid).into_iter();
    events
        .filter_map(|event| match event {
            ProcessEvent::Exec(facts) => Some(Arc::clone(facts)),
            _ => None,
        })
        .collect()
}

fn usage(capture: &Capture, pid: u32) -> Usage {
    let ends: Vec<Usage> = capture
        .process_events(pid)
        .into_iter()
        .filter_map(|event| match event {
            ProcessEvent::Exit { usage, .. } => Some(*usage),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 1, "one end of one process");
    ends[0]
}

#[test]
fn a_script_is_told_beside_its_interpreter() {
    let Some(mut capture) = start("script") else {
        return;
    };
    let folder = Folder::new("script");
    folder.script("tool.sh", "#!/bin/sh -e\nexec /bin/true \"$@\"\n");
    let run = |program: &Path, capture: &mut Capture| {
        let mut child = Command::new(program)
            .arg("an argument")
            .current_dir(folder.path())
            .spawn()
            .unwrap();
        assert!(child.wait().unwrap().success());
        capture.until_exit(child.id());
        execs(capture, child.id())
    };
    let absolute = folder.path().join("tool.sh");
    for given in [absolute.as_path(), Path::new("./tool.sh")] {
        let programs = run(given, &mut capture);
        let [script, program] = programs.as_slice() else {
            panic!("{programs:?}")
        };
        assert_eq!(script.script.as_deref(), given.to_str());
        // What /bin/sh is, is this machine's business.
        let exe = script.exe.as_deref().unwrap();
        assert!(exe.ends_with("sh"), "{exe}");
        let args = script.args.as_ref().unwrap();
        assert_eq!(&args[1..], ["-e", given.to_str().unwrap(), "an argument"]);
        assert_eq!(program.script, None);
        assert!(program.exe.as_deref().unwrap().ends_with("/true"));
    }
}

#[test]
fn arguments_beyond_what_a_record_holds_are_whole() {
    let Some(mut capture) = start("arguments") else {
        return;
    };
    let long = "x".repeat(100_000);
    let mut child = Program::start(
        Command::new("/bin/cat")
            .args(["--", "-", "/dev/null", &long])
            .stderr(Stdio::null()),
    );
    let pid = child.pid();
    capture.until("its start", |capture| !execs(capture, pid).is_empty());
    let args = execs(&capture, pid)[0].args.clone().unwrap();
    assert_eq!(args.len(), 5);
    assert!(args[4] == long, "{} bytes", args[4].len());
    child.kill();
}

/// Uses memory, then time in itself and in the kernel, by as many threads as its
/// argument says, and ends in the middle of them.
const WORK: &str = "\
import hashlib, os, sys, threading, time
block = bytearray(os.urandom(1 << 20) * 48)
def work():
    data = bytes(1 << 20)
    while True:
        hashlib.sha256(data).digest()
        for _ in range(200):
            os.stat('/')
threads = [threading.Thread(target=work, daemon=True) for _ in range(int(sys.argv[1]))]
[thread.start() for thread in threads]
time.sleep(0.6)
os._exit(0)
";

#[test]
#[expect(clippy::zombie_processes, reason = "wait4 waits for it")]
fn what_a_process_used_is_what_its_parent_is_told() {
    let Some(mut capture) = start("usage") else {
        return;
    };
    for threads in ["1", "12"] {
        for _ in 0..5 {
            let child = Command::new(python())
                .args(["-c", WORK, threads])
                .spawn()
                .unwrap();
            let pid = child.id();
            let told = wait_for(pid);
            capture.until_exit(pid);
            let usage = usage(&capture, pid);
            assert_eq!(usage.max_rss_kb, told.max_rss_kb, "{usage:?} {told:?}");
            assert!(usage.max_rss_kb.unwrap() > 48 << 10);
            // The scheduler accounts for the last moment of a thread after its end
            // is reported: a tick each at most, of those that run at once.
            let of = |usage: Usage| {
                let (user, system) = (usage.cpu_user_ms.unwrap(), usage.cpu_system_ms.unwrap());
                assert!(user > 50 && system > 5, "{usage:?}");
                (user, user + system)
            };
            let ((user, all), (told_user, told_all)) = (of(usage), of(told));
            assert!(all.abs_diff(told_all) <= 40, "{usage:?} {told:?}");
            assert!(user.abs_diff(told_user) <= 60, "{usage:?} {told:?}");
        }
    }
}

/// What `wait4` tells of a child.
fn wait_for(pid: u32) -> Usage {
    // SAFETY: zero is a value of each of its fields.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    let pid = libc::pid_t::try_from(pid).unwrap();
    // SAFETY: both pointers are to values that live.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
    assert_eq!((waited, status), (pid, 0));
    let ms = |time: libc::timeval| u64::try_from(time.tv_sec * 1000 + time.tv_usec / 1000).unwrap();
    Usage {
        cpu_user_ms: Some(ms(used.ru_utime)),
        cpu_system_ms: Some(ms(used.ru_stime)),
        max_rss_kb: Some(u64::try_from(used.ru_maxrss).unwrap()),
    }
}

/// Two forks, the process between them ends, and then another program: how a
/// process leaves the one that started it.
const LEAVE: &str = "\
import os, sys, time
read, write = os.pipe()
middle = os.fork()
if middle == 0:
    os.setsid()
    if os.fork() == 0:
        before = os.getppid()
        os.write(write, b'x')
        while os.getppid() == before:
            time.sleep(0.001)
        os.execv('/bin/true', ['left', str(os.getppid())])
    os.read(read, 1)
    os._exit(0)
os.waitpid(middle, 0)
";

#[test]
fn a_process_that_leaves_its_parents_is_traced_to_them() {
    let Some(mut capture) = start("tree") else {
        return;
    };
    let folder = Folder::new("tree");
    folder.script("agent.sh", "#!/bin/sh\n\"$@\"\ntrue\n");
    let mut agent = Command::new(folder.path().join("agent.sh"))
        .arg(python())
        .args(["-c", LEAVE])
        .spawn()
        .unwrap();
    assert!(agent.wait().unwrap().success());
    let left = |capture: &Capture| {
        let last = capture.events.iter().rev();
        let mut starts = last.filter_map(|event| match &event.kind {
            RawKind::Process(ProcessEvent::Exec(facts)) => Some(Arc::clone(facts)),
            _ => None,
        });
        starts.find(|facts| facts.args.as_ref().is_some_and(|args| args[0] == "left"))
    };
    capture.until("the start of the last program", |capture| {
        left(capture).is_some()
    });
    let left = left(&capture).unwrap();
    capture.until_exit(left.pid);
    // Its parent is the one that it has now, not the one that it had.
    assert_eq!(
        left.ppid.map(|ppid| ppid.to_string()),
        left.args.as_ref().map(|args| args[1].clone())
    );
    // Who made whom stands in the forks: up to the agent, and to this test.
    let mut parents = BTreeMap::new();
    for event in &capture.events {
        if let RawKind::Process(ProcessEvent::Fork { child_pid }) = event.kind {
            parents.insert(child_pid, event.pid);
        }
    }
    let mut chain = vec![left.pid];
    while let Some(parent) = chain.last().and_then(|pid| parents.get(pid)) {
        chain.push(*parent);
    }
    let [_, middle, python, agent_pid, test] = chain.as_slice() else {
        panic!("{chain:?}")
    };
    assert_eq!((*agent_pid, *test), (agent.id(), std::process::id()));
    assert_ne!(left.ppid, Some(*middle));
    assert_eq!(execs(&capture, *middle).len(), 0);
    assert!(
        execs(&capture, *python)[0]
            .exe
            .as_deref()
            .unwrap()
            .contains("python")
    );
}

#[test]
fn the_container_is_told_of_programs_that_are_gone_at_once() {
    let Some(mut capture) = start("container") else {
        return;
    };
    let id = format!("{:0>64x}", std::process::id());
    let Some(group) = Group::new(&format!("docker/{id}")) else {
        support::skip("container: no control groups of version 2 to write to");
        return;
    };
    const RUNS: usize = 100;
    let script = format!("/bin/true; for i in $(seq {RUNS}); do /bin/true; done");
    let mut shell = group.shell(&script).spawn().unwrap();
    assert!(shell.wait().unwrap().success());
    capture.until_exit(shell.id());
    let mut inside = 0;
    for event in &capture.events {
        let RawKind::Process(ProcessEvent::Exec(facts)) = &event.kind else {
            continue;
        };
        let is_true = |args: &Vec<String>| args.first().is_some_and(|name| name == "/bin/true");
        if facts.ppid != Some(shell.id()) || facts.args.as_ref().is_none_or(|args| !is_true(args)) {
            continue;
        }
        inside += 1;
        let container = facts.container.as_ref();
        let container = container.unwrap_or_else(|| panic!("run {inside}: {facts:?}"));
        assert_eq!(container.id, id);
        assert_eq!(container.runtime.as_deref(), Some("docker"));
        assert_eq!(
            facts.cgroup.as_deref(),
            Some(format!("/docker/{id}").as_str())
        );
    }
    assert_eq!(inside, RUNS + 1);
    // The shell itself was outside when it started.
    assert_eq!(execs(&capture, shell.id())[0].container, None);
}

#[test]
fn a_process_that_talks_is_sampled() {
    let Some(mut capture) = start("sample") else {
        return;
    };
    let server = Server::start("sample");
    let mut client = server.client(3, 10, 1);
    let of = |capture: &Capture, pid: u32| {
        let details = capture.status.details();
        let usage = details["usage"].as_array().unwrap().clone();
        usage.into_iter().find(|usage| usage["pid"] == pid)
    };
    // It has connected, and said nothing that was captured yet.
    assert_eq!(of(&capture, client.pid()), None);
    client.say("go");
    client.wait();
    capture.until_exit(client.pid());
    capture.until("a second sample of the server", |capture| {
        of(capture, server.pid()).is_some_and(|usage| usage["cpu_percent"].is_number())
    });
    let usage = of(&capture, server.pid()).unwrap();
    assert!(usage["rss_bytes"].as_u64().unwrap() > 1 << 20, "{usage}");
    assert!(usage["threads"].as_u64().unwrap() > 0, "{usage}");
    assert!(usage["open_files"].as_u64().unwrap() > 3, "{usage}");
    assert_eq!(of(&capture, client.pid()), None, "it has ended");
}
