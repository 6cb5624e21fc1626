#!/usr/bin/env bash
# A release archive: the binary, what to read, the licence; and its checksum.
# The same commit and compiler give the same archive.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

CI=true scripts/build.sh # from the lock file
version="$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
name="oisp-sensor-$version-linux-$(uname -m)"
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT

mkdir -p "$stage/$name" dist
install -m 755 "${CARGO_TARGET_DIR:-target}/release/oisp-sensor" "$stage/$name/"
install -m 644 README.md LICENSE CHANGELOG.md SECURITY.md "$stage/$name/"
tar --create --gzip --file "dist/$name.tar.gz" --directory "$stage" --sort=name --owner=0 --group=0 --numeric-owner \
  --mtime="@$(git log -1 --format=%ct)" "$name"
(cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256" && cat "$name.tar.gz.sha256")
