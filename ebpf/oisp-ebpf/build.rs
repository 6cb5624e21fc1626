//! Tells the programs whose registers they read: `bpf_target_arch`, from the
//! variable that aya-ebpf reads too.

fn main() {
    println!("cargo::rerun-if-env-changed=AYA_BPF_TARGET_ARCH");
    println!("cargo::rustc-check-cfg=cfg(bpf_target_arch, values(\"x86_64\", \"aarch64\"))");
    let arch = std::env::var("AYA_BPF_TARGET_ARCH").unwrap_or_else(|_| String::from("x86_64"));
    println!("cargo::rustc-cfg=bpf_target_arch=\"{arch}\"");
}
