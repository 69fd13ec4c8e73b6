# Actors in Rust: Debian's compiler, no crates. TRELLIS_RUST says whether there is one.
#
# By its full path, because a toolchain manager's rustc earlier in PATH may lack the wasm target.
set(TRELLIS_RUSTC /usr/bin/rustc CACHE FILEPATH "rustc with the target wasm32-unknown-unknown")
execute_process(COMMAND ${TRELLIS_RUSTC} --print target-libdir --target wasm32-unknown-unknown
  OUTPUT_VARIABLE rust_libraries OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
  RESULT_VARIABLE rust_missing)
set(TRELLIS_RUST OFF)
if(NOT rust_missing AND EXISTS "${rust_libraries}")
  set(TRELLIS_RUST ON)
endif()
if(NOT TRELLIS_RUST)
  return()
endif()

set(rust_flags --edition 2021 --target wasm32-unknown-unknown -D warnings
  -C opt-level=s -C panic=abort)
set(rust_sdk ${CMAKE_BINARY_DIR}/rust/libtrellis_actor.rlib)
file(GLOB rust_sdk_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sdk/rust/src/*.rs)
add_custom_command(OUTPUT ${rust_sdk} DEPENDS ${rust_sdk_sources} VERBATIM
  COMMENT "Compiling the Rust SDK"
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/rust
  COMMAND ${TRELLIS_RUSTC} ${rust_flags} --crate-type rlib --crate-name trellis_actor
    -o ${rust_sdk} ${CMAKE_SOURCE_DIR}/sdk/rust/src/lib.rs)
add_custom_target(trellis_rust_sdk DEPENDS ${rust_sdk})

# trellis_rust_actor(<name> <source> [claims sign options…])
function(trellis_rust_actor name source)
  string(REPLACE "-" "_" crate ${name})
  set(unsigned ${TRELLIS_ACTORS}/${name}.unsigned.wasm)
  add_custom_command(OUTPUT ${unsigned} DEPENDS ${source} ${rust_sdk} trellis_rust_sdk VERBATIM
    COMMENT "Compiling actor ${name}"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TRELLIS_ACTORS}
    COMMAND ${TRELLIS_RUSTC} ${rust_flags} --crate-type cdylib --crate-name ${crate}
      -C strip=symbols --extern trellis_actor=${rust_sdk} -o ${unsigned} ${source})
  trellis_sign_actor(${name} ${unsigned} ${ARGN})
endfunction()

# trellis_rust_sdk_test(): the SDK's own tests, compiled for this machine (needs libstd-rust-dev).
function(trellis_rust_sdk_test)
  set(folder ${CMAKE_BINARY_DIR}/rust/native)
  set(program ${folder}/sdk_test)
  set(flags --edition 2021 -D warnings -O)
  set(source ${CMAKE_SOURCE_DIR}/sdk/rust/tests/sdk.rs)
  add_custom_command(OUTPUT ${program} DEPENDS ${rust_sdk_sources} ${source} VERBATIM
    COMMENT "Compiling the Rust SDK's tests"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${TRELLIS_RUSTC} ${flags} --crate-type rlib --crate-name trellis_actor
      --out-dir ${folder} ${CMAKE_SOURCE_DIR}/sdk/rust/src/lib.rs
    COMMAND ${TRELLIS_RUSTC} ${flags} --test --extern trellis_actor=${folder}/libtrellis_actor.rlib
      -o ${program} ${source})
  add_custom_target(trellis_rust_sdk_test ALL DEPENDS ${program})
  add_test(NAME sdk/rust COMMAND ${program})
  set_tests_properties(sdk/rust PROPERTIES LABELS unit TIMEOUT 600)
endfunction()
