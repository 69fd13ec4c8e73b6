#!/bin/sh
# Makes out/dice.so and out/dice.par from provider.cpp, and actor_s.wasm, an actor that uses them, both
# signed with your keys. WASM_CXX names the actor's compiler: clang with wasi-libc and libc++ for
# wasm32.
set -eu
cd "$(dirname "$0")"
name=$(basename "$(pwd -P)")
: "${WASM_CXX:=clang++}" "${TRELLIS:=trellis}"
cmake -S . -B out -Dtrellis_DIR="$("$TRELLIS" sdk cmake)" -DTRELLIS_PROGRAM="$(command -v "$TRELLIS")"
cmake --build out
"$WASM_CXX" --target=wasm32-wasi -std=c++17 -Os -fno-exceptions -fno-rtti -Wall -Wextra \
  -I"$("$TRELLIS" sdk cpp)" -c actor.cpp -o out/actor.o
"$WASM_CXX" --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--strip-all out/actor.o -o out/actor.wasm
"$TRELLIS" claims sign out/actor.wasm -d actor_s.wasm --name "$name-user" --http_server --cap example:dice
