#!/usr/bin/env bash
# Measures the sensor against its quality bars, in release mode.
# What attaches to the kernel is measured as root only, and skipped aloud else;
# so are instructions without valgrind, which is installed where apt can do it.
# A busy TLS server is measured where nginx and wrk are, or can be installed.
# usage: scripts/bench.sh [decode] [capture] [sensor] [instructions] [soak MINUTES]
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Without them the other figures are measured all the same.
get() {
  have apt-get || return 1
  # shellcheck source=scripts/apt.sh
  (. scripts/apt.sh && apt_install "$@")
}

scripts/build.sh
case " $* " in
  *" instructions "*) have valgrind || get valgrind || say "valgrind cannot be installed here" ;;
esac
case " $* " in
  *" capture "*) { have nginx && have wrk; } || get nginx-light wrk || say "nginx and wrk cannot be installed here" ;;
esac
use_rust
# The program whose calls are timed.
cargo build --release --quiet -p oisp-capture-ebpf --examples
cargo run --release --quiet -p oisp-bench -- "$@"
