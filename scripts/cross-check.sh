#!/usr/bin/env bash
# Type-checks the workspace for Windows and macOS from Linux. The standard
# library of the target comes from rustup; where rustup or its host is not
# there, from Debian's source package, compiled on the way (-Zbuild-std).
# usage: scripts/cross-check.sh [TARGET…]
# shellcheck disable=SC2329 # the tests are called by name, in need()
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

WINDOWS=x86_64-pc-windows-gnu
MACOS=aarch64-apple-darwin
STD_SOURCE=/usr/lib/rustlib/src/rust/library

# need TEST WHY PACKAGE…: what is missing is installed in CI; at home the check
# is skipped aloud, with the command that would install them (status 2).
need() {
  local test="$1" why="$2"
  shift 2
  $test && return 0
  if in_ci; then apt_install "$@" && $test; return; fi
  say "skipped: cross-check for $TARGET: $why: apt-get install --no-install-recommends $*"
  return 2
}

mingw() { have x86_64-w64-mingw32-gcc; }
python_venv() { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }
std_source() { [ -e "$STD_SOURCE/Cargo.lock" ] && [ -x /usr/bin/cargo ] && rust_in /usr/bin; }

rustup_target() {
  by_rustup || return 1
  [ -d "$(rustc --print sysroot)/lib/rustlib/$TARGET/lib" ] && return 0
  RUSTUP_MAX_RETRIES=0 timeout 120 rustup target add "$TARGET" >/dev/null 2>&1
}

# check CARGO…: by rustup's target, else with Debian's compiler and sources.
check() {
  export CARGO_TARGET_DIR="$ROOT/target/cross-$TARGET"
  # shellcheck disable=SC2046 # an option or nothing
  if rustup_target; then
    "$@" check $(locked) --workspace --target "$TARGET"
  else
    need std_source "no standard library for it" cargo-web rustc-web rust-web-src || return $?
    RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo PATH="/usr/bin:$PATH" \
      "$@" check $(locked) --workspace --target "$TARGET" -Zbuild-std=std,panic_abort
  fi
}

windows() {
  need mingw "no C compiler for it" gcc-mingw-w64-x86-64-posix || return $?
  check cargo
}

macos() {
  need python_venv "zig comes as a Python package" python3 python3-venv || return $?
  python_tools || return 1
  export CARGO_ZIGBUILD_PYTHON_PATH="$TOOLS/py/bin/python3"
  check cargo-zigbuild
}

use_rust || die "no Rust here: scripts/setup.sh build"
[ $# -gt 0 ] || set -- "$WINDOWS" "$MACOS"
status=0
for TARGET in "$@"; do
  rc=0
  case $TARGET in
    "$WINDOWS") windows || rc=$? ;;
    "$MACOS") macos || rc=$? ;;
    *) die "no recipe for $TARGET" ;;
  esac
  case $rc in
    0) say "$TARGET: ok" ;;
    2) ;; # said aloud above
    *) say "$TARGET: FAILED" && status=1 ;;
  esac
done
exit "$status"
