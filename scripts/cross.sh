#!/usr/bin/env bash
# cross.sh build|test|check arm64|armhf: builds for another machine in build/cross-ARCH, or runs what
# ctest calls qemu: tests of that build under emulation. `make cross` and `make test-cross` have built this
# machine's binary before, which signs actors and providers.
#   TRELLIS_NATIVE=build/release/bin/trellis   that binary
set -euo pipefail
cd "$(dirname "$0")/.."
task="${1:-}" arch="${2:-}"
usage() { echo "cross: $1 say: ARCH=arm64, or ARCH=armhf" >&2; exit 2; }
case "$arch" in
  arm64 | armhf) ;;
  '') usage "for which machine?" ;;
  *) usage "'$arch' is no machine that this builds for;" ;;
esac
if [ "$task" = check ]; then exit 0; fi
native="$(realpath -m "${TRELLIS_NATIVE:-build/release/bin/trellis}")"
scripts/sysroot.sh "$arch"
case "$task" in
  build) exec scripts/build.sh "cross-$arch" "-DTRELLIS_NATIVE=$native" -DTRELLIS_TESTS=OFF ;;
  test)
    scripts/build.sh "cross-$arch" "-DTRELLIS_NATIVE=$native" -DTRELLIS_TESTS=ON -- trellis_qemu
    exec ctest --test-dir "build/cross-$arch" -L qemu --output-on-failure --no-tests=error \
      -j "${JOBS:-$(nproc)}" </dev/null
    ;;
  *) usage "what to do?" ;;
esac
