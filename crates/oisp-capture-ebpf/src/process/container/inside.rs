//! What a container's own files and processes tell of it. The container itself
//! could have written them: a runtime's files ([`super::sources`]) count first.

use std::os::fd::OwnedFd;
use std::path::Path;

use oisp_core::raw::Container;

use super::files;
use super::sources::{VALUE, set};

/// Longest file inside a container.
const INSIDE: u64 = 64 << 10;
/// How much of an environment is looked through.
const ENVIRONMENT: usize = 256 << 10;

/// Adds what the container's own files and the environment of one of its
/// processes tell; `process` is its folder in `/proc`.
pub(super) fn add_from_inside(container: &mut Container, process: &Path) {
    if let Ok(root) = files::root(&process.join("root")) {
        containerenv(container, &root);
        service_account(container, &root);
    }
    if container.pod_uid.is_some() || container.pod_namespace.is_some() {
        environment(container, process);
    }
}

/// `/run/.containerenv` (podman-run(1)): lines of `key="value"`, or nothing.
fn containerenv(container: &mut Container, root: &OwnedFd) {
    if container.runtime.as_deref() != Some("podman") {
        return;
    }
    let Some(bytes) = files::read(root, "/run/.containerenv", INSIDE) else {
        return;
    };
    let text = String::from_utf8_lossy(&bytes);
    let value = |key: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map_or("", |value| value.trim().trim_matches('"'))
    };
    if value("id") == container.id {
        set(&mut container.name, value("name"));
        set(&mut container.image, value("image"));
    }
}

/// The namespace that a pod may speak for.
fn service_account(container: &mut Container, root: &OwnedFd) {
    let path = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    if container.pod_uid.is_some()
        && let Some(bytes) = files::read(root, path, VALUE as u64)
    {
        set(
            &mut container.pod_namespace,
            String::from_utf8_lossy(&bytes).trim(),
        );
    }
}

/// The variables by which a pod's description hands its name on. Nothing else of
/// the environment is kept.
fn environment(container: &mut Container, process: &Path) {
    let Some(bytes) = crate::process::start_of(&process.join("environ"), ENVIRONMENT) else {
        return;
    };
    for (name, into) in [
        ("POD_NAME=", &mut container.pod_name),
        ("POD_NAMESPACE=", &mut container.pod_namespace),
    ] {
        let value = bytes
            .split_inclusive(|byte| *byte == 0)
            // One that was cut has no end.
            .filter_map(|variable| variable.strip_suffix(&[0])?.strip_prefix(name.as_bytes()))
            .next();
        let value = value.and_then(|value| std::str::from_utf8(value).ok());
        if let Some(value) = value.filter(|value| is_dns_name(value)) {
            set(into, value);
        }
    }
}

/// What Kubernetes lets be the name of an object.
fn is_dns_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}
