#!/usr/bin/env bash
# ctest.sh PRESET [OPTIONS OF CTEST]: runs the suite in parallel and ends with ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
preset="$1"; shift
exec ctest --test-dir "build/$preset" "$@" --output-on-failure --no-tests=error -j "${JOBS:-$(($(nproc) * 2))}" </dev/null
