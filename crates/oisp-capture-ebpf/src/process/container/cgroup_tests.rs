use super::*;

const A: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const B: &str = "ffffffffffffffffffffffffffffffff00000000000000000000000000000000";
const POD: &str = "2c48913c-b29f-11e7-9350-020968147796";

/// Runtime, id and pod of a path in which `A`, `B`, `POD` and `P_O_D` stand for
/// ids.
fn seen(path: &str) -> Option<(Option<&'static str>, String, Option<String>)> {
    let path = path
        .replace("P_O_D", &POD.replace('-', "_"))
        .replace("POD", POD)
        .replace("$A", A)
        .replace("$B", B);
    let line = format!("0::{path}");
    find(&line).map(|(found, _)| {
        let id = match found.id.as_str() {
            A => "A",
            B => "B",
            other => other,
        };
        (found.runtime, String::from(id), found.pod_uid)
    })
}

#[test]
fn each_runtime_is_known_by_the_shape_of_its_path() {
    let shapes = [
        ("/docker/$A", Some("docker")),
        ("/system.slice/docker-$A.scope", Some("docker")),
        ("/system.slice/docker-$A.scope/init.scope", Some("docker")),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-$A.scope",
            Some("docker"),
        ),
        ("/../../docker/$A", Some("docker")),
        ("/docker/$B/docker/$A", Some("docker")),
        ("/default/$A", Some("containerd")),
        ("/k8s.io/$A", Some("containerd")),
        ("/system.slice/nerdctl-$A.scope", Some("containerd")),
        ("/system.slice/cri-containerd-$A.scope", Some("containerd")),
        ("/machine.slice/libpod-$A.scope/container", Some("podman")),
        ("/machine.slice/libpod-$A.scope", Some("podman")),
        (
            "/machine.slice/machine-libpod_pod_$B.slice/libpod-$A.scope",
            Some("podman"),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-$A.scope/container",
            Some("podman"),
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-$A",
            Some("podman"),
        ),
        ("/libpod_parent/libpod-$A", Some("podman")),
        ("/libpod_parent/$A", Some("podman")),
        ("/ecs/0123456789abcdef0123456789abcdef/$A", None),
        ("/actions_job/$A", None),
    ];
    for (path, runtime) in shapes {
        assert_eq!(
            seen(path),
            Some((runtime, String::from("A"), None)),
            "{path}"
        );
    }
}

#[test]
fn a_pod_is_known_by_the_group_around_its_containers() {
    let pod = String::from(POD);
    let shapes = [
        ("/kubepods/podPOD/$A", None),
        ("/kubepods/burstable/podPOD/$A", None),
        ("/kubepods/besteffort/podPOD/$A", None),
        ("/kubepods/burstable/podPOD/crio-$A", Some("cri-o")),
        (
            "/kubepods.slice/kubepods-podP_O_D.slice/cri-containerd-$A.scope",
            Some("containerd"),
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podP_O_D.slice/cri-containerd-$A.scope",
            Some("containerd"),
        ),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podP_O_D.slice/crio-$A.scope/container",
            Some("cri-o"),
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podP_O_D.slice/docker-$A.scope",
            Some("docker"),
        ),
        (
            "/system.slice/containerd.service/kubepods-besteffort-podP_O_D.slice:cri-containerd:$A",
            Some("containerd"),
        ),
        // A node that is a container itself.
        ("/docker/$B/kubelet/kubepods/burstable/podPOD/$A", None),
        (
            "/docker/$B/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-podP_O_D.slice/cri-containerd-$A.scope",
            Some("containerd"),
        ),
    ];
    for (path, runtime) in shapes {
        assert_eq!(
            seen(path),
            Some((runtime, String::from("A"), Some(pod.clone()))),
            "{path}"
        );
    }
    let own = "/kubepods/burstable/pod0123456789abcdef0123456789abcdef/$A";
    assert_eq!(
        seen(own).unwrap().2.as_deref(),
        Some("0123456789abcdef0123456789abcdef")
    );
}

#[test]
fn containers_without_ids_go_by_their_names() {
    let shapes = [
        ("/lxc/web", "lxc", "web"),
        (
            "/lxc.payload.web-1/system.slice/ssh.service",
            "lxc",
            "web-1",
        ),
        ("/lxc.payload/web", "lxc", "web"),
        (
            "/machine.slice/systemd-nspawn@deb.service/payload/init.scope",
            "systemd-nspawn",
            "deb",
        ),
        (
            "/machine.slice/systemd-nspawn@deb\\x2d12.service/init.scope",
            "systemd-nspawn",
            "deb-12",
        ),
        (
            "/machine.slice/machine-deb.scope/payload",
            "systemd-nspawn",
            "deb",
        ),
    ];
    for (path, runtime, name) in shapes {
        assert_eq!(
            seen(path),
            Some((Some(runtime), String::from(name), None)),
            "{path}"
        );
    }
    let (found, _) = find("0::/lxc/web").unwrap();
    assert_eq!(found.name.as_deref(), Some("web"));
}

#[test]
fn what_is_no_container_is_none() {
    for path in [
        "/",
        "",
        "/user.slice/user-1000.slice/session-3.scope",
        "/system.slice/docker.service",
        "/system.slice/containerd.service",
        "/kubepods.slice/kubepods-burstable.slice",
        "/kubepods/burstable/podPOD",
        "/system.slice/docker-abc.scope",
        "/docker/buildkit/z12x3",
        "/process_api/0123456789abcdef0123456789abcdef",
        "/machine.slice/libpod-conmon-$A.scope",
        "/kubepods.slice/kubepods-podP_O_D.slice/crio-conmon-$A.scope",
        "/lxc.monitor.web",
        "/lxc",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
        "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
        "/machine.slice/systemd-nspawn@deb.service",
        "/machine.slice/systemd-nspawn@deb.service/supervisor",
        "/machine.slice/machine-\\xzz.scope/payload",
        "/lxc/a b",
        "/lxc/..",
        "/system.slice/podman-auto-update.service",
    ] {
        assert_eq!(seen(path), None, "{path}");
    }
}

#[test]
fn the_line_that_knows_the_pod_counts_first() {
    let lines = format!(
        "12:name=systemd:/system.slice/containerd.service\n11:pids:/default/{B}\n\
         3:memory:/kubepods/besteffort/pod{POD}/{A}\n0::/\n"
    );
    let (found, path) = find(&lines).unwrap();
    assert_eq!(
        (found.id.as_str(), found.pod_uid.as_deref()),
        (A, Some(POD))
    );
    assert!(path.starts_with("/kubepods/"));
    assert_eq!(find("not a line\n\n7:x"), None);
    assert_eq!(find(&format!("1::/lxc/{}", "x".repeat(5000))), None);
}
