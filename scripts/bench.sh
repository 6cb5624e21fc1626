#!/usr/bin/env bash
# Measures the sensor against its quality bars, in release mode.
# usage: scripts/bench.sh [ARGS…]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

scripts/setup.sh build
use_rust
cargo run --release -p oisp-testkit --bin oisp-bench -- "$@"
