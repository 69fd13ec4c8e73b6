#!/usr/bin/env bash
# Runs the benchmarks of the release build; figures go to build/bench/results.json.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/bench/results.json
build/release/bin/trellis bench --out "$out" "$@"
exec build/release/bin/count_allocations "$out"
