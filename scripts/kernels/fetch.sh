#!/usr/bin/env bash
# Gets the kernels that Debian's releases have now, from the archive that this
# machine's apt reads, through apt with lists of its own: nothing is installed,
# and the machine's sources stay as they are. Prints `SUITE VERSION FOLDER` a
# kernel; says on standard error which could not be had, and why.
# usage: scripts/kernels/fetch.sh CACHE SUITE…
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"
CACHE="$1"
shift

# What the machine can boot into: the kernel and the modules that reach its disk.
MODULES=(kernel/fs/9p kernel/net/9p kernel/fs/fscache kernel/fs/netfs kernel/drivers/virtio)

archive() {
  # shellcheck disable=SC2016 # apt expands it
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$'
}

# apt_of SUITE COMMAND…: apt with the lists of that suite alone.
apt_of() {
  local dir="$CACHE/apt/$1" command="$2"
  shift 2
  "$command" -o Dir::State="$dir" -o Dir::State::status=/dev/null -o Dir::Cache="$dir/cache" \
    -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- \
    -o APT::Architecture=amd64 -o APT::Architectures=amd64 -o APT::Sandbox::User= \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

update() {
  local dir="$CACHE/apt/$1"
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(archive) $1 main" >"$dir/sources.list"
  apt_of "$1" apt-get -qq update
}

# The package that this suite's kernel is in.
package() { apt_of "$1" apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1; }

unpack() {
  local deb="$1" version="$2" into="$3" wanted=("./boot/vmlinuz-$2") module
  for module in "${MODULES[@]}" modules.order modules.builtin modules.builtin.modinfo; do
    wanted+=("*/lib/modules/$version/$module")
  done
  rm -rf "$into" "$into.part"
  mkdir -p "$into.part"
  # Not every kernel has all of them.
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into.part" --wildcards "${wanted[@]}" 2>/dev/null || true
  [ -e "$into.part/lib" ] || ln -s usr/lib "$into.part/lib"
  [ -s "$into.part/boot/vmlinuz-$version" ] && depmod -b "$into.part" "$version" && mv "$into.part" "$into"
}

# download SUITE PACKAGE: into the cache, in place of what an interrupted run left.
download() { (cd "$CACHE" && rm -f "$2"_*.deb && apt_of "$1" apt-get -qq download "$2"); }

fetch() {
  local suite="$1" name dir
  update "$suite" || { say "skipped: kernel of $suite: its package lists cannot be read" && return 0; }
  name="$(package "$suite")"
  [ -n "$name" ] || { say "skipped: kernel of $suite: the archive has no linux-image-amd64 there" && return 0; }
  dir="$CACHE/$name"
  if [ ! -d "$dir" ] && ! { download "$suite" "$name" && unpack "$(echo "$CACHE/$name"_*.deb)" "${name#linux-image-}" "$dir"; }; then
    say "skipped: kernel of $suite: $name cannot be downloaded and unpacked"
    return 0
  fi
  rm -f "$CACHE/$name"_*.deb
  echo "$suite ${name#linux-image-} $dir"
}

mkdir -p "$CACHE"
for suite in "$@"; do fetch "$suite"; done
