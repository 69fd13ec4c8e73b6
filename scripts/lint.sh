#!/usr/bin/env bash
# clang-tidy over our sources with the compile commands of the lint build.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.cpp' 'providers/*.cpp' | grep -v '_test\.cpp$' |
  xargs -P "$(nproc)" -n 8 clang-tidy-19 -p build/lint --quiet
