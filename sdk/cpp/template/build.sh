#!/bin/sh
# Makes NAME.wasm from actor.cpp, where NAME is what this folder is called:
#   ./build.sh [folder that has trellis/actor.hpp]
# Without the argument: where `trellis sdk cpp` says it is, the source tree or the installation this
# folder is in, or what pkg-config knows. WASM_CXX names the compiler: clang with wasi-libc and libc++
# for wasm32.
set -eu
cd "$(dirname "$0")"
name=$(basename "$(pwd -P)")
: "${WASM_CXX:=clang++}" "${TRELLIS:=trellis}"
for include in "${1:-}" "$("$TRELLIS" sdk cpp 2>/dev/null)" ../../../include ../../../../../include \
  "$(pkg-config --variable=includedir trellis 2>/dev/null | sed 's/\\\(.\)/\1/g')" /usr/local/include none; do
  [ -n "$include" ] && [ -f "$include/trellis/actor.hpp" ] && break
done
if [ "$include" = none ]; then
  echo "build.sh: no trellis/actor.hpp found; say where: ./build.sh FOLDER" >&2
  exit 1
fi
mkdir -p out
# Two steps: an -O at link time would let a wasm-opt of the machine's own join in.
"$WASM_CXX" --target=wasm32-wasi -std=c++17 -Os -fno-exceptions -fno-rtti -Wall -Wextra \
  -I"$include" -c actor.cpp -o out/actor.o
"$WASM_CXX" --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--strip-all out/actor.o -o out/actor.wasm
mv out/actor.wasm "$name.wasm" # whole at once: `trellis dev` may be watching
