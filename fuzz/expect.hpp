// What fuzz targets use to state a property: false ends the process, which the fuzzer reports.
#pragma once

#include <cstdlib>

inline void expect(bool holds) {
  if (!holds) std::abort();
}
