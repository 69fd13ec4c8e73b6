#!/usr/bin/env bash
# Installs the Debian packages with apt in a minimal Debian 12, uses them, and removes them again
# without a trace.
#   deb_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
source_dir="$1"
source "$source_dir/tests/package/debian_folder.sh"
in_own_namespace "$@"
packages="${TRELLIS_PACKAGES:-$source_dir/build/packages}"
cache="$source_dir/build/package-base${ARCH:+-$ARCH}"
debs="${ARCH:-$(dpkg --print-architecture)}.deb"
folder="$work/debian"
ls "$packages"/trellis_*_"$debs" "$packages"/trellis-dev_*_"$debs" >/dev/null ||
  die "no packages in $packages: run 'make deb' first"

trellis_deb="/packages/$(cd "$packages" && ls trellis_*_"$debs")"
dev_deb="/packages/$(cd "$packages" && ls trellis-dev_*_"$debs")"

debian_base "$cache/bookworm"
over "$cache/bookworm" "$folder"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
mkdir -p "$cache/archives/partial" "$folder/packages"
mount --bind "$cache/archives" "$folder/var/cache/apt/archives"
mount --bind "$packages" "$folder/packages"
apt() { quietly run_in "$folder" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq "$@"; }
# The machine's files: without logs, caches, the package managers' own books, and what adduser writes
# beside the accounts.
listing() {
  (cd "$folder" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/log \
    -o -path ./var/cache -o -path ./tmp -o -path ./root -o -path ./packages -o -path ./run/adduser \
    -o -path './etc/*-' \) -prune -o -print | sort)
}
accounts() { sort "$folder/etc/group" "$folder/etc/passwd"; }
same() { diff "$1" "$2" >"$work/diff" || { head -n 40 "$work/diff"; die "$3"; }; }

apt update
listing >"$work/files.before"
accounts >"$work/accounts.before"
apt install --no-install-recommends "$trellis_deb"
echo "installed: $(run_in "$folder" trellis --version)"
run_in "$folder" getent group trellis >/dev/null || die "the group trellis is missing"
[ -f "$folder/etc/trellis/host.yaml" ] || die "/etc/trellis/host.yaml is missing"
[ -f "$folder/usr/lib/systemd/system/trellis.service" ] || die "the unit is missing"
for file in man/man1/trellis.1.gz man/man1/trellis-up.1.gz bash-completion/completions/trellis \
  zsh/vendor-completions/_trellis fish/vendor_completions.d/trellis.fish; do
  [ -s "$folder/usr/share/$file" ] || die "/usr/share/$file is missing"
done
[ -z "$(find "$folder/etc/systemd" -name 'trellis*')" ] || die "the service is enabled"
try_doctor "$folder" trellis
try_counter "$folder" trellis /usr/lib/trellis/providers /usr/share/trellis/actors

# Removed, the configuration stays; purged, nothing does, and with what came for it nothing of that.
apt remove trellis
[ -f "$folder/etc/trellis/host.yaml" ] || die "the configuration went before the purge"
mkdir -p "$folder/var/lib/trellis/state" "$folder/var/cache/trellis"
apt purge trellis
apt autoremove --purge -o APT::AutoRemove::RecommendsImportant=false \
  -o APT::AutoRemove::SuggestsImportant=false
listing >"$work/files.after"
accounts >"$work/accounts.after"
same "$work/files.before" "$work/files.after" "purging leaves these files (>), or takes them (<)"
same "$work/accounts.before" "$work/accounts.after" "purging leaves these accounts"
echo "purged: $(wc -l <"$work/files.after") files and folders, as before"

# Compilers under emulation take too long: there it is seen that what they need can be installed.
if [ -n "${ARCH:-}" ]; then
  apt install --no-install-recommends "$trellis_deb" "$dev_deb"
  [ -s "$folder/usr/lib/libtrellis.a" ] || die "/usr/lib/libtrellis.a is missing"
  apt purge trellis trellis-dev
  exit 0
fi

# A newcomer's actor and a program with a host inside, with what trellis-dev recommends.
apt install "$trellis_deb" "$dev_deb"
quietly run_in "$folder" trellis new /tmp/hello
quietly run_in "$folder" /tmp/hello/build.sh
try_dev "$folder" trellis /tmp/hello/hello.wasm
run_in "$folder" cp -r /usr/share/trellis/sdk/cpp/template /tmp/probe
cp "$source_dir/tests/guests/probe.cpp" "$folder/tmp/probe/actor.cpp"
quietly run_in "$folder" sh -ec 'examples=/usr/share/doc/trellis/examples
  /tmp/probe/build.sh
  trellis claims sign /tmp/probe/probe.wasm -d /tmp/probe.wasm -n probe --cap example:greeting
  cc -std=c99 -D_POSIX_C_SOURCE=200809L -shared -fPIC -o /tmp/greeting.so \
    $(pkg-config --cflags trellis) $examples/provider/greeting.c
  c++ -std=c++23 -o /tmp/embed $examples/embed/main.cpp $(pkg-config --cflags --libs trellis)
  cmake -S $examples/embed -B /tmp/out
  cmake --build /tmp/out'
for program in /tmp/embed /tmp/out/embed; do
  quietly run_in "$folder" "$program" /tmp/probe.wasm /tmp/greeting.so
  [ "$(head -n 1 "$work/log")" = "hello, world!" ] || { cat "$work/log"; die "$program says this"; }
done
echo "host inside a program: $(head -n 1 "$work/log")"

run_in "$folder" dpkg -L trellis trellis-dev | sort -u >"$work/ours"
apt purge trellis trellis-dev
while read -r file; do
  if [ -f "$folder$file" ] || [ -L "$folder$file" ]; then die "$file is left"; fi
done < <(grep -E '/trellis|trellis$' "$work/ours")
listing | grep trellis && die "these are left"
echo "purged: trellis and trellis-dev"
