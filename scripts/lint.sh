#!/usr/bin/env bash
# Annotations of locks (src/base/mutex.hpp), which clang checks without compiling; with `locks` as its
# argument that is all. Then clang-tidy over our sources, all checks of .clang-tidy, in two passes that
# cost a half of one:
# checks that look at one place at a time over batches of sources, so that headers are read once for
# eight; the static analyzer, which looks only into the source it is given, over each source.
set -euo pipefail
cd "$(dirname "$0")/.."
sources() { git ls-files 'src/*.cpp' 'providers/*.cpp' | grep -v '_test\.cpp$'; }
failed=0

mkdir -p build/lint
cmake --preset lint -B build/lint/batches -DTRELLIS_UNITY=ON -DTRELLIS_TESTS=OFF >build/lint/batches.log 2>&1 ||
  { cat build/lint/batches.log >&2; exit 1; }

python3 - <<'PYTHON' >build/lint/locks.list
import json, shlex
for entry in json.load(open("build/lint/batches/compile_commands.json")):
    words = shlex.split(entry["command"])
    if "-Wthread-safety" not in words or "build_info" in entry["file"]:
        continue  # not ours, or not there before it is built
    for option in ("-o", "-MT", "-MF"):
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    words = [w for w in words if w not in ("-c", "-MD", "-MMD")]
    words += ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"]
    print("cd", shlex.quote(entry["directory"]), "&&", shlex.join(words))
PYTHON
echo "lint: locks in $(wc -l <build/lint/locks.list) batches"
xargs -P "$(nproc)" -d '\n' -n 1 bash -c 'eval "$0"' <build/lint/locks.list || failed=1
if [ "$failed" != 0 ] || [ "${1:-}" = locks ]; then
  [ "$failed" = 0 ] && echo "lint: no lock is used against its annotations"
  exit "$failed"
fi

python3 - <<'PYTHON' >build/lint/batches.list
import json
import re
for entry in json.load(open("build/lint/batches/compile_commands.json")):
    # The layers, the commands and the binary.
    if re.search(r"/trellis_\w+\.dir/", entry["command"]):
        if "build_info" not in entry["file"]:
            print(entry["file"])
PYTHON
echo "lint: $(wc -l <build/lint/batches.list) batches"
xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/lint/batches --quiet \
  --checks='-clang-analyzer-*,-bugprone-suspicious-include' <build/lint/batches.list || failed=1

echo "lint: the analyzer over $(sources | wc -l) sources"
sources | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/lint --quiet \
  --checks='-*,clang-analyzer-*,-clang-analyzer-cplusplus.NewDeleteLeaks,-clang-analyzer-optin.performance.Padding' ||
  failed=1
[ "$failed" = 0 ] && echo "lint: no finding"
exit "$failed"
