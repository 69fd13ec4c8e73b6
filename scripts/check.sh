#!/usr/bin/env bash
# All that each change must pass, but for the format: the whole suite, then the unit tests and the
# replay of hostile inputs under AddressSanitizer and UBSan. Ends with ctest's summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh release -DTRELLIS_TESTS=ON -DTRELLIS_ALL_GUESTS=ON
scripts/ctest.sh release
scripts/build.sh asan
scripts/ctest.sh asan -L "unit|hostile"
