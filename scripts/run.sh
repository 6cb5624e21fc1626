#!/usr/bin/env bash
# Builds as you, then runs the sensor as root: reading TLS libraries of other
# processes through eBPF needs it.
# usage: scripts/run.sh record|demo [ARGS…]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

scripts/build.sh
sensor="${CARGO_TARGET_DIR:-$ROOT/target}/release/oisp-sensor"

if [ "$(id -u)" = 0 ]; then exec "$sensor" "$@"; fi
if have sudo; then
  say "+ sudo $sensor $*"
  exec sudo "$sensor" "$@"
fi
say "The sensor needs root to observe other processes, and sudo is not here. As root, run:" "  $sensor $*"
exit 3
