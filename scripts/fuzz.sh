#!/usr/bin/env bash
# Fuzzes the decoder's parsers, each target for so many seconds, with a nightly
# compiler and cargo-fuzz. The corpora beside the targets are where it starts
# from; what it finds goes to a copy, so that the tree stays as it is.
# usage: scripts/fuzz.sh [SECONDS] [TARGET]…    (default: 60, every target)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

CARGO_FUZZ=0.13.2
seconds="${1:-60}"
[[ $seconds =~ ^[0-9]+$ ]] || die "not a number of seconds: $seconds (usage: scripts/fuzz.sh [SECONDS] [TARGET]…)"
shift || true

use_rust
rustup toolchain list 2>/dev/null | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
if [ "$(version_of cargo-fuzz)" != "$CARGO_FUZZ" ]; then
  say "installing cargo-fuzz $CARGO_FUZZ into .tools"
  cargo install --quiet --locked "cargo-fuzz@$CARGO_FUZZ" --root "$TOOLS"
fi

cd crates/oisp-decode
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo +nightly fuzz list)
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cargo +nightly fuzz build
failed=()
for target in "${targets[@]}"; do
  mkdir -p "$work/$target" "fuzz/corpus/$target"
  say "fuzzing $target for $seconds s"
  cargo +nightly fuzz run "$target" "$work/$target" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 2>"$work/$target.log" ||
    failed+=("$target")
  grep -E 'number_of_executed_units|average_exec_per_sec|peak_rss' "$work/$target.log" || true
done
[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]} (inputs are in crates/oisp-decode/fuzz/artifacts)"
say "all clean: ${targets[*]}"
