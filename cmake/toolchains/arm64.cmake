# 64-bit ARM: Debian's arm64, the specification's aarch64.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(trellis_machine arm64)
set(trellis_triplet aarch64-linux-gnu)
set(trellis_emulator qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
