#!/usr/bin/env bash
# Builds an OpenTelemetry Collector (receiver: OTLP, exporter: file) from the Go
# module proxy, runs it on loopback, and has the tests of oisp-export send events
# to it over every protocol and compare what it wrote. The Collector is kept in
# .tools/collector; its first build takes minutes.
# usage: scripts/services/collector.sh
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/../lib.sh"

skip() { say "skipped: the OpenTelemetry Collector: $*" && exit 0; }

have go || skip "there is no Go here to build it with"
needed="$(sed -n 's/^go //p' scripts/services/collector/go.mod)"
found="$(go env GOVERSION | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?')"
at_least "$found" "$needed" || skip "it needs Go $needed, here is $found"

CACHE="$TOOLS/collector"
LACKING=go.opentelemetry.io/collector/internal/statusutil
# The sources that the kept program was built from.
stamp="$(cat scripts/services/collector/{go.mod,go.sum,main.go} | sha256sum | cut -d ' ' -f 1)"

build() {
  rm -rf "$CACHE/src" && mkdir -p "$CACHE/src"
  cp -r scripts/services/collector/. "$CACHE/src"
  (
    cd "$CACHE/src" || exit
    # Some proxies do not have this one; scripts/services/collector/statusutil says what it is for.
    version="$(sed -n "s|^[[:space:]]*$LACKING \(v[^ ]*\).*|\1|p" go.mod)"
    if ! go mod download "$LACKING@$version" 2>/dev/null; then
      say "the module proxy has no $LACKING $version: built with a stand-in"
      go mod edit -replace "$LACKING=./statusutil" || exit
    fi
    GOFLAGS=-mod=mod go build -trimpath -ldflags '-s -w' -o "$CACHE/otelcol" .
  ) || return 1
  echo "$stamp" >"$CACHE/stamp"
}

if [ ! -x "$CACHE/otelcol" ] || [ "$(cat "$CACHE/stamp" 2>/dev/null)" != "$stamp" ]; then
  step "build the Collector" build || skip "it could not be built"
fi

use_rust
export OISP_TEST_COLLECTOR="$CACHE/otelcol"
# shellcheck disable=SC2046 # an option or nothing
cargo test $(locked) -p oisp-export --test collector -- --nocapture
