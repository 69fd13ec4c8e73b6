#!/usr/bin/env bash
# Starts a NATS server and two hosts of one lattice (examples/lattice), shows what they do, and ends
# all of it on Ctrl-C.
#
#   NATS_PORT=4333 COUNTER_PORT=9001 scripts/run-lattice-demo.sh
#
# ONCE=1 ends after the first look, for tests. A port that is taken is replaced by the next free one.
set -euo pipefail
cd "$(dirname "$0")/.."
build="${TRELLIS_BUILD:-build/release}"
trellis="$build/bin/trellis"
export PATH="$PATH:$PWD/build/deps/servers/usr/sbin:/usr/sbin"

if [ ! -f "$trellis" ] || [ ! -f "$build/actors/kvcounter.wasm" ]; then
  echo "run-lattice-demo: run 'make build' first" >&2
  exit 1
fi

first_free() {
  local port="$1"
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

ACTORS="$build/actors"
NATS_PORT="$(first_free "${NATS_PORT:-4222}")"
COUNTER_PORT="$(first_free "${COUNTER_PORT:-8081}")"
export ACTORS COUNTER_PORT
work="$(mktemp -d)"
hosts=()
finish() {
  trap - EXIT
  local host
  for host in ${hosts[@]+"${hosts[@]}"}; do kill -TERM "$host" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 0' INT TERM

# The first host brings the NATS server, so it is started first and stopped last.
start() {
  local name="$1"; shift
  "$trellis" up "$@" --name "$name" --manifest "examples/lattice/$name.yaml" \
    --ready-file "$work/$name" >"$work/$name.log" 2>&1 &
  hosts=("$!" ${hosts[@]+"${hosts[@]}"})
  for _ in $(seq 300); do
    [ -s "$work/$name" ] && return
    kill -0 "$!" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/$name.log" >&2
  exit 1
}
# The other host says where it is to listen; that it may is for this one to say.
start front --lattice --rpc-port "$NATS_PORT" --link-listen 127.0.0.1
start back --lattice "nats://127.0.0.1:$NATS_PORT"

lattice=(--rpc-port "$NATS_PORT")
url="http://127.0.0.1:$COUNTER_PORT/visits"
for _ in $(seq 100); do curl -sf "$url" >/dev/null && break; sleep 0.1; done

cat <<TEXT
Two hosts are one lattice (NATS at 127.0.0.1:$NATS_PORT).

\$ trellis ctl get inventory ${lattice[*]}
$("$trellis" ctl get inventory "${lattice[@]}")

The HTTP provider is on one host, the actor on the other:

\$ curl $url
$(curl -s "$url")
TEXT
[ -n "${ONCE:-}" ] && exit 0
cat <<TEXT

Try in another terminal:

  curl $url
  $trellis ctl get hosts ${lattice[*]}
  $trellis ctl call kvcounter HandleRequest ${lattice[*]} \\
    '{"method":"GET","path":"/visits","queryString":"","header":{},"body":""}' --bin s
  $trellis ctl watch ${lattice[*]}

Ctrl-C ends both hosts and the server.
TEXT
wait
