# Actors in AssemblyScript: the compiler and the waPC guest library come from npm, in the versions of
# sdk/assemblyscript/package-lock.json. TRELLIS_ASSEMBLYSCRIPT says whether there is an npm.
find_program(TRELLIS_NPM npm)
find_program(TRELLIS_NODE node)
set(TRELLIS_ASSEMBLYSCRIPT OFF)
if(TRELLIS_NPM AND TRELLIS_NODE)
  set(TRELLIS_ASSEMBLYSCRIPT ON)
endif()
if(NOT TRELLIS_ASSEMBLYSCRIPT)
  return()
endif()

set(as_sdk ${CMAKE_SOURCE_DIR}/sdk/assemblyscript)
set(as_folder ${CMAKE_BINARY_DIR}/assemblyscript)
set(as_stamp ${as_folder}/installed)
# Installed once, and again when the lock file changes; what npm has in its cache needs no network.
add_custom_command(OUTPUT ${as_stamp} VERBATIM COMMENT "Installing the AssemblyScript compiler"
  DEPENDS ${as_sdk}/package.json ${as_sdk}/package-lock.json ${as_sdk}/.npmrc
  COMMAND ${CMAKE_COMMAND} -E make_directory ${as_folder}/packages
  COMMAND ${CMAKE_COMMAND} -E copy ${as_sdk}/package.json ${as_sdk}/package-lock.json
    ${as_sdk}/.npmrc ${as_folder}
  COMMAND ${CMAKE_COMMAND} -E chdir ${as_folder} ${TRELLIS_NPM} ci --ignore-scripts --no-audit
    --no-fund --prefer-offline --loglevel=error > ${as_folder}/npm.log
  COMMAND ${CMAKE_COMMAND} -E create_symlink ${as_sdk} ${as_folder}/packages/trellis-actor
  COMMAND ${CMAKE_COMMAND} -E touch ${as_stamp})
add_custom_target(trellis_assemblyscript_compiler DEPENDS ${as_stamp})
file(GLOB as_sdk_sources CONFIGURE_DEPENDS ${as_sdk}/assembly/*.ts ${as_sdk}/index.ts)

# trellis_as_actor(<name> <source> [claims sign options…]): with the collecting runtime, because
# actors live through many calls and the stub runtime never frees.
function(trellis_as_actor name source)
  set(unsigned ${TRELLIS_ACTORS}/${name}.unsigned.wasm)
  add_custom_command(OUTPUT ${unsigned} VERBATIM COMMENT "Compiling actor ${name}"
    DEPENDS ${source} ${as_sdk_sources} ${as_stamp} trellis_assemblyscript_compiler
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TRELLIS_ACTORS}
    COMMAND ${CMAKE_COMMAND} -E chdir ${as_folder}
      ${TRELLIS_NODE} node_modules/assemblyscript/bin/asc.js ${source}
      --path node_modules --path packages --optimize --runtime incremental
      --use abort=~lib/trellis-actor/assembly/abort/abort --outFile ${unsigned})
  trellis_sign_actor(${name} ${unsigned} ${ARGN})
endfunction()
