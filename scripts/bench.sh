#!/usr/bin/env bash
# Measures the sensor against its quality bars, in release mode.
# What attaches to the kernel is measured as root only, and skipped aloud else.
# usage: scripts/bench.sh [decode] [capture] [sensor]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

scripts/build.sh
use_rust
cargo run --release --quiet -p oisp-bench -- "$@"
