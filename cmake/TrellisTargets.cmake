# Helpers that keep the folders' CMakeLists to a line or two.

# trellis_unit_tests(<layer> <folder>): one executable of all *_test.cpp in the folder and below,
# each test case a ctest entry with the label "unit".
function(trellis_unit_tests layer folder)
  if(NOT TRELLIS_TESTS OR (CMAKE_CROSSCOMPILING AND NOT layer IN_LIST TRELLIS_EMULATED_LAYERS))
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${layer}_test ${sources})
  get_property(uses GLOBAL PROPERTY TRELLIS_USES_${layer})
  target_link_libraries(${layer}_test PRIVATE trellis trellis_flags trellis_test_flags ${uses}
    GTest::gmock GTest::gtest_main)
  target_include_directories(${layer}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${layer}_test PRIVATE
    TRELLIS_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TRELLIS_BINARY_DIR="${CMAKE_BINARY_DIR}"
    TRELLIS_TEST_GUESTS="${TRELLIS_TEST_GUESTS}"
    TRELLIS_NATS_SERVER="$<IF:$<BOOL:${NATS_SERVER}>,${NATS_SERVER},>"
    TRELLIS_REDIS_SERVER="$<IF:$<BOOL:${REDIS_SERVER}>,${REDIS_SERVER},>")
  trellis_precompile_test(${layer}_test)
  add_dependencies(${layer}_test trellis_test_guests)
  if(CMAKE_CROSSCOMPILING)
    trellis_emulated_tests(${layer})
    return()
  endif()
  gtest_discover_tests(${layer}_test TEST_PREFIX "${layer}/" DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120
    ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
endfunction()
