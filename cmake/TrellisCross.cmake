# Which program signs and writes manuals while building, and how programs of this build are run.
#
# A native build uses the binary that it makes. A build for another machine (cmake/toolchains) uses
# TRELLIS_NATIVE, that of a native build of the same source; programs of its own run under emulation.
set(TRELLIS_NATIVE "" CACHE FILEPATH "When cross compiling: the trellis of a native build")
if(CMAKE_CROSSCOMPILING)
  if(NOT EXISTS "${TRELLIS_NATIVE}")
    message(FATAL_ERROR "TRELLIS_NATIVE must name the trellis of a native build of this source, not "
      "'${TRELLIS_NATIVE}' (make cross ARCH=… does all of it)")
  endif()
  include(TrellisEmulated)
  set(TRELLIS_TOOL ${TRELLIS_NATIVE})
  set(TRELLIS_TOOL_DEPENDS ${TRELLIS_NATIVE})
else()
  set(TRELLIS_TOOL $<TARGET_FILE:trellis_bin>)
  set(TRELLIS_TOOL_DEPENDS trellis_bin)
endif()

# The tools of the compiler's own kind: this machine's cannot read another's files.
find_program(STRIP_PROGRAM NAMES ${CMAKE_STRIP} strip REQUIRED)
find_program(OBJCOPY_PROGRAM NAMES ${CMAKE_OBJCOPY} objcopy REQUIRED)
find_program(READELF_PROGRAM NAMES ${CMAKE_READELF} readelf REQUIRED)
