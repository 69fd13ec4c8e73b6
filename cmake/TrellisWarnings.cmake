# Warnings are errors, for g++ 12 and clang 19 alike. Sanitizers apply to everything we compile.
add_library(trellis_flags INTERFACE)
target_compile_options(trellis_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
    -Wcast-align -Woverloaded-virtual -Wnull-dereference -Werror>)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(trellis_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wthread-safety>)
else()
  # g++ 12 reports impossible paths inside inlined standard-library code (GCC bugs 105329, 105593).
  target_compile_options(trellis_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-null-dereference -Wno-restrict -Wno-maybe-uninitialized>)
  if(TRELLIS_SANITIZE)
    # The checks it inserts make paths inside inlined library code that nothing takes.
    target_compile_options(trellis_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-stringop-overflow>)
  endif()
  if(TRELLIS_UNITY)
    # It takes the sources of a batch for headers.
    target_compile_options(trellis_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endif()
# After trellis_flags, for tests: in a batch, names of one file may hide those of another. Builds
# without batches see what is meant.
add_library(trellis_test_flags INTERFACE)
if(TRELLIS_UNITY)
  target_compile_options(trellis_test_flags INTERFACE -Wno-shadow)
endif()
if(TRELLIS_SANITIZE)
  # The standard library checks each access to an optional, a span or a vector.
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_compile_options(-fsanitize=${TRELLIS_SANITIZE} -fno-omit-frame-pointer)
  if(TRELLIS_SANITIZE MATCHES "undefined")
    # V8 classes are built without RTTI, so the vptr check cannot see their types.
    add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=all)
  endif()
  if(TRELLIS_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Boost.Asio has fences, which ThreadSanitizer does not see; g++ warns of each.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-tsan>)
  endif()
  add_link_options(-fsanitize=${TRELLIS_SANITIZE})
endif()
