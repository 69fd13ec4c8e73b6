#!/usr/bin/env bash
# Looks at an installation: its parts are there, stripped, small, and say nothing of the machine that
# built them.
#   layout_test.sh SOURCE_DIR BUILD_DIR PREFIX
set -euo pipefail
source_dir="$1" build_dir="$2" prefix="$3"
die() { echo "layout: $1"; exit 1; }

for file in bin/trellis include/trellis/host.hpp share/trellis/host.yaml \
  share/doc/trellis/{LICENSE,README.md,docs/operations.md,docs/spec/host.md,examples/demo.yaml} \
  share/trellis/actors/kvcounter.wasm share/trellis/sdk/cpp/template/build.sh; do
  [ -f "$prefix/$file" ] || die "$file is missing"
done
library="$(find "$prefix" -name libtrellis.a)"
builtins="$(find "$prefix" -name libtrellis_builtins.a)"

readelf --sections --wide "$prefix/bin/trellis" | grep -E ' \.(debug_info|symtab) ' >/dev/null &&
  die "the binary is not stripped"
readelf --sections --wide "$library" "$builtins" 2>/dev/null | grep ' \.debug_info ' >/dev/null &&
  die "a library has debug information"
# libtrellis has no provider, and uses nothing that only providers need.
symbols="$(nm --demangle "$library" 2>/dev/null)"
for foreign in 'trellis::providers::' 'boost::' ' redis[A-Z]' ' XML_'; do
  if grep -qE "$foreign" <<<"$symbols"; then die "libtrellis.a has or uses $foreign"; fi
done
grep -qF 'trellis::builtin_providers()' <<<"$(nm --demangle "$builtins" 2>/dev/null)" ||
  die "libtrellis_builtins.a has no providers"
# Neither the program's search path nor that of a provider's module leads into the build.
for file in "$prefix/bin/trellis" "$prefix"/lib*/trellis/providers/*.par; do
  [ -f "$file" ] || continue
  grep -qaF "$source_dir/build/deps" "$file" && die "$file names folders of the build"
done

# All files but libnode, and but the programs when they are not optimized.
bytes="$(find "$prefix" -type f ! -name 'libnode*' -printf '%s\n' | awk '{ sum += $1 } END { print sum }')"
echo "installed: $((bytes / 1000)) kB beside libnode"
if grep -qE '^CMAKE_BUILD_TYPE:.*=(Release|RelWithDebInfo)$' "$build_dir/CMakeCache.txt"; then
  [ "$bytes" -le 30000000 ] || die "more than 30 MB beside libnode: $bytes bytes"
fi
