#!/bin/sh
# Builds the eBPF programs into ebpf/prebuilt/, one object per architecture.
#
#   scripts/ebpf-build.sh           builds both objects
#   scripts/ebpf-build.sh --check   builds to a temporary folder, and fails where
#                                   the bytes differ from the committed ones
#
# Nobody needs this to build or run the sensor: the objects are committed. The
# bytes depend on the compiler, so --check wants the toolchain named below.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
tools=$root/.tools
linker_version=0.13.0
llvm=22
arches='x86_64 aarch64'

say() { echo "ebpf-build: $*" >&2; }
fail() { say "$*"; exit 1; }

# Debian's rustc-web has the core library for bpf prebuilt; a rustup nightly with
# rust-src builds it.
find_toolchain() {
    if [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/bpfel-unknown-none" ]; then
        cargo=/usr/bin/cargo
        RUSTC=/usr/bin/rustc
        export RUSTC
        # For the assembly in counter.rs, which a stable compiler only takes so.
        RUSTC_BOOTSTRAP=1
        export RUSTC_BOOTSTRAP
        build_core=
        sysroot=$($RUSTC --print sysroot)
        return
    fi
    nightly=$(rustup which --toolchain nightly rustc 2>/dev/null) || nightly=
    if [ -n "$nightly" ] && [ -d "$("$nightly" --print sysroot)/lib/rustlib/src/rust/library" ]; then
        cargo=$(rustup which --toolchain nightly cargo)
        RUSTC=$nightly
        export RUSTC
        build_core='-Zbuild-std=core'
        sysroot=$("$nightly" --print sysroot)
        return
    fi
    fail "no Rust toolchain with the bpf target. On Debian 12 and later:
  apt-get install rustc-web cargo-web libstd-rust-web-dev-bpf llvm-$llvm-dev
elsewhere:
  rustup toolchain install nightly --component rust-src"
}

find_linker() {
    PATH=$tools/bin:$PATH
    export PATH
    if command -v bpf-linker >/dev/null; then
        return
    fi
    prefix=/usr/lib/llvm-$llvm
    [ -x "$prefix/bin/llvm-config" ] || fail "bpf-linker is missing, and so is LLVM to build it:
  apt-get install llvm-$llvm-dev
or put a bpf-linker on the PATH"
    say "installing bpf-linker $linker_version into .tools"
    # Without the prefix another llvm-config is found, and linking fails.
    env -u RUSTC -u RUSTC_BOOTSTRAP LLVM_PREFIX="$prefix" LLVM_SYS_${llvm}1_PREFIX="$prefix" \
        PATH="$prefix/bin:$PATH" \
        cargo install --quiet --locked --root "$tools" "bpf-linker@$linker_version" \
        --no-default-features --features "llvm-$llvm"
}

find_objcopy() {
    for objcopy in "/usr/lib/llvm-$llvm/bin/llvm-objcopy" "$sysroot"/lib/rustlib/*/bin/rust-objcopy llvm-objcopy; do
        if command -v "$objcopy" >/dev/null; then
            return
        fi
    done
    fail "llvm-objcopy is missing: apt-get install llvm-$llvm, or rustup component add llvm-tools"
}

# Paths of the building machine must not get into the object.
flags() {
    home=${CARGO_HOME:-$HOME/.cargo}
    printf '%s' "-C linker=bpf-linker" \
        " --remap-path-prefix=$root/ebpf=/ebpf" \
        " --remap-path-prefix=$home=/cargo" \
        " --remap-path-prefix=$sysroot=/rust"
}

build() {
    arch=$1
    into=$2
    (
        cd "$root/ebpf"
        # shellcheck disable=SC2086
        AYA_BPF_TARGET_ARCH=$arch RUSTFLAGS="$(flags)" \
            "$cargo" build --quiet --locked --release $build_core \
            --package oisp-ebpf --target bpfel-unknown-none --target-dir "$root/ebpf/target/$arch"
    )
    # The core library's debug information, with paths of its own.
    "$objcopy" --strip-debug "$root/ebpf/target/$arch/bpfel-unknown-none/release/oisp-ebpf" "$into/oisp-ebpf.$arch.o"
}

find_toolchain
find_linker
find_objcopy
unset CARGO_ENCODED_RUSTFLAGS 2>/dev/null || true

if [ "${1:-}" = --check ]; then
    built=$(mktemp -d)
    trap 'rm -rf "$built"' EXIT
    for arch in $arches; do
        build "$arch" "$built"
        cmp "$built/oisp-ebpf.$arch.o" "$root/ebpf/prebuilt/oisp-ebpf.$arch.o" ||
            fail "ebpf/prebuilt/oisp-ebpf.$arch.o is not what the source builds to with $("$RUSTC" --version); run scripts/ebpf-build.sh"
    done
    say "the committed objects are what the source builds to"
else
    for arch in $arches; do
        build "$arch" "$root/ebpf/prebuilt"
        say "built ebpf/prebuilt/oisp-ebpf.$arch.o"
    done
fi
