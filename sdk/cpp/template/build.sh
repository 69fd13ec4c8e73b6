#!/bin/sh
# Makes actor.wasm from actor.cpp:  ./build.sh [folder that has trellis/actor.hpp]
# Without the argument: the source tree or the installation this folder is in, else what pkg-config
# knows. CXX names the compiler: clang with wasi-libc and libc++ for wasm32.
set -eu
cd "$(dirname "$0")"
: "${CXX:=clang++}"
for include in "${1:-}" ../../../include ../../../../../include \
  "$(pkg-config --variable=includedir trellis 2>/dev/null | sed 's/\\\(.\)/\1/g')" /usr/local/include none; do
  [ -n "$include" ] && [ -f "$include/trellis/actor.hpp" ] && break
done
if [ "$include" = none ]; then
  echo "build.sh: no trellis/actor.hpp found; say where: ./build.sh FOLDER" >&2
  exit 1
fi
mkdir -p out
# Two steps: an -O at link time would let a wasm-opt of the machine's own join in.
"$CXX" --target=wasm32-wasi -std=c++17 -Os -fno-exceptions -fno-rtti -Wall -Wextra \
  -I"$include" -c actor.cpp -o out/actor.o
"$CXX" --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--strip-all out/actor.o -o out/actor.wasm
mv out/actor.wasm actor.wasm # whole at once: `trellis dev` may be watching
