#!/usr/bin/env bash
# fuzz.sh SECONDS: runs every libFuzzer target of build/fuzz that long. Starts from fuzz/corpus,
# keeps new inputs in build/fuzz/corpus-new and crashing ones in build/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-60}"
shopt -s nullglob
targets=(build/fuzz/bin/fuzz_*)
if [ "${#targets[@]}" = 0 ]; then
  echo "fuzz: nothing is built; run scripts/build.sh fuzz first" >&2
  exit 1
fi

failed=()
mkdir -p build/fuzz/crashes build/fuzz/log
for target in "${targets[@]}"; do
  name="${target##*/fuzz_}"
  mkdir -p "build/fuzz/corpus-new/$name"
  log="build/fuzz/log/$name"
  if "$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/crashes/$name-" \
      "build/fuzz/corpus-new/$name" "fuzz/corpus/$name" >"$log" 2>&1; then
    result=ok
  else
    result=FAILED
    failed+=("$name")
  fi
  executions="$(awk '/number_of_executed_units/ {print $2}' "$log")"
  echo "fuzz: $name: ${executions:-0} executions in ${seconds} s, $result"
done

for name in "${failed[@]}"; do
  echo "fuzz: $name failed, the end of its log:" >&2
  tail -n 30 "build/fuzz/log/$name" >&2
done
[ "${#failed[@]}" = 0 ]
