//! What the files tell that a runtime keeps of a container whose id is known. No
//! runtime is asked.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use oisp_core::raw::Container;
use serde::Deserialize;
use serde_json::Value;

use super::files;

/// Longest file of a runtime.
const CONFIG: u64 = 1 << 20;
/// Longest value that is taken: an image may be named with its digest.
pub(super) const VALUE: usize = 512;
/// How many pods' log folders are looked through.
const PODS: usize = 4096;

/// Adds what the files of the machine at that root tell.
pub(super) fn add_from_machine(container: &mut Container, machine: &OwnedFd) {
    for source in [docker, containerd, crio, podman, pod_logs] {
        source(container, machine);
    }
}

/// Docker's `config.v2.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Docker {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    config: DockerConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DockerConfig {
    image: String,
    labels: Option<BTreeMap<String, Value>>,
}

fn docker(container: &mut Container, machine: &OwnedFd) {
    if !may_be(container, "docker") {
        return;
    }
    let path = format!("/var/lib/docker/containers/{}/config.v2.json", container.id);
    let Some(config) = json::<Docker>(machine, &path).filter(|config| config.id == container.id)
    else {
        return;
    };
    container.runtime = Some(String::from("docker"));
    set(&mut container.name, config.name.trim_start_matches('/'));
    set(&mut container.image, &config.config.image);
    let labels = config.config.labels.unwrap_or_default();
    pod_of_labels(container, &labels);
}

/// What the container interface of Kubernetes notes at a container, of the
/// names that the runtimes give them.
fn pod_of_labels(container: &mut Container, labels: &BTreeMap<String, Value>) {
    let text = |name: &str| labels.get(name).and_then(Value::as_str).unwrap_or_default();
    set(&mut container.pod_name, text("io.kubernetes.pod.name"));
    set(
        &mut container.pod_namespace,
        text("io.kubernetes.pod.namespace"),
    );
    set(&mut container.pod_uid, text("io.kubernetes.pod.uid"));
}

/// The part of an OCI runtime's `config.json` that is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Oci {
    annotations: BTreeMap<String, Value>,
}

/// containerd's folder of a running container, in the namespaces that Kubernetes
/// and its own tools use.
fn containerd(container: &mut Container, machine: &OwnedFd) {
    if !may_be(container, "containerd") {
        return;
    }
    for namespace in ["k8s.io", "default"] {
        let path = format!(
            "/run/containerd/io.containerd.runtime.v2.task/{namespace}/{}/config.json",
            container.id
        );
        let Some(Oci { annotations }) = json(machine, &path) else {
            continue;
        };
        let text = |name: &str| {
            annotations
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        container.runtime = Some(String::from("containerd"));
        set(
            &mut container.name,
            text("io.kubernetes.cri.container-name"),
        );
        set(&mut container.name, text("nerdctl/name"));
        set(&mut container.image, text("io.kubernetes.cri.image-name"));
        set(
            &mut container.pod_name,
            text("io.kubernetes.cri.sandbox-name"),
        );
        set(
            &mut container.pod_namespace,
            text("io.kubernetes.cri.sandbox-namespace"),
        );
        set(
            &mut container.pod_uid,
            text("io.kubernetes.cri.sandbox-uid"),
        );
        return;
    }
}

/// CRI-O's folder of a running container.
fn crio(container: &mut Container, machine: &OwnedFd) {
    if !may_be(container, "cri-o") {
        return;
    }
    let path = format!(
        "/run/containers/storage/overlay-containers/{}/userdata/config.json",
        container.id
    );
    let Some(Oci { annotations }) = json(machine, &path) else {
        return;
    };
    let text = |name: &str| {
        annotations
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    // Podman keeps its containers in the same place.
    if text("io.container.manager") != "cri-o" {
        return;
    }
    container.runtime = Some(String::from("cri-o"));
    set(&mut container.name, text("io.kubernetes.container.name"));
    set(&mut container.image, text("io.kubernetes.cri-o.ImageName"));
    pod_of_labels(container, &annotations);
}

/// One of the containers in Podman's list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    id: String,
    names: Vec<String>,
}

/// Podman's list of containers, of those that root runs.
fn podman(container: &mut Container, machine: &OwnedFd) {
    if container.runtime.as_deref() != Some("podman") {
        return;
    }
    let path = "/var/lib/containers/storage/overlay-containers/containers.json";
    let stored: Vec<Stored> = json(machine, path).unwrap_or_default();
    if let Some(stored) = stored.into_iter().find(|stored| stored.id == container.id) {
        set(
            &mut container.name,
            stored.names.first().map_or("", String::as_str),
        );
    }
}

/// The folder in which Kubernetes keeps a pod's logs is named
/// `NAMESPACE_NAME_UID`, whatever the runtime.
fn pod_logs(container: &mut Container, machine: &OwnedFd) {
    let Some(uid) = container.pod_uid.clone() else {
        return;
    };
    if container.pod_name.is_some() && container.pod_namespace.is_some() {
        return;
    }
    let flags =
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
    let within = rustix::fs::ResolveFlags::IN_ROOT | rustix::fs::ResolveFlags::NO_MAGICLINKS;
    let mode = rustix::fs::Mode::empty();
    let Ok(folder) = rustix::fs::openat2(machine, "/var/log/pods", flags, mode, within) else {
        return;
    };
    let Ok(entries) = rustix::fs::Dir::new(folder) else {
        return;
    };
    for entry in entries.take(PODS).filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let mut parts = name.splitn(3, '_');
        if let (Some(namespace), Some(pod), Some(of)) = (parts.next(), parts.next(), parts.next())
            && of == uid
        {
            set(&mut container.pod_namespace, namespace);
            set(&mut container.pod_name, pod);
            return;
        }
    }
}

/// The path told that runtime, or none.
fn may_be(container: &Container, runtime: &str) -> bool {
    container
        .runtime
        .as_deref()
        .is_none_or(|told| told == runtime)
}

/// Where nothing is known yet, and the value is one that can be shown.
pub(super) fn set(into: &mut Option<String>, value: &str) {
    let fit = (1..=VALUE).contains(&value.len()) && !value.chars().any(char::is_control);
    if into.is_none() && fit {
        *into = Some(String::from(value));
    }
}

fn json<T: for<'a> Deserialize<'a>>(root: &OwnedFd, path: &str) -> Option<T> {
    serde_json::from_slice(&files::read(root, path, CONFIG)?).ok()
}
