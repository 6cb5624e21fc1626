# The one door. Every target sets up what it needs (scripts/setup.sh says what and why).
#   make run ARGS='--process python3 --port 8080'
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
ARGS ?=

.PHONY: help run demo build frontend test e2e check cross-check test-api test-runtimes test-kernels test-chaos ebpf ebpf-check bench bench-capture soak fuzz dist test-services config-docs

help: ## this list
	@grep -hE '^[a-z][a-z0-9-]*:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

run: ## build, then record with the dashboard on http://localhost:7777 (root, or asks for sudo)
	@scripts/run.sh record $(ARGS)

demo: ## build, then show real clients talking to a loopback provider, captured live
	@scripts/run.sh demo $(ARGS)

build: ## the release binary, target/release/oisp-sensor, dashboard inside
	@scripts/build.sh

frontend: ## the dashboard alone, into frontend/dist
	@scripts/setup.sh build
	@scripts/frontend.sh

test: ## all tests: workspace, dashboard, real clients end to end (as root also the capture itself)
	@scripts/test.sh

e2e: ## only the end-to-end tests with real clients
	@scripts/test.sh e2e

test-api: ## the API of a running sensor against its own description, for two minutes (ARGS: SECONDS; root)
	@scripts/test-api.sh $(ARGS)

test-kernels: ## the capture on Linux 5.10, 6.1 and 6.12, in emulated machines (Debian on x86-64, as root)
	@scripts/test-kernels.sh $(ARGS)
test-runtimes: ## the matrix of runtimes: captured byte for byte, or the miss explained (ARGS: parts of names; root)
	@scripts/test-runtimes.sh $(ARGS)

test-chaos: ## sinks against a receiver that misbehaves (ARGS: SECONDS, 120, then a SEED)
	@scripts/test-chaos.sh $(ARGS)

test-services: ## sinks against the real services that they are for (ARGS: parts: collector)
	@scripts/test-services.sh $(ARGS)

config-docs: ## docs/configuration.md, from the configuration's types
	OISP_UPDATE_DOCS=1 cargo test -p oisp-sensor --test config the_document_is_current

check: ## format, lints, dependencies, docs, shell scripts, cross-check: what CI asks
	@scripts/check.sh

cross-check: ## type-check the workspace for Windows and macOS
	@scripts/cross-check.sh

ebpf: ## rebuild the committed eBPF objects from their source
	@scripts/ebpf-build.sh

ebpf-check: ## prove that the committed eBPF objects are their source, byte for byte
	@scripts/ebpf-build.sh --check

bench: ## measure the sensor against its quality bars (ARGS: decode capture sensor instructions)
	@scripts/bench.sh $(ARGS)

bench-capture: ## measure what capture costs: a call, a client, a busy TLS server (root)
	@scripts/bench.sh capture

soak: ## run under load and show that memory, descriptors and tables stay flat (ARGS: MINUTES, 30)
	@scripts/bench.sh soak $(or $(ARGS),30)

fuzz: ## fuzz the decoder's parsers (ARGS: SECONDS for each, then TARGETS; needs a nightly compiler)
	@scripts/fuzz.sh $(ARGS)

dist: ## a release archive with its checksum, into dist/
	@scripts/dist.sh
