//! What is known of a process, from `/proc/PID`.

use std::path::Path;

use oisp_core::ProcessFacts;

use super::container::Containers;
use super::groups::{self, Group, Groups};
use super::stat::Stat;
use super::users::Users;
use crate::clock::WallClock;

/// Arguments beyond this are cut: a command line may be as long as 6 MiB. One
/// argument may have half of it.
const ARGS_LIMIT: usize = 256 << 10;
/// Behind an argument that was cut.
const CUT: char = '…';

/// What processes share, by which they are described.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) users: Users,
    groups: Groups,
    containers: Containers,
}

impl Shared {
    /// With the users of this machine.
    pub(crate) fn load() -> Self {
        Self {
            users: Users::load(),
            groups: Groups::default(),
            containers: Containers::default(),
        }
    }

    /// The control group and the container of a process.
    fn group(&mut self, pid: u32) -> Option<Group> {
        let lines = text(&super::path(pid, "cgroup"))?;
        let group = match self.containers.of(pid, &lines) {
            Some((container, path)) => Group {
                path,
                container: Some(container),
            },
            None => Group {
                path: cgroup(&lines)?,
                container: None,
            },
        };
        self.groups.learn(&lines, &group);
        Some(group)
    }

    /// The same for a process that is gone, by the id of the group.
    pub(crate) fn group_of(&mut self, pid: u32, id: u64) -> Option<Group> {
        if let Some(group) = self.groups.get(id) {
            return Some(group.clone());
        }
        let path = groups::path_of(id)?;
        let container = self.containers.of(pid, &format!("0::{path}"));
        let container = container.map(|(container, _)| container);
        let group = Group { path, container };
        self.groups.keep(id, &group);
        Some(group)
    }
}

/// Reads what `/proc` shows. What it does not show is absent: a process may be
/// gone, or another user's.
pub(crate) fn read(pid: u32, stat: &Stat, shared: &mut Shared, clock: WallClock) -> ProcessFacts {
    let (uid, gid) = owner(pid).unzip();
    let (cgroup, container) = shared
        .group(pid)
        .map(|group| (group.path, group.container))
        .unzip();
    ProcessFacts {
        pid,
        ppid: (stat.ppid != 0).then_some(stat.ppid),
        exe: link(&super::path(pid, "exe")),
        comm: text(&super::path(pid, "comm")),
        args: super::start_of(&super::path(pid, "cmdline"), ARGS_LIMIT + 1)
            .and_then(|raw| args(&raw)),
        script: None,
        cwd: link(&super::path(pid, "cwd")),
        uid,
        gid,
        user: uid.and_then(|uid| shared.users.name(uid)),
        started: Some(clock.at(stat.start_ns)),
        cgroup,
        container: container.flatten(),
        bundle_id: None,
    }
}

/// Arguments as the kernel keeps them: each ended by a zero.
pub(crate) fn args(raw: &[u8]) -> Option<Vec<String>> {
    let is_cut = raw.len() > ARGS_LIMIT;
    let raw = raw.get(..raw.len().min(ARGS_LIMIT))?;
    let raw = raw.strip_suffix(&[0]).unwrap_or(raw);
    if raw.is_empty() {
        return None;
    }
    let mut args: Vec<String> = raw
        .split(|byte| *byte == 0)
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect();
    if let Some(last) = args.last_mut().filter(|_| is_cut) {
        last.push(CUT);
    }
    Some(args)
}

/// A program that was replaced on disk is still named by its path.
fn link(path: &Path) -> Option<String> {
    let target = std::fs::read_link(path).ok()?;
    let target = target.to_string_lossy();
    Some(String::from(
        target.strip_suffix(" (deleted)").unwrap_or(&target),
    ))
}

fn text(path: &Path) -> Option<String> {
    let text = std::fs::read(path).ok()?;
    Some(String::from(String::from_utf8_lossy(&text).trim_end()))
}

/// Effective user and group id.
fn owner(pid: u32) -> Option<(u32, u32)> {
    let status = text(&super::path(pid, "status"))?;
    let id = |name| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))?
            .split_ascii_whitespace()
            .nth(1)
    };
    Some((id("Uid:")?.parse().ok()?, id("Gid:")?.parse().ok()?))
}

/// The path in the unified hierarchy; on a machine with version 1 alone, that of
/// a hierarchy in which containers have a path of their own.
fn cgroup(lines: &str) -> Option<String> {
    let mut paths = lines.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let named = |wanted: &'static str| {
        move |(controllers, path): &(&str, &str)| {
            *path != "/"
                && controllers
                    .split(',')
                    .any(|controller| controller == wanted)
        }
    };
    let all: Vec<(&str, &str)> = paths.by_ref().collect();
    ["", "pids", "memory", "cpu", "name=systemd"]
        .into_iter()
        .find_map(|wanted| all.iter().copied().find(named(wanted)))
        .or_else(|| {
            all.iter()
                .copied()
                .find(|(controllers, _)| controllers.is_empty())
        })
        .map(|(_, path)| String::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_may_be_empty_strings() {
        assert_eq!(args(b"curl\0\0-s\0").unwrap(), ["curl", "", "-s"]);
        assert_eq!(args(b"title without zero").unwrap(), ["title without zero"]);
        assert_eq!(args(b""), None);
    }

    #[test]
    fn arguments_that_were_cut_say_so() {
        let mut raw = b"x\0".to_vec();
        raw.resize(ARGS_LIMIT, b'a');
        let whole = args(&raw).unwrap();
        assert!(whole[1].ends_with('a') && whole[1].len() == ARGS_LIMIT - 2);
        raw.push(b'a');
        let cut = args(&raw).unwrap();
        assert_eq!(cut[1].strip_suffix(CUT), Some(whole[1].as_str()));
    }

    #[test]
    fn the_unified_group_counts_before_the_others() {
        assert_eq!(
            cgroup("4:pids:/docker/ab\n0::/user.slice\n").as_deref(),
            Some("/user.slice")
        );
        assert_eq!(
            cgroup("4:cpu,pids:/docker/ab\n0::/\n").as_deref(),
            Some("/docker/ab")
        );
        assert_eq!(cgroup("4:pids:/\n0::/\n").as_deref(), Some("/"));
        assert_eq!(cgroup(""), None);
    }

    #[test]
    fn this_process_is_described() {
        let pid = std::process::id();
        let stat = super::super::stat::read(pid).unwrap();
        let facts = read(pid, &stat, &mut Shared::load(), WallClock::measure());
        assert_eq!(
            facts.exe,
            std::env::current_exe().unwrap().to_str().map(String::from)
        );
        assert_eq!(
            facts.cwd,
            std::env::current_dir().unwrap().to_str().map(String::from)
        );
        assert_eq!(facts.args.unwrap(), std::env::args().collect::<Vec<_>>());
        assert_eq!(facts.ppid, Some(std::os::unix::process::parent_id()));
        assert!(facts.uid.is_some() && facts.started.is_some());
    }
}
