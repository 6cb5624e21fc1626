#!/usr/bin/env bash
# Makes this machine able to build, test or check the sensor: finds what is
# missing, says what for, and installs exactly that by apt where it may.
# Where it may not, it prints the commands and stops. Nothing missing: silent.
# usage: scripts/setup.sh compile|build|test|check   (each asks for what the one before it does, and more)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/apt.sh
. scripts/apt.sh

MISSING=() # tools, by the name that apt_packages knows
WHY=()

missing() {
  MISSING+=("$1")
  WHY+=("$2")
}

c_compiler() { echo 'int main(void){return 0;}' | cc -include stdlib.h -x c -o /dev/null - 2>/dev/null; }

node_is_new() { have npm && at_least "$(version_of node || echo 0)" "$NODE_NEEDED"; }

python_is_new() {
  at_least "$(version_of python3 || echo 0)" "$PYTHON_NEEDED" && python3 -c 'import ensurepip, venv' 2>/dev/null
}

look_compile() {
  use_rust || missing rust "Rust $RUST_NEEDED or newer compiles the sensor"
  c_compiler || missing cc "a C compiler and libc headers: SQLite, zstd and ring are compiled from source"
}

look_build() {
  look_compile
  node_is_new || missing node "Node.js $NODE_NEEDED or newer with npm builds the dashboard"
}

look_test() {
  look_build
  have curl || missing curl "curl is one of the clients whose traffic the tests capture"
  have openssl || missing openssl "openssl makes certificates and serves TLS in tests"
  python_is_new || missing python "Python $PYTHON_NEEDED or newer with venv runs the Python clients of the tests"
}

look_check() {
  look_test
  use_rust || return 0 # what comes with Rust is looked at when it is there
  cargo fmt --version >/dev/null 2>&1 || missing rustfmt "rustfmt checks the format"
  cargo clippy --version >/dev/null 2>&1 || missing clippy "clippy lints the code"
}

by_hand() {
  say "" "Install these, then run make again:"
  local tool
  for tool in "${MISSING[@]}"; do
    case $tool in
      rust) say "  Rust $RUST_NEEDED or newer: https://rustup.rs, or 'rustup update stable' where rustup is there" ;;
      cc) say "  a C compiler: dnf install gcc glibc-devel | pacman -S gcc | zypper install gcc glibc-devel | apk add build-base" ;;
      node) say "  Node.js $NODE_NEEDED or newer with npm: dnf install nodejs npm | pacman -S nodejs npm | zypper install nodejs npm | https://nodejs.org" ;;
      python) say "  Python $PYTHON_NEEDED or newer with venv: dnf install python3 | pacman -S python | zypper install python3" ;;
      rustfmt | clippy) say "  $tool: rustup component add $tool" ;;
      *) say "  $tool: dnf install $tool | pacman -S $tool | zypper install $tool" ;;
    esac
  done
  exit 1
}

# An existing rustup is asked for one toolchain beside the user's own; a new
# one (Ubuntu's package) has none yet, and gets stable.
rust_by_rustup() {
  have rustup || return 1
  local as=$RUST_NEEDED
  rustup default >/dev/null 2>&1 || as=stable
  say "+ rustup toolchain install $as --profile minimal --component rustfmt --component clippy"
  rustup toolchain install "$as" --profile minimal --component rustfmt --component clippy || return 1
  [ "$as" != stable ] || rustup default stable || return 1
  use_rust
}

component_by_rustup() {
  by_rustup || return 1
  say "+ rustup component add $1"
  rustup component add "$1"
}

# What rustup cannot give is left to apt.
apt_rest() {
  local rest=() tool
  for tool in "${MISSING[@]}"; do
    case $tool in
      rust) rust_by_rustup || rest+=("$tool") ;;
      rustfmt | clippy) component_by_rustup "$tool" || rest+=("$tool") ;;
      *) rest+=("$tool") ;;
    esac
  done
  [ ${#rest[@]} -gt 0 ] || return 0
  have apt-get || by_hand
  apt_install "${rest[@]}"
  hash -r
  use_rust || rust_by_rustup || true
}

look() {
  MISSING=()
  WHY=()
  look_"$GOAL"
  [ ${#MISSING[@]} -gt 0 ]
}

GOAL="${1:-build}"
# Twice: what comes with Rust can be asked for only when Rust is there.
for _ in 1 2; do
  look || exit 0
  say "This machine lacks:"
  for i in "${!MISSING[@]}"; do say "  ${MISSING[i]}: ${WHY[i]}"; done
  apt_rest
done
if look; then by_hand; fi
