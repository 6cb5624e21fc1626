#!/usr/bin/env bash
# The release binary with the dashboard inside.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# `sudo make run` in a user's tree must not leave files there that only root can write.
owner="$(stat -c %U Cargo.toml)"
if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$owner" = "$SUDO_USER" ] && [ "$owner" != root ]; then
  scripts/setup.sh build
  exec sudo -u "$owner" -H "PATH=$PATH" scripts/build.sh
fi

scripts/setup.sh build
use_rust
scripts/frontend.sh
# shellcheck disable=SC2046 # an option or nothing
cargo build --release $(locked) -p oisp-sensor --bin oisp-sensor
