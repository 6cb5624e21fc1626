#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test states its assumptions by panicking"
)]

use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const UID: &str = "2c48913c-b29f-11e7-9350-020968147796";

/// A made-up tree of files, removed at its end.
pub(super) struct Tree(PathBuf);

impl Tree {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("oisp-tree-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What is found of a container with the machine's files in `machine` and
    /// those of the process in `process`.
    fn read(&self, container: Container) -> Container {
        let outside = of_machine(container, &[self.path("machine")]);
        of_inside(outside, &self.path("process"))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn container(runtime: Option<&str>, pod_uid: Option<&str>) -> Container {
    Container {
        id: String::from(ID),
        runtime: runtime.map(String::from),
        pod_uid: pod_uid.map(String::from),
        ..Container::default()
    }
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("absent")
}

#[test]
fn docker_knows_name_and_image() {
    let tree = Tree::new("docker");
    let config = serde_json::json!({
        "ID": ID, "Name": "/web", "State": {"Pid": 7},
        "Config": {"Image": "example/web:2", "Env": ["TOKEN=made-up"], "Labels": {"a": "b"}},
    });
    let path = format!("machine/var/lib/docker/containers/{ID}/config.v2.json");
    tree.write(&path, &config.to_string());
    for told in [Some("docker"), None] {
        let found = tree.read(container(told, None));
        assert_eq!(
            (text(&found.runtime), text(&found.name), text(&found.image)),
            ("docker", "web", "example/web:2")
        );
        assert_eq!(found.pod_name, None);
    }
    // A path that says another runtime counts.
    assert_eq!(tree.read(container(Some("podman"), None)).name, None);
    // And a file that is another container's, or none, tells nothing.
    tree.write(&path, r#"{"ID":"other","Name":"/web"}"#);
    assert_eq!(tree.read(container(None, None)), container(None, None));
    tree.write(&path, r#"{"ID":17,"Name":[]}"#);
    assert_eq!(tree.read(container(None, None)), container(None, None));
    tree.write(&path, &"[".repeat(1 << 19));
    assert_eq!(tree.read(container(None, None)), container(None, None));
}

#[test]
fn containerd_knows_the_pod() {
    let tree = Tree::new("containerd");
    let config = serde_json::json!({
        "process": {"env": ["TOKEN=made-up"]},
        "annotations": {
            "io.kubernetes.cri.container-name": "agent",
            "io.kubernetes.cri.container-type": "container",
            "io.kubernetes.cri.image-name": "registry.example/agent:1",
            "io.kubernetes.cri.sandbox-name": "agent-6f5-x2x",
            "io.kubernetes.cri.sandbox-namespace": "team",
            "io.kubernetes.cri.sandbox-uid": UID,
        },
    });
    tree.write(
        &format!("machine/run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"),
        &config.to_string(),
    );
    let found = tree.read(container(None, None));
    let all = [
        &found.runtime,
        &found.name,
        &found.image,
        &found.pod_name,
        &found.pod_namespace,
        &found.pod_uid,
    ];
    assert_eq!(
        all.map(text),
        [
            "containerd",
            "agent",
            "registry.example/agent:1",
            "agent-6f5-x2x",
            "team",
            UID
        ]
    );
}

#[test]
fn crio_knows_the_pod_and_its_place_is_not_taken_for_podman() {
    let tree = Tree::new("crio");
    let path =
        format!("machine/run/containers/storage/overlay-containers/{ID}/userdata/config.json");
    let mut config = serde_json::json!({"annotations": {
        "io.container.manager": "cri-o",
        "io.kubernetes.container.name": "agent",
        "io.kubernetes.cri-o.ImageName": "registry.example/agent:1",
        "io.kubernetes.pod.name": "agent-0",
        "io.kubernetes.pod.namespace": "team",
    }});
    tree.write(&path, &config.to_string());
    let found = tree.read(container(None, Some(UID)));
    assert_eq!(
        [
            &found.runtime,
            &found.name,
            &found.pod_name,
            &found.pod_namespace
        ]
        .map(text),
        ["cri-o", "agent", "agent-0", "team"]
    );
    config["annotations"]["io.container.manager"] = "libpod".into();
    tree.write(&path, &config.to_string());
    assert_eq!(tree.read(container(None, None)).runtime, None);
}

#[test]
fn podman_tells_the_container_itself_or_keeps_a_list() {
    let tree = Tree::new("podman");
    let env = |id: &str| {
        format!(
            "engine=\"podman-4.3.1\"\nname=\"web\"\nid=\"{id}\"\nimage=\"docker.io/x:1\"\nrootless=1\n"
        )
    };
    tree.write("process/root/run/.containerenv", &env(ID));
    let found = tree.read(container(Some("podman"), None));
    assert_eq!(
        (text(&found.name), text(&found.image)),
        ("web", "docker.io/x:1")
    );
    // It may be written by anyone inside: only where it is this container's.
    tree.write("process/root/run/.containerenv", &env("another"));
    assert_eq!(tree.read(container(Some("podman"), None)).name, None);
    tree.write(
        "process/root/run/.containerenv",
        &env(ID).replace("web", "a\u{7}b"),
    );
    assert_eq!(tree.read(container(Some("podman"), None)).name, None);
    tree.write("process/root/run/.containerenv", "");
    let list = serde_json::json!([
        {"id": "another", "names": ["no"]}, {"id": ID, "names": ["web2"], "layer": "x"}
    ]);
    tree.write(
        "machine/var/lib/containers/storage/overlay-containers/containers.json",
        &list.to_string(),
    );
    assert_eq!(
        text(&tree.read(container(Some("podman"), None)).name),
        "web2"
    );
}

#[test]
fn a_pod_is_named_by_its_logs_else_by_what_it_was_handed() {
    let tree = Tree::new("pod");
    tree.write(
        "process/root/var/run/secrets/kubernetes.io/serviceaccount/namespace",
        "team\n",
    );
    tree.write(
        "process/environ",
        "PATH=/bin\0TOKEN=made-up\0POD_NAME=agent-1\0POD_NAMESPACE=else\0",
    );
    let pod = container(None, Some(UID));
    let found = tree.read(pod.clone());
    assert_eq!(
        (text(&found.pod_name), text(&found.pod_namespace)),
        ("agent-1", "team")
    );
    // Outside of Kubernetes such variables are somebody's own.
    assert_eq!(tree.read(container(None, None)), container(None, None));
    for hostile in [
        "POD_NAME=agent-1",
        "POD_NAME=\u{1b}[2J\0",
        "XPOD_NAME=a\0",
        &format!("POD_NAME={}\0", "x".repeat(300)),
        &format!("{}\0POD_NAME=late\0", "x".repeat(300 << 10)),
    ] {
        tree.write("process/environ", hostile);
        assert_eq!(tree.read(pod.clone()).pod_name, None);
    }
    tree.write(&format!("machine/var/log/pods/other_no_{}/x", ID), "");
    tree.write(
        &format!("machine/var/log/pods/prod_agent-7_{UID}/agent/0.log"),
        "",
    );
    let found = tree.read(pod);
    assert_eq!(
        (text(&found.pod_name), text(&found.pod_namespace)),
        ("agent-7", "prod")
    );
}

#[test]
fn a_container_is_looked_at_once_while_nothing_is_missing_and_not_for_ever() {
    let mut containers = Containers::default();
    let lines = format!("0::/docker/{ID}\n");
    let (first, path) = containers.of(std::process::id(), &lines).unwrap();
    assert_eq!((first.id.as_str(), path), (ID, format!("/docker/{ID}")));
    assert_eq!(text(&first.runtime), "docker");
    let known = |containers: &Containers| containers.known.values().next().unwrap().looks;
    assert_eq!(known(&containers), 1);
    for _ in 0..10 {
        containers.of(std::process::id(), &lines).unwrap();
    }
    assert_eq!(known(&containers), 1);
    assert_eq!(containers.of(std::process::id(), "0::/user.slice\n"), None);
}

#[test]
fn a_file_system_that_never_answers_holds_nobody_up() {
    let mut containers = Containers::default();
    let found = cgroup::find(&format!("0::/docker/{ID}\n")).unwrap().0;
    let (held, answer) = sync_channel(1);
    for stuck in 0..READERS {
        let mut other = found.clone();
        other.id = format!("{stuck}");
        let known = Known {
            container: Arc::new(base(&other)),
            answer: Some(sync_channel::<Container>(1).1),
            looks: 1,
            looked: Instant::now(),
        };
        containers.known.insert(other, known);
    }
    // Those threads have ended without an answer: they count no more.
    assert_eq!(containers.readers(), 0);
    let mut known = Known {
        container: Arc::new(base(&found)),
        answer: Some(answer),
        looks: 1,
        looked: Instant::now(),
    };
    let started = Instant::now();
    known.take_answer(WAIT);
    assert!(started.elapsed() < WAIT * 10 && known.answer.is_some() && !known.is_due());
    let late = Container {
        name: Some(String::from("late")),
        ..base(&found)
    };
    held.send(late).unwrap();
    known.take_answer(Duration::ZERO);
    assert_eq!(text(&known.container.name), "late");
}

/// A file system whose owner never answers. Taking it away ends who waits.
struct Silent {
    folder: PathBuf,
    device: Option<std::fs::File>,
}

impl Silent {
    fn mount(folder: PathBuf) -> std::io::Result<Self> {
        use std::os::fd::AsRawFd as _;
        let device = std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")?;
        std::fs::create_dir_all(&folder)?;
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0",
            device.as_raw_fd()
        );
        let options = std::ffi::CString::new(options)?;
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("test", &folder, "fuse", flags, options.as_c_str())?;
        let device = Some(device);
        Ok(Self { folder, device })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        drop(self.device.take());
        let lazily = rustix::mount::UnmountFlags::DETACH;
        let _ = rustix::mount::unmount(&self.folder, lazily);
    }
}

#[test]
fn a_thread_that_waits_for_such_a_file_system_is_left_to_wait() {
    let tree = Tree::new("silent");
    let silent = match Silent::mount(tree.path("machine")) {
        Ok(silent) => silent,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "skipped: containers: no FUSE: {error}");
            return;
        }
    };
    let asked = container(Some("docker"), None);
    let machine = silent.folder.clone();
    let mut known = Known {
        container: Arc::new(asked.clone()),
        answer: look(tree.path("process"), asked.clone(), move || vec![machine]),
        looks: 1,
        looked: Instant::now(),
    };
    let started = Instant::now();
    known.take_answer(WAIT);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(known.answer.is_some(), "it waits still");
    assert_eq!(*known.container, asked);
    drop(silent);
    known.take_answer(Duration::from_secs(30));
    assert!(known.answer.is_none(), "it waits no more");
    assert_eq!(*known.container, asked);
}

#[test]
fn containers_beyond_the_bound_are_forgotten() {
    let mut containers = Containers::default();
    for number in 0..REMEMBERED + 10 {
        let found = Found {
            id: number.to_string(),
            ..Found::default()
        };
        let known = Known {
            container: Arc::new(base(&found)),
            answer: None,
            looks: LOOKS,
            looked: Instant::now(),
        };
        containers.known.insert(found, known);
    }
    containers.get(std::process::id(), Found::default());
    assert!(containers.known.len() <= REMEMBERED);
}
