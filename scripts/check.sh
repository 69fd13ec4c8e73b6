#!/usr/bin/env bash
# All that each change must pass, but for the format: the whole suite, then the unit tests, replays of
# hostile inputs among them, under AddressSanitizer and UBSan. Ends with ctest's summary. Scenarios
# under sanitizers (scripts/ctest.sh asan -L hostile) take longer than a change should wait.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh release -DTRELLIS_TESTS=ON -DTRELLIS_ALL_GUESTS=ON
scripts/ctest.sh release
scripts/build.sh asan
scripts/ctest.sh asan -L "unit|hostile" -LE scenario
