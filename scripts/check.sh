#!/usr/bin/env bash
# Everything about the tree that can be said without running it.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

CARGO_DENY=0.20.2

format() {
  cargo fmt --all --check && cargo fmt --all --check --manifest-path ebpf/Cargo.toml
}

# shellcheck disable=SC2046 # an option or nothing
clippy() { cargo clippy $(locked) --workspace --all-targets -- -D warnings; }

# shellcheck disable=SC2046
docs() { RUSTDOCFLAGS='-D warnings' cargo doc $(locked) --workspace --no-deps; }

# Unoptimised: it runs for seconds, and optimising it takes minutes.
cargo_deny() {
  [ "$(version_of cargo-deny)" = "$CARGO_DENY" ] && return 0
  say "installing cargo-deny $CARGO_DENY into .tools"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --locked "cargo-deny@$CARGO_DENY" --root "$TOOLS"
}

# deny [CARGO OPTIONS…]: what may be in the tree; two versions of a crate are a warning.
deny() { cargo deny --log-level warn "$@" check --hide-inclusion-graph bans licenses sources; }

dependencies() {
  cargo_deny && deny && deny --manifest-path ebpf/Cargo.toml || return 1
  if timeout 20 git ls-remote -q https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
    cargo deny --log-level error check advisories
  else
    say "skipped: security advisories: the advisory database cannot be reached from here"
  fi
}

shell() {
  if ! have python3 && ! in_ci; then
    say "skipped: shellcheck: needs python3 with venv"
    return 0
  fi
  python_tools && git ls-files -z --cached --others --exclude-standard '*.sh' .ci/run | xargs -0 shellcheck -x -P .:SCRIPTDIR
}

scripts/setup.sh check
use_rust
step "format" format
step "shell scripts" shell
step "clippy" clippy
step "dependencies" dependencies
step "docs" docs
step "dashboard" scripts/frontend.sh check
step "cross-check" scripts/cross-check.sh
