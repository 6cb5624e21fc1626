#!/usr/bin/env bash
# Holds the API of a sensor that runs to its own description: schemathesis sends
# it whatever the description allows and does not, for two minutes at most. No
# answer may be a server error, and each must be as described.
# usage: scripts/test-api.sh [SECONDS]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

SECONDS_LONG="${1:-120}"
VENV="$TOOLS/api-venv"
LIST=clients/api/requirements.txt
CHECKS=not_a_server_error,status_code_conformance,content_type_conformance
CHECKS+=,response_schema_conformance,response_headers_conformance
CHECKS+=,unsupported_method,ignored_auth,negative_data_rejection

# In CI what is missing is a failure: nobody reads what was skipped there.
skip() {
  if in_ci; then die "$1"; fi
  say "skipped: the API against its description: $1"
  exit 0
}

schemathesis() {
  cmp -s "$LIST" "$VENV/installed.txt" && return
  say "installing into ${VENV#"$ROOT"/}: $(cat "$LIST")"
  python3 -m venv --clear "$VENV" &&
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$LIST" &&
    cp "$LIST" "$VENV/installed.txt"
}

have python3 || skip "python3 is missing (Debian: apt-get install python3 python3-venv)"
python3 -c 'import ensurepip' 2>/dev/null || skip "python3 cannot make a venv (Debian: apt-get install python3-venv)"
[ "$(id -u)" = 0 ] || skip "a sensor that captures needs root"
schemathesis || skip "schemathesis cannot be installed"

scripts/setup.sh build
use_rust
# shellcheck disable=SC2046 # an option or nothing
cargo build $(locked) -p oisp-sensor
folder=$(mktemp -d)
"${CARGO_TARGET_DIR:-target}/debug/oisp-sensor" demo --port 0 2>"$folder/said" &
sensor=$!
trap 'kill "$sensor" 2>/dev/null; wait "$sensor" || true; rm -rf "$folder"' EXIT

for _ in $(seq 600); do
  grep -q '^  link ' "$folder/said" && break
  kill -0 "$sensor" 2>/dev/null || break
  sleep 0.1
done
link="$(sed -n 's/^  link  *\([^ ]*\).*/\1/p' "$folder/said")"
[ -n "$link" ] || skip "the sensor does not capture here: $(tail -n 3 "$folder/said")"

# Beyond its own budget it is stuck, and so is what it asked. It keeps a cache
# where it runs.
cd "$folder"
timeout $((SECONDS_LONG + 120)) "$VENV/bin/schemathesis" run "${link%%/\?*}/api/openapi.json" \
  --header "Authorization: Bearer ${link#*token=}" \
  --max-time "$SECONDS_LONG" --max-examples 40 --checks "$CHECKS" --warnings off --no-color
