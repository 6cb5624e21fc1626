#!/usr/bin/env bash
# Events against their contract: what the sensor emits while it captures the
# clients of the demo, and what it emitted in the end-to-end tests, must validate
# against the event schema. Needs root, as the capture does.
# usage: scripts/ci-extra.sh SPEC_DIR     (the folder that holds schema/v0.1)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
SPEC="$(realpath "${1:?usage: scripts/ci-extra.sh SPEC_DIR}")"

scripts/setup.sh test
use_rust
python_tools || die "the validator's Python packages could not be installed"
# shellcheck disable=SC2046 # an option or nothing
cargo build $(locked) --quiet -p oisp-sensor --bin oisp-sensor

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
"${CARGO_TARGET_DIR:-target}/debug/oisp-sensor" demo --once --no-web --output "$work/demo.jsonl"
for type in ai.request ai.response process.exec; do
  grep -q "\"event_type\":\"$type\"" "$work/demo.jsonl" || die "the demo gave no $type event"
done
# What the end-to-end tests kept, where they have run.
shopt -s nullglob
python3 scripts/validate-events.py "$SPEC" "$work/demo.jsonl" "${CARGO_TARGET_DIR:-target}"/tmp/e2e/*.jsonl
