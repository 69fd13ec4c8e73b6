#!/usr/bin/env bash
# Starts a host with the example actors (examples/demo.yaml) and says what to try. The build has
# signed the actors with throwaway keys of the build folder.
#
#   COUNTER_PORT=9001 ECHO_PORT=9002 scripts/run-example.sh [options of trellis up]
#
# A port that is taken is replaced by the next free one.
set -euo pipefail
cd "$(dirname "$0")/.."
build="${TRELLIS_BUILD:-build/release}"
trellis="$build/bin/trellis"

for file in "$trellis" "$build/actors/kvcounter.wasm" "$build/actors/echo.wasm"; do
  if [ ! -f "$file" ]; then
    echo "run-example: $file is missing; run 'make build' first" >&2
    exit 1
  fi
done

# first_free PORT...: the first port at or after the first argument on which nobody listens and
# which is not among the others.
first_free() {
  local port="$1"; shift
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || [[ " $* " == *" $port "* ]]; do
    port=$((port + 1))
    if [ "$port" -gt 65535 ]; then
      echo "run-example: no free port found" >&2
      exit 1
    fi
  done
  echo "$port"
}

ACTORS="$build/actors"
COUNTER_PORT="$(first_free "${COUNTER_PORT:-8081}")"
ECHO_PORT="$(first_free "${ECHO_PORT:-8082}" "$COUNTER_PORT")"
export ACTORS COUNTER_PORT ECHO_PORT

cat <<TEXT
Once it runs, try in another terminal:

  curl http://127.0.0.1:$COUNTER_PORT/visits        counts up with every request
  curl http://127.0.0.1:$ECHO_PORT/any/path?x=1    shows the request as the actor saw it
  $trellis get inventory
  $trellis call kvcounter HandleRequest \\
    '{"method":"GET","path":"/visits","queryString":"","header":{},"body":""}' --bin s

TEXT
exec "$trellis" up --manifest examples/demo.yaml "$@"
