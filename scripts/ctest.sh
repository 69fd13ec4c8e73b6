#!/usr/bin/env bash
# ctest.sh PRESET: runs the suite in parallel and ends with ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."
exec ctest --test-dir "build/$1" --output-on-failure --no-tests=error -j "${JOBS:-$(($(nproc) * 2))}" </dev/null
