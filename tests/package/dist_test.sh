#!/usr/bin/env bash
# Unpacks the tarball in a folder that has Debian 12's libc and nothing else, not even a shell, and
# uses it there.
#   dist_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
source_dir="$1"
source "$source_dir/tests/package/debian_folder.sh"
in_own_namespace "$@"
packages="${TRELLIS_PACKAGES:-$source_dir/build/packages}"
base="$source_dir/build/package-base${ARCH:+-$ARCH}/bookworm"
folder="$work/debian"
machine="$(uname -m)"
case "${ARCH:-}" in arm64) machine=aarch64 ;; armhf) machine=arm ;; esac
tarball="$(ls "$packages"/trellis-*-linux-"$machine".tar.xz)" || die "no tarball in $packages: run 'make dist' first"

bytes="$(stat -c %s "$tarball")"
echo "tarball: $((bytes / 1000)) kB"
[ "$bytes" -le 45000000 ] || die "more than 45 MB"
debian_base "$base"
mkdir -p "$folder"/{usr,tmp,root,proc,dev,opt}
for link in lib lib64; do if [ -e "$base/$link" ]; then cp -a "$base/$link" "$folder/"; fi; done
chroot "$base" dpkg -L libc6 | while read -r file; do
  file="$(chroot "$base" realpath -s "$file")"
  case "$file" in /lib/* | /lib64/*) file="/usr$file" ;; esac
  if [ -f "$base$file" ]; then (cd "$base" && cp -a --parents ".$file" "$folder/"); fi
done
cp -a "$base"/dev/{null,urandom} "$folder/dev/"
mount -t proc proc "$folder/proc"
# A folder that nobody thought of when it was packed.
home="/opt/a b"
mkdir -p "$folder$home"
tar -C "$folder$home" --strip-components=1 -xf "$tarball"
trellis="$home/bin/trellis"

echo "unpacked: $(run_in "$folder" "$trellis" --version)"
try_doctor "$folder" "$trellis"
# Its manifest has paths without blanks, as in the documents.
ln -s "$home" "$folder/opt/trellis"
try_counter "$folder" "$trellis" /opt/trellis/lib/trellis/providers /opt/trellis/share/trellis/actors
# The template of the tarball, compiled by this machine's clang.
cp -r "$folder$home/share/trellis/sdk/cpp/template" "$work/hello"
quietly "$work/hello/build.sh" "$folder$home/include"
cp "$work/hello/hello.wasm" "$folder/tmp/"
try_dev "$folder" "$trellis" /tmp/hello.wasm
