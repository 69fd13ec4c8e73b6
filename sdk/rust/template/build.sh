#!/bin/sh
# Makes actor.wasm from actor.rs with nothing but rustc:  ./build.sh [folder of sdk/rust]
# RUSTC names the compiler: Debian's, unless you have the target wasm32-unknown-unknown elsewhere.
set -eu
cd "$(dirname "$0")"
sdk="${1:-..}"
: "${RUSTC:=/usr/bin/rustc}"
if [ ! -f "$sdk/src/lib.rs" ]; then
  echo "build.sh: no src/lib.rs of the SDK in '$sdk'; say where sdk/rust is: ./build.sh FOLDER" >&2
  exit 1
fi
flags="--edition 2021 --target wasm32-unknown-unknown -C opt-level=s -C panic=abort"
mkdir -p out
"$RUSTC" $flags --crate-type rlib --crate-name trellis_actor --out-dir out "$sdk/src/lib.rs"
"$RUSTC" $flags --crate-type cdylib --crate-name actor -C strip=symbols \
  --extern trellis_actor=out/libtrellis_actor.rlib -o out/actor.wasm actor.rs
mv out/actor.wasm actor.wasm # whole at once: `trellis dev` may be watching
