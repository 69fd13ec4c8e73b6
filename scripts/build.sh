#!/usr/bin/env bash
# build.sh PRESET [CMAKE OPTIONS]: configures when needed and builds.
set -euo pipefail
cd "$(dirname "$0")/.."
preset="$1"; shift
mkdir -p "build/$preset"
log="build/$preset/configure.log"
if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
  cat "$log" >&2
  echo "build: configuring failed (above); run scripts/setup.sh to install what is missing" >&2
  exit 1
fi
exec cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}"
