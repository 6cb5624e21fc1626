#!/usr/bin/env bash
# All tests, or only those with real clients. Tests that need root or a kernel
# feature skip themselves aloud; what was skipped is said again at the end.
# usage: scripts/test.sh [e2e]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

cargo_test() {
  local log=target/test.log status=0
  mkdir -p target
  # shellcheck disable=SC2046 # an option or nothing
  cargo test $(locked) --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
  if grep -q 'skipped: ' "$log"; then
    say "" "Skipped here:"
    grep -o 'skipped: .*' "$log" | sort | uniq -c | sed 's/^ */  /' >&2
  fi
  return "$status"
}

scripts/setup.sh test
use_rust
case "${1:-all}" in
  all)
    step "dashboard" scripts/frontend.sh test
    step "test clients" scripts/clients-setup.sh
    step "workspace" cargo_test --workspace
    ;;
  e2e)
    step "dashboard" scripts/frontend.sh
    step "test clients" scripts/clients-setup.sh
    step "end to end" cargo_test -p oisp-sensor --test 'e2e*'
    ;;
  *) die "usage: scripts/test.sh [e2e]" ;;
esac
