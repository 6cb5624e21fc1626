#!/usr/bin/env bash
# Installing by apt, to be sourced after lib.sh: package names of each tool,
# root or sudo, and Debian's own newer Rust.

# Debian 12 keeps its current Rust ("cargo-web", made for browsers) in the
# security archive. Where the machine's sources leave that archive out, it is
# read for this one installation, and the machine's sources stay as they are.
APT_SOURCES=()

# shellcheck source=/dev/null
os() { (. /etc/os-release && printf '%s' "${!1:-}"); }

apt_candidate() { apt-cache ${APT_SOURCES[@]+"${APT_SOURCES[@]}"} policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)'; }

apt_rust_is_new() { at_least "$(apt_candidate cargo-web || echo 0)" "$RUST_NEEDED"; }

apt_rust() {
  if apt_rust_is_new; then
    echo cargo-web rustc-web
  elif [ "$(os ID)" = debian ] && [ -z "$(apt_candidate rustup)" ]; then
    echo cargo-web rustc-web # in its security archive
  else
    echo rustup
  fi
}

apt_packages() {
  local tool
  for tool in "$@"; do
    case $tool in
      rust) apt_rust ;;
      rustfmt) echo rustfmt-web ;;
      clippy) echo rust-web-clippy ;;
      cc) echo gcc libc6-dev ;;
      node) echo nodejs npm ;;
      python) echo python3 python3-venv ;;
      *) echo "$tool" ;;
    esac
  done | tr '\n' ' '
}

# The one line that Debian's security archive would have in the sources.
apt_security_line() {
  local uri
  [ "$(os ID)" = debian ] || return 1
  # shellcheck disable=SC2016 # apt expands it
  uri="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$')" || return 1
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri%/debian*}/debian-security $(os VERSION_CODENAME)-security main"
}

apt_add_security() {
  local line folder
  line="$(apt_security_line)" || return 1
  folder="$(mktemp -d)"
  chmod 755 "$folder"
  # shellcheck disable=SC2064 # the folder's name is fixed now
  trap "rm -rf '$folder'" EXIT
  cp /etc/apt/sources.list.d/* "$folder/" 2>/dev/null || true
  echo "$line" >"$folder/sensor-security.list"
  APT_SOURCES=(-o "Dir::Etc::sourceparts=$folder")
  say "Debian's security archive holds what is needed, and this machine's apt sources leave it out." \
    "That archive is read for this installation only: $line"
}

# The command in front of apt-get: nothing for root, sudo where it can work.
apt_as_root() {
  if [ "$(id -u)" = 0 ]; then return 0; fi
  have sudo || return 1
  sudo -n true 2>/dev/null || [ -t 0 ] || return 1
  echo sudo
}

# Quiet when it goes well; the end of its output when it does not.
apt_run() {
  local log="$TOOLS/apt.log"
  mkdir -p "$TOOLS"
  say "+ ${AS_ROOT:+$AS_ROOT }apt-get $*"
  # shellcheck disable=SC2086 # empty for root
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -qq ${APT_SOURCES[@]+"${APT_SOURCES[@]}"} "$@" >"$log" 2>&1 </dev/null && return 0
  tail -n 15 "$log" >&2
  die "apt-get failed; all it said is in $log"
}

apt_ask() {
  local line
  say "" "Neither root nor sudo is at hand. Run this as root, then make again:"
  if [ -n "$(apt_candidate gcc)" ] && apt_too_old "$@" && line="$(apt_security_line)"; then
    say "  echo '$line' >/etc/apt/sources.list.d/security.list"
  fi
  say "  apt-get update && apt-get install --no-install-recommends $*"
  exit 1
}

# Some package has no version here, or Debian's newer Rust only an old one.
apt_too_old() {
  local package
  for package in "$@"; do
    [ -n "$(apt_candidate "$package")" ] || return 0
    if [[ $package == *-web* ]] && ! at_least "$(apt_candidate "$package")" "$RUST_NEEDED"; then return 0; fi
  done
  return 1
}

# False where a package taken from the security archive earlier wants its kin
# of the same version, which the machine's own sources do not have.
apt_fits() { apt-get -qq ${APT_SOURCES[@]+"${APT_SOURCES[@]}"} install --simulate --no-install-recommends "$@" >/dev/null 2>&1; }

# apt_install TOOL…: the packages of these tools (or packages by their own
# name), and nothing that they only recommend.
apt_install() {
  local packages
  read -ra packages <<<"$(apt_packages "$@")"
  AS_ROOT="$(apt_as_root)" || apt_ask "${packages[@]}"
  apt_run update
  read -ra packages <<<"$(apt_packages "$@")"
  if { apt_too_old "${packages[@]}" || ! apt_fits "${packages[@]}"; } && apt_add_security; then
    apt_run update
    read -ra packages <<<"$(apt_packages "$@")"
  fi
  apt_run install --yes --no-install-recommends "${packages[@]}"
}
