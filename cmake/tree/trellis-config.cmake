# find_package(trellis COMPONENTS provider) for projects that use this source tree in the place of an
# installation: `trellis sdk cmake` of a binary in build/ names this folder. Hosts inside programs need
# an installation.
get_filename_component(trellis_tree "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
if(NOT "${trellis_FIND_COMPONENTS}" STREQUAL "provider")
  set(trellis_FOUND FALSE)
  set(trellis_NOT_FOUND_MESSAGE "a source tree has COMPONENTS provider only; install for the rest")
  return()
endif()
if(NOT TARGET trellis::headers)
  add_library(trellis::headers INTERFACE IMPORTED)
  set_target_properties(trellis::headers PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${trellis_tree}/include")
endif()
include("${trellis_tree}/cmake/trellis-provider.cmake")
set(trellis_provider_FOUND TRUE)
