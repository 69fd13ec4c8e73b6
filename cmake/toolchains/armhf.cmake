# 32-bit ARM with a floating point unit (ARMv7): Debian's armhf, the specification's arm.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(trellis_machine armhf)
set(trellis_triplet arm-linux-gnueabihf)
set(trellis_emulator qemu-arm-static)
# Notes of every function whose parameters GCC 7.1 passes in another way than older ones: nothing here
# was compiled by those.
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
