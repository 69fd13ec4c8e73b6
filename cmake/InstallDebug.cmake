# For installation scripts: writes the debug information of `program` below `folder` (relative to the
# prefix), by build id, as debuggers look for it. Compressed, for it is read seldom.
execute_process(COMMAND "${readelf}" --notes "${program}" OUTPUT_VARIABLE notes
  COMMAND_ERROR_IS_FATAL ANY)
if(NOT notes MATCHES "Build ID: ([0-9a-f][0-9a-f])([0-9a-f]+)")
  message(FATAL_ERROR "${program} has no build id; link it with -Wl,--build-id")
endif()
set(file ".build-id/${CMAKE_MATCH_1}/${CMAKE_MATCH_2}.debug")

# `make uninstall` takes it away again, where there is an installation with a list.
set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
if(EXISTS "${root}/${trellis_list}" AND NOT EXISTS "${root}/${folder}/${file}")
  file(APPEND "${root}/${trellis_list}" "${folder}/${file}\n")
  foreach(parent "${folder}" "${folder}/.build-id" "${folder}/.build-id/${CMAKE_MATCH_1}")
    if(NOT EXISTS "${root}/${parent}")
      file(APPEND "${root}/${trellis_list}" "${parent}/\n")
    endif()
  endforeach()
endif()

set(file "${root}/${folder}/${file}")
cmake_path(GET file PARENT_PATH parent)
file(MAKE_DIRECTORY "${parent}")
execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND "${objcopy}" --only-keep-debug
  --compress-debug-sections "${program}" "${file}")
file(CHMOD "${file}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
message(STATUS "Installing: ${file}")
