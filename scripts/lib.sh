#!/usr/bin/env bash
# What the scripts share, to be sourced: where the tree is, how to speak,
# which Rust to use, how to time a step. Sourcing it changes into the tree.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TOOLS="$ROOT/.tools"
cd "$ROOT"
PATH="$TOOLS/bin:$PATH"

RUST_NEEDED="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"
# shellcheck disable=SC2034 # read by setup.sh
NODE_NEEDED=18
# shellcheck disable=SC2034
PYTHON_NEEDED=3.11

# Each argument a line, for people.
say() { printf '%s\n' "$@" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

in_ci() { [ "${CI:-}" = true ]; }

# at_least 1.96.0 1.95: the first version is not older than the second.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

version_of() { "$@" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }

rust_in() {
  local cargo rustc
  cargo="$(version_of "$1/cargo")" && rustc="$(version_of "$1/rustc")" || return 1
  at_least "$cargo" "$RUST_NEEDED" && at_least "$rustc" "$RUST_NEEDED"
}

# Puts a Rust that is new enough first on PATH: the one there, rustup's own
# folder (often not on PATH), the distribution's, or a toolchain beside them.
use_rust() {
  local dir
  for dir in "$(dirname "$(command -v cargo || echo /none/cargo)")" "${CARGO_HOME:-$HOME/.cargo}/bin" /usr/bin; do
    if rust_in "$dir"; then
      [ "$(command -v cargo)" = "$dir/cargo" ] || PATH="$dir:$PATH"
      return 0
    fi
  done
  PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
  have rustup && rustup toolchain list 2>/dev/null | grep -q "^$RUST_NEEDED" || return 1
  dir="$(dirname "$(RUSTUP_TOOLCHAIN=$RUST_NEEDED rustup which cargo 2>/dev/null || echo /none/cargo)")"
  rust_in "$dir" && export RUSTUP_TOOLCHAIN="$RUST_NEEDED" && PATH="$dir:$PATH"
}

# The Rust in use is one of rustup's, so that rustup can add to it.
by_rustup() { have rustup && [[ "$(rustc --print sysroot 2>/dev/null)" == */toolchains/* ]]; }

# step NAME COMMAND…: says what starts and how long it took, and lets it fail.
step() {
  local name="$1" begin=$SECONDS
  shift
  say "── $name"
  if "$@"; then
    say "   $name: ok, $((SECONDS - begin)) s"
  else
    say "   $name: FAILED after $((SECONDS - begin)) s"
    return 1
  fi
}

# A clean tree in CI must be built from its lock file; at home it may move on.
locked() { if in_ci; then echo --locked; fi; }

# Tools that live in Python packages (zig, cargo-zigbuild, shellcheck), pinned,
# in a virtual environment of their own; made anew when the list changes.
python_tools() {
  local venv="$TOOLS/py" list=scripts/tools.txt
  if ! cmp -s "$list" "$venv/installed.txt"; then
    say "installing into .tools/py: $(grep -v '^#' "$list" | tr '\n' ' ')"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$list" || return 1
    cp "$list" "$venv/installed.txt"
  fi
  PATH="$venv/bin:$PATH"
}
