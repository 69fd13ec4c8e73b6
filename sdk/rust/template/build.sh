#!/bin/sh
# Makes NAME.wasm from actor.rs with nothing but rustc, where NAME is what this folder is called:
#   ./build.sh [folder of the SDK for Rust]
# Without the argument: where `trellis sdk rust` says it is, or the folder around this one. RUSTC names
# the compiler: Debian's, unless you have the target wasm32-unknown-unknown elsewhere.
set -eu
cd "$(dirname "$0")"
name=$(basename "$(pwd -P)")
: "${RUSTC:=/usr/bin/rustc}" "${TRELLIS:=trellis}"
for sdk in "${1:-}" "$("$TRELLIS" sdk rust 2>/dev/null)" .. none; do
  [ -n "$sdk" ] && [ -f "$sdk/src/lib.rs" ] && break
done
if [ "$sdk" = none ]; then
  echo "build.sh: no src/lib.rs of the SDK found; say where sdk/rust is: ./build.sh FOLDER" >&2
  exit 1
fi
flags="--edition 2021 --target wasm32-unknown-unknown -C opt-level=s -C panic=abort"
mkdir -p out
"$RUSTC" $flags --crate-type rlib --crate-name trellis_actor --out-dir out "$sdk/src/lib.rs"
"$RUSTC" $flags --crate-type cdylib --crate-name actor -C strip=symbols \
  --extern trellis_actor=out/libtrellis_actor.rlib -o out/actor.wasm actor.rs
mv out/actor.wasm "$name.wasm" # whole at once: `trellis dev` may be watching
