# For the scripts that make packages: what they are made for, by ARCH (a word of Debian's; none: this
# machine). Sourced from the root of the source.
#   build         the build folder            machine   in the name of the tarball
#   triplet       of the compiler's tools     sysroot   where the libraries are; empty: on this machine
arch="${ARCH:-}"
triplet="" sysroot=""
case "$arch" in
  '') build="${TRELLIS_BUILD:-build/release}" machine="$(uname -m)" ;;
  arm64) machine=aarch64 triplet=aarch64-linux-gnu emulator=qemu-aarch64-static ;;
  armhf) machine=arm triplet=arm-linux-gnueabihf emulator=qemu-arm-static ;;
  *) echo "ARCH: '$arch' is no machine that this builds for; arm64, armhf, or nothing for this one" >&2; exit 2 ;;
esac
if [ -n "$arch" ]; then
  build="${TRELLIS_BUILD:-build/cross-$arch}"
  sysroot="$(realpath "${TRELLIS_DEPS:-build/deps}/sysroot-$arch")"
fi
tool() { "${triplet:+$triplet-}$1" "${@:2}"; }

# libraries_of PROGRAM: the paths of the shared libraries it loads, theirs among them; what is missing
# has none.
libraries_of() {
  if [ -z "$sysroot" ]; then
    ldd "$1" | awk '$2 == "=>" { print $3 }'
  else
    LD_TRACE_LOADED_OBJECTS=1 "$emulator" -L "$sysroot" "$1" | awk '$2 == "=>" { print $3 }' |
      sed "s|^/\(usr/\)\?lib/|$sysroot/usr/lib/|"
  fi
}

# package_of FILE: the Debian package a library is from; nothing when it is from none.
package_of() {
  if [ -z "$sysroot" ]; then
    # Debian files some paths without the leading /usr.
    { dpkg -S "$1" || dpkg -S "${1#/usr}"; } 2>/dev/null | head -n 1 | cut -d : -f 1
  else
    local path="${1#"$sysroot"}"
    grep -lxF -e "$path" -e "${path#/usr}" "$sysroot"/packages/*/files | head -n 1 | xargs -r dirname | xargs -r basename
  fi
}
