#!/bin/sh
# Proves that the committed eBPF objects are what their source builds to.
exec "$(dirname "$0")/ebpf-build.sh" --check
