//! Containers by their control group: the shapes that container runtimes give
//! its path, under version 1 and 2, with the cgroupfs and the systemd driver.
//!
//! Nothing is read here. What has no known shape is no container.

/// Hexadecimal digits of an id.
const ID: usize = 64;
/// Longest name of a container that has no id.
const NAME: usize = 128;

/// What a path tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Found {
    /// The id, or the name where the runtime has no ids.
    pub(crate) id: String,
    /// The runtime, where the shape is one's own.
    pub(crate) runtime: Option<&'static str>,
    /// The name, where the path has it.
    pub(crate) name: Option<String>,
    /// Unique id of the Kubernetes pod.
    pub(crate) pod_uid: Option<String>,
}

/// The innermost container that the lines of `/proc/PID/cgroup` tell, and the
/// path that tells it. A line that knows the pod counts before one that does
/// not.
pub(crate) fn find(lines: &str) -> Option<(Found, &str)> {
    let mut best = None;
    for line in lines.lines() {
        let path = line.splitn(3, ':').nth(2).unwrap_or_default();
        let Some(found) = of_path(path) else {
            continue;
        };
        if found.pod_uid.is_some() {
            return Some((found, path));
        }
        best.get_or_insert((found, path));
    }
    best
}

fn of_path(path: &str) -> Option<Found> {
    // A service that makes its groups below its own is named before a colon:
    // `kubepods-podUID.slice:cri-containerd:ID`.
    let segments: Vec<&str> = path
        .split(['/', ':'])
        .filter(|segment| !segment.is_empty())
        .collect();
    let (mut found, mut pod_uid) = (None, None);
    for (at, segment) in segments.iter().enumerate() {
        if let Some(uid) = pod_uid_of(segment) {
            pod_uid = Some(uid);
            found = None;
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| segments.get(at)).copied();
        let after = segments.get(at + 1).copied();
        if is_monitor(segment) {
            found = None;
        } else if let Some(inner) = of_segment(segment, before, after) {
            found = Some(inner);
        }
    }
    let mut found: Found = found?;
    found.pod_uid = pod_uid;
    Some(found)
}

/// What watches over a container from outside.
fn is_monitor(segment: &str) -> bool {
    ["libpod-conmon-", "crio-conmon-", "lxc.monitor"]
        .iter()
        .any(|prefix| segment.starts_with(prefix))
}

fn of_segment(segment: &str, before: Option<&str>, after: Option<&str>) -> Option<Found> {
    let by_id = |id: &str, runtime| Found {
        id: String::from(id),
        runtime,
        ..Found::default()
    };
    let unit = segment.strip_suffix(".scope").unwrap_or(segment);
    for (prefix, runtime) in PREFIXES {
        if let Some(id) = unit.strip_prefix(prefix).filter(|id| is_id(id)) {
            return Some(by_id(id, Some(runtime)));
        }
    }
    if is_id(segment) || (before_is(before, is_task) && is_task_container(segment)) {
        let runtime = before.and_then(|before| {
            PARENTS
                .iter()
                .find(|(parent, _)| *parent == before)
                .map(|(_, runtime)| *runtime)
        });
        return Some(by_id(segment, runtime));
    }
    named(segment, before, after)
}

/// `PREFIX-ID`, with `.scope` behind it where systemd made the group.
const PREFIXES: [(&str, &str); 7] = [
    ("docker-", "docker"),
    ("cri-containerd-", "containerd"),
    ("nerdctl-", "containerd"),
    ("crio-", "cri-o"),
    ("libpod-payload-", "podman"),
    ("libpod-", "podman"),
    ("podman-", "podman"),
];

/// `PARENT/ID`. Below a pod's group the path does not tell the runtime.
const PARENTS: [(&str, &str); 5] = [
    ("docker", "docker"),
    ("cri-containerd", "containerd"),
    ("default", "containerd"),
    ("k8s.io", "containerd"),
    ("libpod_parent", "podman"),
];

/// Containers that have a name and no id.
fn named(segment: &str, before: Option<&str>, after: Option<&str>) -> Option<Found> {
    let container = |name: &str, runtime| {
        let name = unescape(name).filter(|name| is_name(name))?;
        Some(Found {
            id: name.clone(),
            runtime: Some(runtime),
            name: Some(name),
            pod_uid: None,
        })
    };
    if let Some(name) = segment.strip_prefix("lxc.payload.") {
        return container(name, "lxc");
    }
    if matches!(before, Some("lxc" | "lxc.payload")) {
        return container(segment, "lxc");
    }
    // Its own process is beside what it runs, and so is a virtual machine's.
    let service = segment
        .strip_prefix("systemd-nspawn@")
        .and_then(|name| name.strip_suffix(".service"))
        .filter(|_| after.is_some_and(|after| after != "supervisor"));
    let scope = segment
        .strip_prefix("machine-")
        .and_then(|name| name.strip_suffix(".scope"))
        .filter(|_| after == Some("payload"));
    container(service.or(scope)?, "systemd-nspawn")
}

/// `pod` and the id, alone or at the end of a slice's name, where its dashes are
/// written as underscores.
fn pod_uid_of(segment: &str) -> Option<String> {
    let uid = match segment.strip_suffix(".slice") {
        Some(slice) => {
            let (kind, uid) = slice.rsplit_once("-pod")?;
            kind.contains("kubepods").then_some(uid)?
        }
        None => segment.strip_prefix("pod")?,
    };
    let uid = uid.replace('_', "-");
    is_pod_uid(&uid).then_some(uid)
}

/// A UUID; the pods of a node's own files have 32 digits without dashes.
fn is_pod_uid(uid: &str) -> bool {
    let groups: Vec<usize> = uid.split('-').map(str::len).collect();
    let shape = matches!(groups.as_slice(), [32] | [8, 4, 4, 4, 12]);
    shape && uid.bytes().all(|byte| byte == b'-' || is_hex(byte))
}

fn is_id(text: &str) -> bool {
    text.len() == ID && text.bytes().all(is_hex)
}

/// Amazon's: `/ecs/TASK/CONTAINER`, where the container is named by its task.
fn is_task(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(is_hex)
}

fn is_task_container(text: &str) -> bool {
    text.split_once('-').is_some_and(|(task, number)| {
        is_task(task) && (1..=20).contains(&number.len()) && number.bytes().all(is_digit)
    })
}

fn before_is(before: Option<&str>, shape: impl Fn(&str) -> bool) -> bool {
    before.is_some_and(shape)
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// systemd writes a dash in the name of a unit as `\x2d`.
fn unescape(name: &str) -> Option<String> {
    let mut parts = name.split("\\x");
    let mut out = String::from(parts.next()?);
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        out.push(char::from(u8::from_str_radix(code, 16).ok()?));
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
#[path = "cgroup_tests.rs"]
mod tests;
