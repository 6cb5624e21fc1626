#!/usr/bin/env bash
# The sensor on other kernels: boots those of Debian 11, 12 and 13 in an emulated
# machine, and on each compares what is captured of real clients with what the
# provider logged, byte for byte; the last once more with the seccomp that Linux
# 6.11 came with, under which a plain return probe kills sandboxed programs. Needs
# an x86-64 Debian; what it cannot have it skips, and says so. The kernels are
# kept in .tools/kernels.
# usage: scripts/test-kernels.sh [SUITE[:old-seccomp]]…
#   default: bullseye bookworm trixie trixie:old-seccomp
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/apt.sh
. scripts/apt.sh
CACHE="$TOOLS/kernels"
# Seconds after which a machine is switched off; it takes a minute when nothing else runs.
LIMIT=240

skip() { say "skipped: other kernels: $*" && exit 0; }

[ "$(uname -m)" = x86_64 ] || skip "this is no x86-64 machine"
if ! have apt-get || ! have dpkg-deb; then skip "the kernels come from Debian's archive, and there is no apt here"; fi
[ "$(id -u)" = 0 ] || skip "needs root, to let the machine read this one's files"

scripts/setup.sh test
use_rust
if ! have qemu-system-x86_64 || ! have busybox || ! have modprobe || ! have cpio; then
  apt_install qemu-system-x86 busybox-static kmod cpio xz-utils
fi
# shellcheck disable=SC2046 # an option or nothing
cargo build $(locked) --quiet -p oisp-sensor -p oisp-testkit --bins
programs="$(realpath "${CARGO_TARGET_DIR:-target}")/debug"
# The interpreter itself: a version manager in front of it starts many programs.
python="$(python3 -c 'import sys; print(sys.executable)')"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

[ $# -gt 0 ] || set -- bullseye bookworm trixie trixie:old-seccomp
read -ra suites <<<"$(printf '%s\n' "${@%%:*}" | sort -u | tr '\n' ' ')"
declare -A KERNEL=() FOLDER=()
while read -r suite version folder; do
  KERNEL[$suite]="$version"
  FOLDER[$suite]="$folder"
done < <(scripts/kernels/fetch.sh "$CACHE" "${suites[@]}")
[ ${#KERNEL[@]} -gt 0 ] || skip "none could be had"

ran=()
for which in "$@"; do
  suite="${which%%:*}"
  [ -n "${KERNEL[$suite]:-}" ] || continue
  version="${KERNEL[$suite]}"
  name="$(echo "$version" | grep -oE '^[0-9]+\.[0-9]+')${which#"$suite"}"
  results="$work/${name//:/-}"
  mkdir "$results"
  say "── Linux $version${which#"$suite"}"
  scripts/kernels/boot.sh "${FOLDER[$suite]}" "$version" "$results" "$LIMIT" \
    "$python" "$ROOT/scripts/kernels/checks.py" "$programs" "${name//:/-}" || say "it did not end well"
  ran+=("$results")
done
kept="${CARGO_TARGET_DIR:-target}/tmp/kernels"
rm -rf "$kept" && mkdir -p "$(dirname "$kept")" && cp -r "$work" "$kept"
rm -rf "$kept"/*/initramfs*
"$python" scripts/kernels/table.py "${ran[@]}" || die "what each machine said is in $kept"
