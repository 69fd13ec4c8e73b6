# What makes builds cheap. `make build-cost` measures it; CONTRIBUTING has the figures.
include(CheckLinkerFlag)

# ccache, where it is installed and nothing else was chosen.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT DEFINED ENV{CCACHE_DISABLE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# lld links the binary in a fraction of the time of GNU ld.
check_linker_flag(CXX -fuse-ld=lld TRELLIS_HAS_LLD)
if(TRELLIS_HAS_LLD)
  add_link_options(-fuse-ld=lld)
endif()

if(TRELLIS_THIN_ARCHIVES)
  set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcT <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_CXX_ARCHIVE_APPEND "<CMAKE_AR> qT <TARGET> <LINK_FLAGS> <OBJECTS>")
endif()

# Batches of sources. Names in anonymous namespaces are unique within a target, so that this works;
# the presets without it check that each source includes what it uses.
if(TRELLIS_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
  # A batch is one object: what a program or module does not use of it is left out by function.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
endif()

# Headers of the standard library and of others that most sources include; never ours.
set(TRELLIS_PRECOMPILED <algorithm> <chrono> <filesystem> <functional> <map> <memory> <mutex>
  <optional> <string> <string_view> <thread> <vector> <fmt/format.h> <nlohmann/json.hpp>)

# trellis_precompile(<target>): they are precompiled once for all libraries. A target whose
# compiler options differ takes a set of its own: trellis_precompile_own(<target>).
function(trellis_precompile target)
  if(NOT TRELLIS_PCH)
    return()
  endif()
  if(NOT TARGET trellis_headers)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/layers/headers.cpp CONTENT "// Only its headers count.\n")
    add_library(trellis_headers OBJECT ${CMAKE_BINARY_DIR}/layers/headers.cpp)
    target_link_libraries(trellis_headers PRIVATE trellis_flags fmt::fmt nlohmann_json::nlohmann_json)
    trellis_precompile_own(trellis_headers)
  endif()
  target_precompile_headers(${target} REUSE_FROM trellis_headers)
endfunction()

function(trellis_precompile_own target)
  if(TRELLIS_PCH)
    target_precompile_headers(${target} PRIVATE ${TRELLIS_PRECOMPILED})
  endif()
endfunction()

# trellis_precompile_test(<target>): with GoogleTest's, once for all programs of tests.
function(trellis_precompile_test target)
  if(NOT TRELLIS_PCH)
    return()
  endif()
  if(NOT TARGET trellis_test_headers)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/layers/test_headers.cpp CONTENT "// Only its headers count.\n")
    add_executable(trellis_test_headers EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/layers/test_headers.cpp)
    target_link_libraries(trellis_test_headers PRIVATE trellis_flags trellis_test_flags fmt::fmt
      nlohmann_json::nlohmann_json GTest::gmock GTest::gtest_main)
    target_precompile_headers(trellis_test_headers PRIVATE ${TRELLIS_PRECOMPILED} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM trellis_test_headers)
endfunction()
