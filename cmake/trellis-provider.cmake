# For provider projects, from find_package(trellis): a library with the provider ABI, and an archive
# signed with your keys. docs/providers.md and the template (share/trellis/sdk/provider) use it.

# trellis_add_provider(<target> <source>...): the library <target>.so, of which nothing but the entry
# is seen from outside.
function(trellis_add_provider target)
  add_library(${target} MODULE ${ARGN})
  set_target_properties(${target} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_link_libraries(${target} PRIVATE trellis::headers)
endfunction()

# trellis_archive_provider(<target> CONTRACT <id> NAME <text> VENDOR <text> [VERSION <text>]
#     [REVISION <number>] [ARCH <arch>-<os>] [KEYS <folder>] [COMPRESS])
# <target>.par beside the library (.par.gz with COMPRESS). Keys are those of `trellis keys`: in KEYS,
# else $WASH_KEYS, else ~/.wash/keys; made when they are missing.
function(trellis_archive_provider target)
  cmake_parse_arguments(arg "COMPRESS" "CONTRACT;NAME;VENDOR;VERSION;REVISION;ARCH;KEYS" "" ${ARGN})
  foreach(needed CONTRACT NAME VENDOR)
    if(NOT arg_${needed})
      message(FATAL_ERROR "trellis_archive_provider(${target}): ${needed} is missing")
    endif()
  endforeach()
  find_program(TRELLIS_PROGRAM trellis HINTS ${trellis_bin} REQUIRED)
  if(NOT arg_ARCH)
    set(arg_ARCH ${CMAKE_SYSTEM_PROCESSOR}-linux)
  endif()
  set(words --capid ${arg_CONTRACT} --name ${arg_NAME} --vendor ${arg_VENDOR} --arch ${arg_ARCH})
  if(arg_VERSION)
    list(APPEND words --version ${arg_VERSION})
  endif()
  if(arg_REVISION)
    list(APPEND words --revision ${arg_REVISION})
  endif()
  if(arg_KEYS)
    list(APPEND words --directory ${arg_KEYS})
  endif()
  set(archive ${CMAKE_CURRENT_BINARY_DIR}/${target}.par)
  if(arg_COMPRESS)
    set(archive ${archive}.gz)
    list(APPEND words --compress)
  endif()
  add_custom_command(OUTPUT ${archive} DEPENDS ${target} VERBATIM COMMENT "Signing ${target}"
    COMMAND ${TRELLIS_PROGRAM} par create --binary $<TARGET_FILE:${target}>
      --destination ${archive} ${words})
  add_custom_target(${target}_archive ALL DEPENDS ${archive})
endfunction()
