#!/usr/bin/env bash
# Installs the client libraries that the end-to-end tests use, at the versions
# pinned in clients/: Python's into .tools/clients-venv, Node's into
# clients/node/node_modules. Quick where nothing has changed.
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VENV="$TOOLS/clients-venv"
CLIENTS="$ROOT/clients"

# same WANTED INSTALLED: the last installation was of this very list.
same() { cmp -s "$1" "$2"; }

python_clients() {
  local list="$CLIENTS/python/requirements.txt"
  same "$list" "$VENV/installed.txt" && return
  have python3 || die "python3 is missing: install it, 3.11 or newer (Debian: apt-get install python3 python3-venv)"
  at_least "$(version_of python3)" 3.11 || die "python3 is $(version_of python3): the client libraries need 3.11 or newer"
  python3 -c 'import ensurepip' 2>/dev/null || die "python3 cannot make a venv: install its package (Debian: apt-get install python3-venv)"
  # `step` runs this where a failure does not end the script by itself.
  python3 -m venv --clear "$VENV" &&
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$list" &&
    cp "$list" "$VENV/installed.txt"
}

node_clients() {
  local lock="$CLIENTS/node/package-lock.json" modules="$CLIENTS/node/node_modules"
  same "$lock" "$modules/installed.json" && return
  if ! have node || ! have npm; then die "node or npm is missing: install Node.js 18 or newer (Debian: apt-get install nodejs npm)"; fi
  npm ci --prefix "$CLIENTS/node" --no-audit --no-fund --silent &&
    cp "$lock" "$modules/installed.json"
}

# A wheel that carries an OpenSSL of the generation before this machine's.
openssl_of_a_wheel() {
  local into="$TOOLS/openssl-1.1" list="$CLIENTS/openssl/requirements.txt" wheels
  same "$list" "$into/installed.txt" && return
  wheels=$(mktemp -d)
  rm -rf "$into" && mkdir -p "$into" &&
    "$VENV/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --python-version 3.11 --platform "manylinux2014_$(uname -m)" --dest "$wheels" -r "$list" &&
    "$VENV/bin/python" -m zipfile -e "$wheels"/*.whl "$wheels" &&
    cp "$wheels"/*.libs/lib{ssl,crypto}-*.so.1.1 "$into" &&
    cp "$list" "$into/installed.txt" && rm -rf "$wheels"
}

step "Python clients" python_clients
step "OpenSSL 1.1" openssl_of_a_wheel
step "Node clients" node_clients
