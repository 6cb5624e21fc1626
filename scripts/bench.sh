#!/usr/bin/env bash
# Measures the sensor against its quality bars, in release mode.
# What attaches to the kernel is measured as root only, and skipped aloud else;
# so are instructions without valgrind, which is installed where apt can do it.
# usage: scripts/bench.sh [decode] [capture] [sensor] [instructions]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Without it the other figures are measured all the same.
get_valgrind() {
  have apt-get || return 1
  # shellcheck source=scripts/apt.sh
  (. scripts/apt.sh && apt_install valgrind)
}

scripts/build.sh
case " $* " in
  *" instructions "*) have valgrind || get_valgrind || say "valgrind cannot be installed here" ;;
esac
use_rust
cargo run --release --quiet -p oisp-bench -- "$@"
