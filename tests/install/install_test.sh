#!/usr/bin/env bash
# Installs the build into a scratch prefix, then builds and runs outside the tree what a user would:
# programs that embed a host (CMake package, pkg-config) and a provider in C (pkg-config).
#   install_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
# Quiet while all is well: what a step printed is shown when it fails.
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }; }
source_dir="$1" build_dir="$2"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# A prefix that no file was written for, and that careless quoting would break.
prefix="$work/opt/a b+c/trellis-0"
die() { echo "$1"; exit 1; }

mkdir -p "$work/opt"
quietly cmake --install "$build_dir" --prefix "$prefix"
quietly cmake --install "$build_dir" --prefix "$prefix" # over the first
"$source_dir/tests/install/layout_test.sh" "$source_dir" "$build_dir" "$prefix"
PKG_CONFIG_PATH="$(dirname "$(find "$prefix" -name trellis.pc)")"
export PKG_CONFIG_PATH

"$prefix/bin/trellis" --version
# pkg-config escapes blanks for the shell, so a shell must read its answer.
eval "cc -std=c99 -Wall -Wextra -pedantic -D_POSIX_C_SOURCE=200809L -shared -fPIC \
  $(pkg-config --cflags trellis) -o '$work/greeting.so' '$source_dir/examples/provider/greeting.c'"
quietly cmake -S "$source_dir/examples/embed" -B "$work/embed" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$work/embed"
eval "c++ -std=c++23 -o '$work/embed-pc' '$source_dir/examples/embed/main.cpp' \
  $(pkg-config --cflags --libs trellis)"
eval "c++ -std=c++23 -o '$work/visits-pc' '$source_dir/examples/embed/visits.cpp' \
  $(pkg-config --cflags --libs trellis-builtins)"
# A host without built-in providers needs nothing that only they need.
for program in "$work/embed/embed" "$work/embed-pc"; do
  needed="$(readelf --dynamic --wide "$program" | grep -E 'NEEDED.*lib(hiredis|expat)' || true)"
  [ -z "$needed" ] || die "$program: $needed"
done

USER=throwaway "$prefix/bin/trellis" claims sign "$build_dir/actors/probe.unsigned.wasm" \
  --destination "$work/probe.wasm" --directory "$work/keys" --name probe --keyvalue --cap example:greeting 2>/dev/null
# What their README says they print.
# prints_as_promised NAME PROGRAM ARGUMENT...
prints_as_promised() {
  promised="$(awk -v name="embed/$1" '$1 == name { on = 1; next } !/^# / { on = 0 } on { print substr($0, 3) }' \
    "$source_dir/examples/embed/README.md")"
  [ -n "$promised" ] || die "examples/embed/README.md shows no output of $1"
  out="$("${@:2}")"
  echo "$out"
  [ "$out" = "$promised" ] || die "examples/embed/README.md says: $promised"
}
for program in "$work/embed/embed" "$work/embed-pc"; do
  prints_as_promised embed "$program" "$work/probe.wasm" "$work/greeting.so"
done
for program in "$work/embed/visits" "$work/visits-pc"; do
  prints_as_promised visits "$program" "$work/probe.wasm"
done

# A newcomer's actor, from the installed template alone.
cp -r "$prefix/share/trellis/sdk/cpp/template" "$work/hello"
TRELLIS=/nowhere "$work/hello/build.sh" # finds the headers through pkg-config
rm "$work/hello/hello.wasm"
TRELLIS=/nowhere "$prefix/share/trellis/sdk/cpp/template/build.sh" # in the installation it is in
(cd "$work" && "$prefix/bin/trellis" new fresh >/dev/null)
PKG_CONFIG_PATH=/nowhere TRELLIS="$prefix/bin/trellis" "$work/fresh/build.sh" # asks the program
USER=throwaway "$prefix/bin/trellis" claims sign "$work/fresh/fresh.wasm" \
  --destination "$work/hello.wasm" --directory "$work/keys" --name hello --http_server 2>/dev/null

# A newcomer's provider, from the installed template alone: built, signed, and asked over HTTP.
export USER=throwaway WASH_KEYS="$work/keys" PATH="$prefix/bin:$PATH"
cd "$work"
quietly trellis new dice --provider
quietly cmake -S "$work/dice" -B "$work/dice/by-hand" -DCMAKE_PREFIX_PATH="$prefix"
quietly cmake --build "$work/dice/by-hand"
rm -r "$work/dice/by-hand"
cd "$work/dice"
quietly ./build.sh
for mode in process in-process; do
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  rm -f "$work/ready"
  HOME="$work" XDG_RUNTIME_DIR="$work" PORT="$port" SIDES=1000 trellis up -m manifest.yaml \
    --provider-mode "$mode" --ready-file "$work/ready" >"$work/log" 2>&1 &
  host=$!
  trap 'kill -9 $host 2>/dev/null || true; rm -rf "$work"' EXIT
  rolled="$(curl -s --retry 30 --retry-delay 1 --retry-all-errors "http://127.0.0.1:$port/100")" ||
    { cat "$work/log"; exit 1; }
  # A hundred rolls of a die with a thousand sides: numbers, some of them beyond 100.
  awk '$1 < 1 || $1 > 1000 { exit 1 } $1 > 100 { high = 1 } END { exit NR != 100 || !high }' \
    <<<"$rolled" || { echo "$rolled"; cat "$work/log"; exit 1; }
  kill "$host"
  wait "$host"
  echo "dice, $mode: $(tr '\n' ' ' <<<"$rolled" | cut -c 1-40)..."
done

# Everything goes again, with the folders that were made for it.
cd "$work"
rm -r "$prefix"/share/trellis/sdk/cpp/template/{out,template.wasm}
quietly "$source_dir/scripts/uninstall.sh" "$prefix"
[ -z "$(ls -A "$work/opt/a b+c")" ] || { find "$work/opt"; die "uninstalling left these"; }
