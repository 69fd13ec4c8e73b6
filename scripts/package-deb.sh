#!/usr/bin/env bash
# Makes the Debian packages from the release build into build/packages, and has lintian read them.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/target.sh
into="${TRELLIS_PACKAGES:-build/packages}"
# The umask decides over the modes of what CMake installs.
umask 022
# Times inside the packages are those of the source.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
export SOURCE_DATE_EPOCH

cmake --build "$build" -j "${JOBS:-$(nproc)}" --target trellis_installable
mkdir -p "$into"
debs="${arch:-$(dpkg --print-architecture)}.deb"
rm -f "$into"/*_"$debs"
# The package carries libnode, so where the build used the system's it does not need that one as well.
# cpack takes the first dpkg-shlibdeps in PATH.
tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
options=(-xlibnode108)
if [ -n "$sysroot" ]; then
  # Another machine's libraries are installed nowhere: a list of installed packages that says where
  # they are unpacked.
  mkdir -p "$tools/admin/info" "$tools/admin/updates"
  echo 1 >"$tools/admin/info/format"
  for folder in "$sysroot"/packages/*; do
    package="$(basename "$folder")"
    sed '1a Status: install ok installed' "$folder/control"
    echo
    multi="$package"
    if grep -q '^Multi-Arch: same' "$folder/control"; then multi="$package:$arch"; fi
    # Libraries are looked for in /usr/lib, and some packages say /lib.
    sed "s|^\(/usr\)\?/|$sysroot/usr/|; s|/usr/usr/|/usr/|" "$folder/files" >"$tools/admin/info/$multi.list"
    for kind in shlibs symbols; do
      if [ -f "$folder/$kind" ]; then cp "$folder/$kind" "$tools/admin/info/$multi.$kind"; fi
    done
  done >"$tools/admin/status"
  export DEB_HOST_ARCH="$arch"
  options+=("--admindir=$tools/admin" "-l$sysroot/usr/lib/$triplet")
fi
printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$(command -v dpkg-shlibdeps)" "${options[*]}" >"$tools/dpkg-shlibdeps"
chmod +x "$tools/dpkg-shlibdeps"
PATH="$tools:$PATH" cpack -G DEB --config "$build/CPackConfig.cmake" -B "$PWD/$into" >"$build/cpack.log" 2>&1 || {
  cat "$build/cpack.log" >&2
  echo "package-deb: cpack failed (above)" >&2
  exit 1
}
rm -rf "$into/_CPack_Packages"
for package in "$into"/*_"$debs"; do
  printf '%s  %d kB, installed %d kB\n' "$package" "$(($(stat -c %s "$package") / 1000))" \
    "$(dpkg-deb -f "$package" Installed-Size)"
done
if dpkg-deb -f "$into"/trellis_*_"$debs" Depends | grep libnode >/dev/null; then
  echo "package-deb: the package depends on libnode although it carries one" >&2
  exit 1
fi
lintian --allow-root --fail-on error --tag-display-limit 0 "$into"/*_"$debs" >"$into/lintian.txt" || {
  cat "$into/lintian.txt" >&2
  echo "package-deb: lintian finds errors (above)" >&2
  exit 1
}
echo "lintian: no errors, $(grep -c '^W:' "$into/lintian.txt" || true) warnings ($into/lintian.txt)"
