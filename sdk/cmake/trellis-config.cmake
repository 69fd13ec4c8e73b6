# find_package(trellis COMPONENTS provider) for build scripts that have a trellis program and need no
# more, in a source tree as well as in an installation: `trellis sdk cmake` names this folder. Hosts
# inside programs need the whole package: lib/cmake/trellis of an installation.
if(NOT "${trellis_FIND_COMPONENTS}" STREQUAL "provider")
  set(trellis_FOUND FALSE)
  set(trellis_NOT_FOUND_MESSAGE "here is COMPONENTS provider only; the rest is in lib/cmake/trellis")
  return()
endif()
find_program(TRELLIS_PROGRAM trellis REQUIRED)
if(NOT TARGET trellis::headers)
  execute_process(COMMAND ${TRELLIS_PROGRAM} sdk cpp OUTPUT_VARIABLE trellis_include
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  add_library(trellis::headers INTERFACE IMPORTED)
  set_target_properties(trellis::headers PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${trellis_include}")
endif()
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/trellis-provider.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/trellis-provider.cmake")
else() # the source tree
  include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/trellis-provider.cmake")
endif()
set(trellis_provider_FOUND TRUE)
