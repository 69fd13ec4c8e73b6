# What the toolchains have in common: Debian's cross compiler and the sysroot of scripts/sysroot.sh.
#   trellis_machine    as Debian calls it: arm64
#   trellis_triplet    as the compiler calls it: aarch64-linux-gnu
#   trellis_emulator   the qemu-user that runs its programs: qemu-aarch64-static
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_CROSSCOMPILING TRUE)
set(CMAKE_C_COMPILER ${trellis_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${trellis_triplet}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${trellis_triplet})
get_filename_component(trellis_deps ${CMAKE_CURRENT_LIST_DIR}/../../build/deps ABSOLUTE)
set(CMAKE_SYSROOT ${trellis_deps}/sysroot-${trellis_machine})
if(NOT EXISTS ${CMAKE_SYSROOT}/made)
  message(FATAL_ERROR "no libraries for ${trellis_machine}: run scripts/sysroot.sh ${trellis_machine}")
endif()

# Libraries and headers are the other machine's, programs this one's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
  ${CMAKE_SYSROOT}/usr/lib/${trellis_triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

# Programs of the build run under emulation: tests, where they are asked for.
find_program(TRELLIS_EMULATOR ${trellis_emulator})
if(TRELLIS_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${TRELLIS_EMULATOR};-L;${CMAKE_SYSROOT})
endif()
