#!/usr/bin/env bash
# The matrix of runtimes (clients/runtimes/matrix.py): real programs of each are
# captured byte for byte from their first request on, or their miss is explained.
# What a runtime needs beyond its own package is made here; a runtime that is not
# installed is skipped aloud, and fails in CI. Needs root.
# usage: scripts/test-runtimes.sh [PART OF A ROW'S NAME]…
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

CLIENTS=clients/runtimes
MADE="$TOOLS/runtimes"
TARGET="${CARGO_TARGET_DIR:-target}"

built() {
  # shellcheck disable=SC2046 # an option or nothing
  cargo build $(locked) -p oisp-sensor -p oisp-testkit --bins &&
    cargo build $(locked) -p oisp-testkit --example rustls_client
}

# same WANTED INSTALLED: the last installation was of this very list.
same() { cmp -s "$1" "$2"; }

node_modules() {
  local lock="$CLIENTS/package-lock.json" modules="$CLIENTS/node_modules"
  same "$lock" "$modules/installed.json" && return
  npm ci --prefix "$CLIENTS" --no-audit --no-fund --silent --ignore-scripts && cp "$lock" "$modules/installed.json"
}

# Bun and Deno are one program each, in the package of the platform.
engines() {
  local bun=@oven/bun-linux-x64@1.4.5 deno=@deno/linux-x64-glibc@2.9.6
  [ "$(uname -m)" != aarch64 ] || { bun="${bun/x64/aarch64}" && deno="${deno/x64/arm64}"; }
  [ "$(cat "$MADE/engines/installed.txt" 2>/dev/null)" = "$bun $deno" ] && return
  npm install --prefix "$MADE/engines" --no-save --no-audit --no-fund --silent --ignore-scripts "$bun" "$deno" &&
    echo "$bun $deno" >"$MADE/engines/installed.txt"
}

wheels() {
  local list="$CLIENTS/requirements.txt"
  same "$list" "$MADE/venv/installed.txt" && return
  python3 -m venv --clear "$MADE/venv" &&
    "$MADE/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$list" &&
    cp "$list" "$MADE/venv/installed.txt"
}

# Go's client with its symbols and without, and node where nobody looks for it.
programs() {
  local node
  if have go; then
    go build -o "$MADE/go-client" "$CLIENTS/go/main.go" &&
      go build -trimpath -ldflags='-s -w' -o "$MADE/go-client-stripped" "$CLIENTS/go/main.go" || return 1
  fi
  node="$(node -p process.execPath)" && cp --update "$node" "$MADE/node-elsewhere"
}

if [ "$(id -u)" != 0 ]; then
  if in_ci; then die "the matrix of runtimes needs root to capture"; fi
  say "skipped: the matrix of runtimes: needs root to capture other processes"
  exit 0
fi
scripts/setup.sh test
use_rust
mkdir -p "$MADE/engines"
step "build" built
step "test clients" scripts/clients-setup.sh
step "node modules" node_modules
step "Bun and Deno" engines
step "wheels" wheels
step "programs" programs
OISP_BUILT="$(realpath "$TARGET")/debug" step "runtimes" python3 "$CLIENTS/matrix.py" "$@"
