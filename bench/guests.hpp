// The guests the benchmarks run, embedded so that an installed binary can measure too.
#pragma once

#include "trellis/bytes.hpp"

namespace trellis::bench {

/// tests/guests/relay.c: echoes, and makes the host calls it is told.
[[nodiscard]] ByteView relay_guest();
/// bench/guests/large.c: the same with more than 300 KB of code.
[[nodiscard]] ByteView large_guest();
/// bench/guests/http_echo.cpp: answers an HTTP request with its path.
[[nodiscard]] ByteView http_echo_guest();
/// examples/kvcounter.
[[nodiscard]] ByteView kvcounter_guest();

}  // namespace trellis::bench
