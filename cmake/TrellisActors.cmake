# Actors: compiled for wasm32, then signed with throwaway keys of this build tree by our own tool.
# The result is ${CMAKE_BINARY_DIR}/actors/<name>.wasm.
find_program(WASM_CLANGXX NAMES clang++-14 clang++ REQUIRED)
set(TRELLIS_ACTORS ${CMAKE_BINARY_DIR}/actors)
add_custom_target(trellis_actors ALL)

# trellis_sign_actor(<name> <unsigned module> [claims sign options…])
function(trellis_sign_actor name unsigned)
  set(signed ${TRELLIS_ACTORS}/${name}.wasm)
  add_custom_command(OUTPUT ${signed} DEPENDS ${unsigned} ${TRELLIS_TOOL_DEPENDS} VERBATIM
    JOB_POOL trellis_sign COMMENT "Signing actor ${name}"
    COMMAND ${TRELLIS_SIGNING_ENVIRONMENT} ${TRELLIS_TOOL} claims sign ${unsigned} --destination ${signed}
      --directory ${TRELLIS_KEYS} --name ${name} ${ARGN} --output json > ${signed}.json
      2> ${signed}.log)
  add_custom_target(actor_${name} DEPENDS ${signed})
  add_dependencies(trellis_actors actor_${name})
endfunction()

# trellis_cpp_actor(<name> <source> [claims sign options…]): compiled and linked in two steps, so
# that no optimiser of the machine's own joins in (contracts.md 5.7).
function(trellis_cpp_actor name source)
  set(object ${TRELLIS_ACTORS}/${name}.o)
  set(unsigned ${TRELLIS_ACTORS}/${name}.unsigned.wasm)
  add_custom_command(OUTPUT ${unsigned} DEPENDS ${source} DEPFILE ${object}.d VERBATIM
    COMMENT "Compiling actor ${name}"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TRELLIS_ACTORS}
    COMMAND ${WASM_CLANGXX} --target=wasm32-wasi -std=c++17 -Os -fno-exceptions -fno-rtti
      -Wall -Wextra -Wpedantic -Werror -I${CMAKE_SOURCE_DIR}/include
      -MD -MF ${object}.d -MT ${unsigned} -c ${source} -o ${object}
    COMMAND ${WASM_CLANGXX} --target=wasm32-wasi -nostartfiles -Wl,--no-entry,--strip-all
      ${object} -o ${unsigned})
  trellis_sign_actor(${name} ${unsigned} ${ARGN})
endfunction()
