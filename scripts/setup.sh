#!/usr/bin/env bash
# Installs what a build needs on Debian 12, and only what is missing. Safe to run again: when
# everything is there it takes a fraction of a second and needs no network.
#
#   scripts/setup.sh run    library, host binary and the C++ example actors
#   scripts/setup.sh demo   the above, plus a NATS server
#   scripts/setup.sh test   the above, plus test servers, other guest toolchains, shells and ccache
#   scripts/setup.sh bench, fuzz, format, lint   what `make` needs for the targets of these names
#   scripts/setup.sh package  what makes packages and tests them (make deb, dist, test-package)
#   scripts/setup.sh cross  what builds for other machines and tries it (make cross, test-cross)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
profile="${1:-run}"
deps="${TRELLIS_DEPS:-build/deps}"

run_packages=(
  g++ cmake ninja-build make pkg-config git ca-certificates curl
  "${library_packages[@]}"
  clang lld wasi-libc libc++-dev-wasm32 libclang-rt-14-dev-wasm32
)
test_packages=(
  "${test_library_packages[@]}" wabt python3 wrk procps
  bash zsh fish mandoc ccache systemd
  rustc libstd-rust-dev libstd-rust-dev-wasm32
  libjemalloc2 liblzf1 liblua5.1-0 lua-bitop lua-cjson libatomic1
)
fuzz_packages=(clang-19 libclang-rt-19-dev)
format_packages=(clang-format-19)
lint_packages=(clang-19 clang-tidy-19 clang-format-19 "${test_library_packages[@]}")
package_packages=(dpkg-dev fakeroot lintian xz-utils patchelf debootstrap python3)
cross_packages=(g++-aarch64-linux-gnu g++-arm-linux-gnueabihf qemu-user-static wabt python3 libgtest-dev libgmock-dev)

packages=("${run_packages[@]}")
case "$profile" in
  run|demo) ;;
  test | bench) packages+=("${test_packages[@]}") ;;
  fuzz) packages+=("${fuzz_packages[@]}") ;;
  format) packages=("${format_packages[@]}") ;;
  lint) packages+=("${test_packages[@]}" "${lint_packages[@]}") ;;
  package) packages+=("${package_packages[@]}") ;;
  cross) packages+=("${cross_packages[@]}") ;;
  *) echo "setup.sh: unknown profile '$profile' (run, demo, test, bench, fuzz, format, lint, package, cross)" >&2; exit 2 ;;
esac

say() { echo "setup: $*"; }
# missing_of PACKAGE...: those that are not installed. One question for all: it is asked before each run.
missing_of() {
  local known
  # It fails where a package was never installed, which is what is asked.
  known=" $(dpkg-query -W -f='${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true) "
  local package
  for package in "$@"; do
    [[ "$known" == *" $package=installed "* ]] || echo "$package"
  done
}

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
apt_ready=no
apt() {
  if [ "$apt_ready" = no ]; then
    say "apt-get update"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    apt_ready=yes
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

mapfile -t missing < <(missing_of "${packages[@]}")
if [ "${#missing[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: this is not a Debian machine; install by hand: ${missing[*]}" >&2
    exit 1
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  apt install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# V8 comes from Debian's libnode. Its package cannot stand beside another origin's nodejs, so where
# it does not install cleanly the two packages are unpacked into a private folder instead.
have_v8() {
  { [ -f /usr/include/node/v8.h ] && ls /usr/lib/*/libnode.so >/dev/null 2>&1; } ||
    [ -f "$deps/node/usr/include/node/v8.h" ]
}
unpack_libnode() {
  say "unpacking libnode into $deps/node (the system's nodejs is another origin's)"
  apt install -y --no-install-recommends libuv1-dev libc-ares2 libnghttp2-14 libicu72 libbrotli1 >/dev/null
  mkdir -p "$deps/node"
  local into work
  into="$(cd "$deps/node" && pwd)"
  work="$(mktemp -d)"
  chmod 755 "$work"
  (cd "$work" && apt-get -o APT::Sandbox::User=root download -qq libnode108 libnode-dev >/dev/null &&
    for file in *.deb; do dpkg -x "$file" "$into"; done)
  rm -rf "$work"
}
if [ "$profile" != format ] && ! have_v8; then
  # To its end: a pipe that `grep -q` closes early would look like a simulation that failed.
  if apt install -y --no-install-recommends --simulate libnode-dev 2>/dev/null | grep '^Remv' >/dev/null ||
     ! apt install -y --no-install-recommends libnode-dev >/dev/null 2>&1; then
    unpack_libnode
  fi
fi

# Debian's server packages start a service when they are installed and at every boot. The tests only
# need the programs, so those are unpacked where none is installed.
unpack_server() {  # PACKAGE PROGRAM
  if command -v "$2" >/dev/null || [ -x "$deps/servers/usr/bin/$2" ] || [ -x "$deps/servers/usr/sbin/$2" ]; then
    return
  fi
  say "unpacking $1 into $deps/servers (installed, it would start a service)"
  mkdir -p "$deps/servers"
  local into work
  into="$(cd "$deps/servers" && pwd)"
  work="$(mktemp -d)"
  chmod 755 "$work"
  apt install -y --no-install-recommends --simulate "$1" >/dev/null  # so that the lists are there
  (cd "$work" && apt-get -o APT::Sandbox::User=root download -qq "$1" >/dev/null && dpkg -x ./*.deb "$into")
  rm -rf "$work"
}
if [[ "$profile" =~ ^(test|bench|demo|cross)$ ]]; then
  unpack_server nats-server nats-server
fi
if [[ "$profile" =~ ^(test|bench)$ ]]; then
  unpack_server redis-tools redis-check-rdb  # redis-server is a link to it
  unpack_server redis-server redis-server
  unpack_server docker-registry docker-registry
fi

# npm is only needed for the AssemblyScript guest, and any origin's npm will do.
if [ "$profile" = test ] && ! command -v npm >/dev/null; then
  say "installing npm (for the AssemblyScript guest)"
  apt install -y --no-install-recommends npm >/dev/null
fi
