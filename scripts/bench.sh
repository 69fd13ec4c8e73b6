#!/usr/bin/env bash
# Runs the benchmarks of the release build; figures go to build/bench/results.json. The servers are
# those of this machine or the ones that set-up unpacked.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:$PWD/build/deps/servers/usr/bin:$PWD/build/deps/servers/usr/sbin:/usr/sbin"
out=build/bench/results.json
for server in redis-server nats-server wrk; do
  command -v "$server" >/dev/null || { echo "bench: no $server; run scripts/setup.sh bench" >&2; exit 1; }
done

port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
redis-server --port "$port" --bind 127.0.0.1 --save "" --appendonly no >/dev/null &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
build/release/bin/trellis bench --out "$out" --redis "redis://127.0.0.1:$port/" --redis-pid "$server" "$@"
build/release/bin/count_allocations "$out"
