#!/usr/bin/env bash
# build.sh PRESET [CMAKE OPTIONS] [-- TARGETS]: configures and builds, all or the targets.
set -euo pipefail
cd "$(dirname "$0")/.."
preset="$1"; shift
options=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
if [ "$#" -gt 0 ]; then shift; set -- --target "$@"; fi
mkdir -p "build/$preset"
log="build/$preset/configure.log"
# Configured again when the options or presets change; changes of CMake files are seen by the build.
wanted="$(printf '%s\n' "${options[@]+"${options[@]}"}" "${CCACHE_DISABLE-}" | cat - CMakePresets.json | cksum)"
if [ "$(cat "build/$preset/configured" 2>/dev/null)" = "$wanted" ]; then
  :
elif ! cmake --preset "$preset" ${options[@]+"${options[@]}"} >"$log" 2>&1; then
  cat "$log" >&2
  echo "build: configuring failed (above); run scripts/setup.sh to install what is missing" >&2
  exit 1
else
  echo "$wanted" >"build/$preset/configured"
fi
exec cmake --build --preset "$preset" -j "${JOBS:-$(nproc)}" "$@"
