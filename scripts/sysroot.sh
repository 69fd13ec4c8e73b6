#!/usr/bin/env bash
# sysroot.sh arm64|armhf: makes build/deps/sysroot-ARCH, the libraries of Debian 12 for another
# machine, by unpacking packages: nothing is installed, root is not needed. Safe to run again; made
# anew when what shall be in it changes.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh
arch="${1:-}"
deps="${TRELLIS_DEPS:-build/deps}"
case "$arch" in
  arm64 | armhf) ;;
  *) echo "sysroot: which machine? arm64 or armhf, not '$arch'" >&2; exit 2 ;;
esac
mkdir -p "$deps"
deps="$(cd "$deps" && pwd)"
into="$deps/sysroot-$arch"
wanted="$(cat scripts/packages.sh scripts/sysroot.sh | cksum)"
if [ "$(cat "$into/made" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

say() { echo "sysroot: $*"; }
for program in apt-get dpkg-deb; do
  command -v "$program" >/dev/null || { echo "sysroot: no $program: this needs a Debian machine" >&2; exit 1; }
done
work="$(mktemp -d "$deps/sysroot-$arch.XXXXXX")"
trap 'rm -rf "$work"' EXIT

# An apt of its own: its lists, its cache and an empty list of what is installed are below $work. Its
# sources are those of this machine that are Debian's.
mkdir -p "$work"/{etc/preferences.d,state/lists/partial,cache/archives/partial,tree}
apt-get indextargets --format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/etc/sources.list"
if ! [ -s "$work/etc/sources.list" ]; then
  echo "sysroot: this machine has no sources of Debian's packages (apt-get update may be missing)" >&2
  exit 1
fi
: >"$work/state/status"
cat >"$work/apt.conf" <<TEXT
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Dir::Etc "$work/etc";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
TEXT
mkdir -p "$work/etc/apt.conf.d"
apt() { APT_CONFIG="$work/apt.conf" apt-get -qq "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }

say "apt-get update for $arch"
# A list that cannot be had (a mirror in the middle of its own update) is no reason to stop: whether
# what is there is enough, the next step decides.
(apt update) 2>"$work/errors" || { sed -n 's/^E: /sysroot: /p' "$work/errors" >&2; }
# The compiler's own libraries are those of the cross compiler's packages; libatomic comes with libnode.
say "downloading libraries for $arch"
apt install -y --download-only "${library_packages[@]}" "${test_library_packages[@]}" libnode-dev libstdc++-12-dev
# What each package is called and holds stays with it: packages made for this machine look there.
for file in "$work"/cache/archives/*.deb; do
  dpkg-deb -x "$file" "$work/tree"
  package="$(dpkg-deb -f "$file" Package)"
  mkdir -p "$work/tree/packages/$package"
  dpkg-deb -e "$file" "$work/tree/packages/$package"
  dpkg-deb -c "$file" | awk '$1 !~ /^d/ { print substr($6, 2) }' >"$work/tree/packages/$package/files"
done
# As on an installed machine: each library has one place.
cp -a "$work/tree/lib/." "$work/tree/usr/lib/"
rm -rf "$work/tree/lib"
ln -s usr/lib "$work/tree/lib"
# Links that name the root of the other machine lead into this one's.
find "$work/tree" -type l -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do
  ln -sfn "$(realpath -m --relative-to "$(dirname "$link")" "$work/tree$target")" "$link"
done
echo "$wanted" >"$work/tree/made"
rm -rf "$into"
mv "$work/tree" "$into"
say "$(ls "$into/packages" | wc -l) packages in $into, $(du -sm "$into" | cut -f 1) MB"
