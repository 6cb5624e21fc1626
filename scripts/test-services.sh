#!/usr/bin/env bash
# Sinks against the real services that they are for, started and stopped here.
# What cannot be had is skipped, and said.
# usage: scripts/test-services.sh [PART]…   (collector; all where none is named)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

PARTS=(collector)

[ $# -gt 0 ] || set -- "${PARTS[@]}"
scripts/setup.sh test
for part in "$@"; do
  [ -x "scripts/services/$part.sh" ] || die "no service $part: know ${PARTS[*]}"
  step "$part" "scripts/services/$part.sh"
done
