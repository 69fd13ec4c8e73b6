# Providers as signed archives: ${CMAKE_BINARY_DIR}/archives/<name>.par, for the architecture that
# is compiled for.
set(TRELLIS_ARCHIVES ${CMAKE_BINARY_DIR}/archives)
if(TRELLIS_TESTS)
  add_custom_target(trellis_archives ALL)
else()
  add_custom_target(trellis_archives)
endif()

# trellis_archive_provider(<library target> <name> <contract> <title>): strips the library and signs
# it into an archive.
function(trellis_archive_provider library name contract title)
  set(archive ${TRELLIS_ARCHIVES}/${name}.par)
  set(stripped ${TRELLIS_ARCHIVES}/${name}.so)
  # A module needs no library that the host has not loaded, so none of this machine's folders either.
  set_target_properties(${library} PROPERTIES SKIP_BUILD_RPATH ON)
  add_custom_command(OUTPUT ${archive} DEPENDS ${library} ${TRELLIS_TOOL_DEPENDS} VERBATIM
    JOB_POOL trellis_sign COMMENT "Signing provider ${name}"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${TRELLIS_ARCHIVES}
    COMMAND ${STRIP_PROGRAM} -o ${stripped} $<TARGET_FILE:${library}>
    COMMAND ${TRELLIS_SIGNING_ENVIRONMENT} ${TRELLIS_TOOL} par create
      --binary ${stripped} --destination ${archive} --directory ${TRELLIS_KEYS}
      --capid ${contract} --vendor Trellis --name ${title} --version ${PROJECT_VERSION}
      --revision 1 --arch ${CMAKE_SYSTEM_PROCESSOR}-linux --output json > ${archive}.json
      2> ${archive}.log
    COMMAND ${CMAKE_COMMAND} -E rm ${stripped})
  add_custom_target(archive_${name} DEPENDS ${archive})
  add_dependencies(trellis_archives archive_${name})
endfunction()
