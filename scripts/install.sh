#!/usr/bin/env bash
# Installs the release build, says what it takes, and where.
#   [DESTDIR=FOLDER] scripts/install.sh PREFIX [debug]
set -euo pipefail
here="$PWD"
cd "$(dirname "$0")/.."
prefix="${1:?usage: install.sh PREFIX [debug]}"
build="${TRELLIS_BUILD:-build/release}"
if [ "${prefix:0:1}" != / ]; then prefix="$here/$prefix"; fi

if [ ! -f "$build/CMakeCache.txt" ]; then
  echo "install: nothing is built in $build; run 'make build' first" >&2
  exit 1
fi
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target trellis_installable
cmake --install "$build" --prefix "$prefix" >/dev/null
if [ "${2:-}" = debug ]; then
  cmake --install "$build" --prefix "$prefix" --component debug >/dev/null
fi

root="${DESTDIR:-}$prefix"
# size FOLDER...: kilobytes of what the installation has there, the list of its files decides.
size() {
  (cd "$root" && grep -v '/$' share/trellis/installed-files | grep -E "$1" |
    tr '\n' '\0' | du -ck --apparent-size --files0-from=- | tail -n 1 | cut -f 1)
}
row() { printf '  %-34s %6d kB\n' "$1" "$2"; }
node="$(size '^lib[^ ]*/trellis/libnode' || true)"
echo "installed to $root"
row "bin/trellis" "$(size '^bin/')"
row "libtrellis.a" "$(size 'libtrellis\.a$')"
row "libtrellis_builtins.a" "$(size 'libtrellis_builtins\.a$')"
row "provider archives" "$(size '/providers/')"
row "headers, templates, documents" "$(size '^(include|share|lib/cmake|lib/pkgconfig|lib/systemd)/')"
if [ "${2:-}" = debug ]; then row "debug information" "$(size '^lib/debug/')"; fi
if [ "${node:-0}" -gt 0 ]; then row "libnode" "$node"; fi
row "together" "$(size .)"
