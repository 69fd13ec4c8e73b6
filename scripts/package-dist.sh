#!/usr/bin/env bash
# Makes a tarball that runs wherever there is Debian 12's libc, or a newer one: all other libraries
# are in it, found relative to the program.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/target.sh
into="${TRELLIS_PACKAGES:-build/packages}"
prefix=/opt/trellis # where the unit looks for the program; the rest runs anywhere
umask 022
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || date +%s)}"

cmake --build "$build" -j "${JOBS:-$(nproc)}" --target trellis_installable
version="$(sed -n 's/^CMAKE_PROJECT_VERSION:.*=//p' "$build/CMakeCache.txt")"
name="trellis-$version-linux-$machine"
mkdir -p "$into"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for component in runtime node sdk local; do
  DESTDIR="$work" cmake --install "$build" --prefix "$prefix" --component "$component" >/dev/null
done
mv "$work$prefix" "$work/$name"
root="$work/$name" libraries="$work/$name/lib/trellis"

# Those of libc itself belong to the machine: they fit its kernel's loader and its name services.
of_libc='/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|nss_[a-z]+|anl))\.so\.[0-9]+$'
libraries_of "$root/bin/trellis" | grep -vE "$of_libc" | sort >"$work/needed"
if grep -qv '^/' "$work/needed"; then
  echo "package-dist: libraries are missing on this machine:" >&2
  grep -v '^/' "$work/needed" >&2
  exit 1
fi
mkdir -p "$root/share/doc/trellis/licenses"
while read -r library; do
  library="$(realpath -s "$library")"
  file="$libraries/$(basename "$library")"
  [ "$library" = "$(realpath -s "$file")" ] || cp -L "$library" "$file"
  chmod 644 "$file"
  # Whose it is, for its terms.
  real="$(realpath "$library")"
  package="$(package_of "$real")" || true
  if [ -n "$package" ]; then
    cp -L "$sysroot/usr/share/doc/$package/copyright" "$root/share/doc/trellis/licenses/$package"
  elif [[ "$file" != */libnode.so.* ]]; then
    echo "package-dist: $real belongs to no package; its terms are unknown" >&2
    exit 1
  fi
done <"$work/needed"
if [ -f "$root/share/doc/trellis/copyright.libnode" ]; then
  mv "$root/share/doc/trellis/copyright.libnode" "$root/share/doc/trellis/licenses/libnode"
fi
tool strip --strip-unneeded --remove-section=.comment "$libraries"/*.so.*
# Each finds the others beside itself, and a module that a provider brings finds them as well.
for file in "$libraries"/*.so.*; do patchelf --set-rpath '$ORIGIN' "$file"; done
patchelf --force-rpath --set-rpath '$ORIGIN/../lib/trellis' "$root/bin/trellis"

tarball="$into/$name.tar.xz"
rm -f "$tarball"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
  -cf - "$name" | xz -9 -T 1 >"$tarball.new"
mv "$tarball.new" "$tarball"
echo "$tarball  $(($(stat -c %s "$tarball") / 1000)) kB, unpacked $(du -sk --apparent-size "$root" | cut -f 1) kB," \
  "$(wc -l <"$work/needed") libraries"
