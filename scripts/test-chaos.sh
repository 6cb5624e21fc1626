#!/usr/bin/env bash
# Webhooks against a receiver that misbehaves, for so many seconds each: nothing
# is lost, the order holds, memory stays flat.
# usage: scripts/test-chaos.sh [SECONDS] [SEED]    (default: 120, a fixed seed)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

seconds="${1:-120}"
[[ $seconds =~ ^[0-9]+$ ]] || die "not a number of seconds: $seconds (usage: scripts/test-chaos.sh [SECONDS] [SEED])"
export OISP_CHAOS_SECONDS="$seconds"
[ $# -lt 2 ] || export OISP_CHAOS_SEED="$2"

scripts/setup.sh test
use_rust
# shellcheck disable=SC2046 # an option or nothing
cargo test $(locked) -p oisp-export --test chaos -- --nocapture
