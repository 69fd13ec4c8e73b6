# Guests that unit tests run, written in C at the level of the ABI (tests/guests/*.c): built before
# any unit test, found at run time in TRELLIS_TEST_GUESTS.
set(TRELLIS_TEST_GUESTS ${CMAKE_BINARY_DIR}/guests)
find_program(WASM_CLANG NAMES clang-14 clang REQUIRED)
find_program(WASM_LD NAMES wasm-ld-14 wasm-ld REQUIRED)

file(GLOB trellis_guest_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/guests/*.c)
set(trellis_guest_files)
foreach(source IN LISTS trellis_guest_sources)
  get_filename_component(name ${source} NAME_WE)
  set(object ${TRELLIS_TEST_GUESTS}/${name}.o)
  set(module ${TRELLIS_TEST_GUESTS}/${name}.wasm)
  # Compiled and linked in two steps, so that no optimiser of the machine's own joins in.
  add_custom_command(OUTPUT ${module} DEPENDS ${source} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TRELLIS_TEST_GUESTS}
    COMMAND ${WASM_CLANG} --target=wasm32 -O2 -nostdlib -ffreestanding -Wall -Wextra -Werror
      -c ${source} -o ${object}
    COMMAND ${WASM_LD} --no-entry --strip-all ${object} -o ${module})
  list(APPEND trellis_guest_files ${module})
endforeach()
add_custom_target(trellis_test_guests DEPENDS ${trellis_guest_files})
