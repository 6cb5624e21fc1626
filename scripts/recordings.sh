#!/usr/bin/env bash
# Recorded exchanges through the decoder, in every form they could have had on
# the wire, and against a second reading that knows nothing of the decoder.
# usage: scripts/recordings.sh FILE.ndjson[.gz]     (see docs/recordings.md)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
FILE="$(realpath "${1:?usage: scripts/recordings.sh FILE.ndjson[.gz]}")"

scripts/setup.sh compile
use_rust
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2046 # an option or nothing
cargo run $(locked) --release --quiet -p oisp-testkit --bin recordings -- "$FILE" --events "$work/events.jsonl" >"$work/report" || {
  cat "$work/report"
  die "recordings are not decoded alike in every form"
}
sed -n '1,/^$/p' "$work/report"
python3 scripts/recordings-check.py "$FILE" "$work/events.jsonl"
