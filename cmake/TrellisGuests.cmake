# Guests written as WebAssembly text, assembled at build time for tests.
find_program(WAT2WASM wat2wasm)

# trellis_wat_guest(<name> <source.wat>): makes ${CMAKE_BINARY_DIR}/guests/<name>.wasm.
# Programs that read it depend on the target trellis_wat_guests.
function(trellis_wat_guest name source)
  if(NOT WAT2WASM)
    message(FATAL_ERROR "wat2wasm is missing: install wabt (scripts/setup.sh), or -DTRELLIS_TESTS=OFF")
  endif()
  get_filename_component(source ${source} ABSOLUTE)
  set(output ${CMAKE_BINARY_DIR}/guests/${name}.wasm)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/guests)
  add_custom_command(OUTPUT ${output} DEPENDS ${source} VERBATIM
    COMMAND ${WAT2WASM} --enable-all ${source} -o ${output} COMMENT "Assembling guest ${name}")
  add_custom_target(trellis_wat_${name} DEPENDS ${output})
  if(NOT TARGET trellis_wat_guests)
    add_custom_target(trellis_wat_guests ALL)
  endif()
  add_dependencies(trellis_wat_guests trellis_wat_${name})
endfunction()

# trellis_wat_guests_in(<folder>): every .wat of the folder, named like its file.
function(trellis_wat_guests_in folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.wat)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    trellis_wat_guest(${name} ${source})
  endforeach()
endfunction()
