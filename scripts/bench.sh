#!/usr/bin/env bash
# Runs the benchmarks of the release build; figures go to build/bench/results.json.
set -euo pipefail
cd "$(dirname "$0")/.."
exec build/release/bin/trellis bench --out build/bench/results.json "$@"
