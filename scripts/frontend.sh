#!/usr/bin/env bash
# The dashboard, into frontend/dist, when its sources are newer than what is there.
# usage: scripts/frontend.sh [test|check]   (after building: its tests, its types and lints)
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd frontend

npm_ci() {
  local done=node_modules/.package-lock.json
  [ -e "$done" ] && ! [ package-lock.json -nt "$done" ] && ! [ package.json -nt "$done" ] && return 0
  say "frontend: npm ci"
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch "$done"
}

built() {
  [ -e dist/index.html ] || return 1
  [ -z "$(find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -newer dist/index.html -print -quit)" ]
}

npm_ci
if ! built; then
  say "frontend: npm run build"
  npm run --silent build >&2
  touch dist/index.html
fi
case "${1:-}" in test | check) npm run --silent "$1" >&2 ;; esac
