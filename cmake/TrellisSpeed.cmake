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

# trellis_precompile(<target> [header…]): the headers of the standard library and of others that
# most of its sources include; never ours.
function(trellis_precompile target)
  if(TRELLIS_PCH)
    target_precompile_headers(${target} PRIVATE <algorithm> <chrono> <filesystem> <functional>
      <map> <memory> <mutex> <optional> <string> <string_view> <thread> <vector> ${ARGN})
  endif()
endfunction()
