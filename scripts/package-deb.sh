#!/usr/bin/env bash
# Makes the Debian packages from the release build into build/packages, and has lintian read them.
set -euo pipefail
cd "$(dirname "$0")/.."
build="${TRELLIS_BUILD:-build/release}"
into="${TRELLIS_PACKAGES:-build/packages}"
# The umask decides over the modes of what CMake installs.
umask 022
# Times inside the packages are those of the source.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH

cmake --build "$build" -j "${JOBS:-$(nproc)}" --target trellis_installable
mkdir -p "$into"
rm -f "$into"/*.deb
# The package carries libnode, so where the build used the system's it does not need that one as well.
# cpack takes the first dpkg-shlibdeps in PATH.
tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
printf '#!/bin/sh\nexec "%s" -xlibnode108 "$@"\n' "$(command -v dpkg-shlibdeps)" >"$tools/dpkg-shlibdeps"
chmod +x "$tools/dpkg-shlibdeps"
PATH="$tools:$PATH" cpack -G DEB --config "$build/CPackConfig.cmake" -B "$PWD/$into" >"$build/cpack.log" 2>&1 || {
  cat "$build/cpack.log" >&2
  echo "package-deb: cpack failed (above)" >&2
  exit 1
}
rm -rf "$into/_CPack_Packages"
for package in "$into"/*.deb; do
  printf '%s  %d kB, installed %d kB\n' "$package" "$(($(stat -c %s "$package") / 1000))" \
    "$(dpkg-deb -f "$package" Installed-Size)"
done
if dpkg-deb -f "$into"/trellis_*.deb Depends | grep -q libnode; then
  echo "package-deb: the package depends on libnode although it carries one" >&2
  exit 1
fi
lintian --allow-root --fail-on error --tag-display-limit 0 "$into"/*.deb >"$into/lintian.txt" || {
  cat "$into/lintian.txt" >&2
  echo "package-deb: lintian finds errors (above)" >&2
  exit 1
}
echo "lintian: no errors, $(grep -c '^W:' "$into/lintian.txt" || true) warnings ($into/lintian.txt)"
