# Tests of a build for another machine, run under emulation (qemu-user): label qemu, target
# trellis_qemu. Emulation shows that code is right for another instruction set, word size and
# alignment. It shows nothing of speed, and hardly anything of the order in which real cores see each
# other's stores: docs/platforms.md.

# Folders of src whose unit tests run. The others (http, package, client, manifest, apply, admin, cli,
# providers) are compiled like these but hold what is the same on every machine; each program
# takes a minute of compiling and its tests ten times as long as natively.
set(TRELLIS_EMULATED_LAYERS base threads json wasm codec identity engine wapc nats lattice actor host provider)

add_custom_target(trellis_qemu)

# What is left out of each, and why. A program that starts another one needs the kernel to know how
# to run it (binfmt_misc), which not every machine has.
include(${CMAKE_CURRENT_LIST_DIR}/TrellisEmulatedLeftOut.cmake)

# trellis_emulated_tests(<layer>): the tests of <layer>_test in a few processes, since starting one
# under emulation takes longer than most tests.
function(trellis_emulated_tests layer)
  set(shards 1)
  if(layer MATCHES "^(engine|wapc|host|nats|lattice|provider)$")
    set(shards 2)
  endif()
  list(JOIN TRELLIS_LEFT_OUT_${layer} ":" left_out)
  math(EXPR last "${shards} - 1")
  foreach(shard RANGE ${last})
    add_test(NAME qemu/${layer}-${shard} COMMAND ${layer}_test --gtest_brief=1 "--gtest_filter=-${left_out}")
    set_tests_properties(qemu/${layer}-${shard} PROPERTIES LABELS qemu TIMEOUT 600
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard}")
  endforeach()
  add_dependencies(trellis_qemu ${layer}_test trellis_wat_guests)
endfunction()
