#!/bin/sh
# Makes NAME.wasm from assembly/index.ts, where NAME is what this folder is called:
#   ./build.sh [folder of the SDK for AssemblyScript]
# Without the argument: where `trellis sdk assemblyscript` says it is, or the folder around this one.
# The compiler comes from npm, once.
set -eu
cd "$(dirname "$0")"
name=$(basename "$(pwd -P)")
: "${TRELLIS:=trellis}"
for sdk in "${1:-}" "$("$TRELLIS" sdk assemblyscript 2>/dev/null)" .. none; do
  [ -n "$sdk" ] && [ -f "$sdk/assembly/index.ts" ] && break
done
if [ "$sdk" = none ]; then
  echo "build.sh: no assembly/index.ts of the SDK found; say where sdk/assemblyscript is: ./build.sh FOLDER" >&2
  exit 1
fi
[ -d node_modules/assemblyscript ] || npm install --no-audit --no-fund
# What `import … from "trellis-actor"` means; made anew, as npm takes away what it does not know.
ln -sfn "$(cd "$sdk" && pwd)" node_modules/trellis-actor
mkdir -p out
node node_modules/assemblyscript/bin/asc.js assembly/index.ts --optimize \
  --use abort=~lib/trellis-actor/assembly/abort/abort --outFile out/actor.wasm
mv out/actor.wasm "$name.wasm" # whole at once: `trellis dev` may be watching
