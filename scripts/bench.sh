#!/usr/bin/env bash
# Runs the benchmarks of the release build; figures go to build/bench/results.json.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/bench/results.json
arguments=(--out "$out")
# A Redis server for as long as this runs.
redis="$(command -v redis-server || echo build/deps/servers/usr/bin/redis-server)"
if [ -x "$redis" ]; then
  port="$(shuf -i 20000-60000 -n 1)"
  "$redis" --port "$port" --bind 127.0.0.1 --save "" --appendonly no >/dev/null &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  arguments+=(--redis "redis://127.0.0.1:$port/")
fi
build/release/bin/trellis bench "${arguments[@]}" "$@"
build/release/bin/count_allocations "$out"
