# Installation rules, one component per package part:
#   runtime   binary, provider archives, example actors, manual, completions, documents
#   node      libnode beside the library; part of a plain installation only where the build links a
#             private libnode, and always part of the packages
#   sdk       headers, templates and guest libraries
#   dev       libtrellis.a, libtrellis_builtins.a, CMake package, pkg-config files
#   local     what only an installation by `make install` has: sample manifest, unit, its own list
#   service   what only the Debian package has: the manifest as a conffile, unit, Debian's documents
#   debug     detached debug information of the binary, found by its build id
include(CMakePackageConfigHelpers)

foreach(folder BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    message(FATAL_ERROR "CMAKE_INSTALL_${folder} must be relative to the prefix: the installation "
      "finds its own parts by relative paths")
  endif()
endforeach()
# Folders have the same mode whatever the umask of who installs.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# First of all rules: it looks at what is there before anything is installed.
set(trellis_list ${CMAKE_INSTALL_DATADIR}/trellis/installed-files)
install(CODE "
  set(trellis_list \"${trellis_list}\")
  include(\"${CMAKE_SOURCE_DIR}/cmake/InstalledFiles.cmake\")
  trellis_remember_folders()" COMPONENT local)

set(trellis_private_libdir ${CMAKE_INSTALL_LIBDIR}/trellis)
get_filename_component(trellis_node_real ${NODE_LIBRARY} REALPATH)
get_filename_component(trellis_node_name ${trellis_node_real} NAME)
set(trellis_node_rule)
if(trellis_node_real MATCHES "^/(usr/)?lib/")
  set(trellis_node_rule EXCLUDE_FROM_ALL)
endif()
install(FILES ${trellis_node_real} DESTINATION ${trellis_private_libdir} COMPONENT node
  ${trellis_node_rule})
# The terms of what is bundled travel with it.
get_filename_component(trellis_node_prefix ${trellis_node_real} DIRECTORY)
string(REGEX REPLACE "/lib(/[^/]*)?$" "" trellis_node_prefix ${trellis_node_prefix})
install(FILES ${trellis_node_prefix}/share/doc/libnode108/copyright RENAME copyright.libnode
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT node ${trellis_node_rule})

# The manual and the completions are written by the binary, from its own description of its options.
set(trellis_manual ${CMAKE_BINARY_DIR}/manual)
add_custom_command(OUTPUT ${trellis_manual}/stamp VERBATIM COMMENT "Writing the manual"
  DEPENDS ${TRELLIS_TOOL_DEPENDS} ${CMAKE_SOURCE_DIR}/cmake/MakeManual.cmake
  COMMAND ${CMAKE_COMMAND} -DTRELLIS=${TRELLIS_TOOL} -DOUTPUT=${trellis_manual}
    -P ${CMAKE_SOURCE_DIR}/cmake/MakeManual.cmake)
add_custom_target(trellis_manual DEPENDS ${trellis_manual}/stamp)
# Everything that an installation or a package takes from the build folder.
add_custom_target(trellis_installable DEPENDS ${trellis_manual}/stamp)
add_dependencies(trellis_installable trellis trellis_builtins trellis_bin trellis_archives)
if(TRELLIS_GUESTS)
  add_dependencies(trellis_installable actor_echo actor_kvcounter)
endif()
install(DIRECTORY ${trellis_manual}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime
  OPTIONAL)

# The binary and its debug information. Stripped here and not by `cmake --install --strip`, which
# leaves static libraries alone.
set(trellis_here "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}")
set_target_properties(trellis_bin PROPERTIES INSTALL_RPATH "$ORIGIN/../${trellis_private_libdir}")
install(TARGETS trellis_bin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${STRIP_PROGRAM}\"
  --remove-section=.comment \"${trellis_here}/${CMAKE_INSTALL_BINDIR}/trellis\")" COMPONENT runtime)
install(CODE "
  set(trellis_list \"${trellis_list}\")
  set(program \"$<TARGET_FILE:trellis_bin>\")
  set(folder lib/debug)
  set(readelf \"${READELF_PROGRAM}\")
  set(objcopy \"${OBJCOPY_PROGRAM}\")
  include(\"${CMAKE_SOURCE_DIR}/cmake/InstallDebug.cmake\")" COMPONENT debug EXCLUDE_FROM_ALL)

foreach(library trellis trellis_builtins)
  if(TRELLIS_THIN_ARCHIVES)
    # A thin archive names objects of the build folder: the installed one gets copies of them.
    install(CODE "
      set(archive \"${trellis_here}/${CMAKE_INSTALL_LIBDIR}/lib${library}.a\")
      file(MAKE_DIRECTORY \"${trellis_here}/${CMAKE_INSTALL_LIBDIR}\")
      file(REMOVE \"\${archive}\")
      execute_process(COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE objects
        COMMAND \"${CMAKE_AR}\" t \"$<TARGET_FILE:${library}>\")
      string(REGEX MATCHALL \"[^\n]+\" objects \"\${objects}\")
      execute_process(COMMAND_ERROR_IS_FATAL ANY
        COMMAND \"${CMAKE_AR}\" qcs \"\${archive}\" \${objects})
      list(APPEND CMAKE_INSTALL_MANIFEST_FILES
        \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/lib${library}.a\")" COMPONENT dev)
  else()
    install(TARGETS ${library} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
  endif()
  install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${STRIP_PROGRAM}\"
    --strip-unneeded --remove-section=.comment \"${trellis_here}/${CMAKE_INSTALL_LIBDIR}/lib${library}.a\")"
    COMPONENT dev)
endforeach()

install(DIRECTORY ${CMAKE_BINARY_DIR}/archives/ DESTINATION ${trellis_private_libdir}/providers
  COMPONENT runtime OPTIONAL FILES_MATCHING PATTERN *.par)
if(TRELLIS_GUESTS)
  install(FILES ${CMAKE_BINARY_DIR}/actors/echo.wasm ${CMAKE_BINARY_DIR}/actors/kvcounter.wasm
    DESTINATION ${CMAKE_INSTALL_DATADIR}/trellis/actors COMPONENT runtime)
endif()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(DIRECTORY dist/systemd DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT runtime OPTIONAL
  FILES_MATCHING PATTERN *.conf)

# Templates and libraries for actors (docs/actors.md) and providers (docs/providers.md); those for C++
# are among the headers.
install(DIRECTORY include/trellis DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(FILES cmake/trellis-provider.cmake
  DESTINATION ${CMAKE_INSTALL_DATADIR}/trellis/sdk/cmake COMPONENT sdk)
install(DIRECTORY sdk/cmake sdk/cpp sdk/rust sdk/assemblyscript sdk/provider
  DESTINATION ${CMAKE_INSTALL_DATADIR}/trellis/sdk COMPONENT sdk USE_SOURCE_PERMISSIONS
  PATTERN node_modules EXCLUDE PATTERN target EXCLUDE PATTERN out EXCLUDE PATTERN *.wasm EXCLUDE)

# The CMake package and the pkg-config file find everything relative to themselves.
set(TRELLIS_NODE_PRIVATE ${trellis_private_libdir}/${trellis_node_name})
set(TRELLIS_NODE_NAME ${trellis_node_name})
set(TRELLIS_NODE_LINK
  "-L\${libdir}/trellis -Wl,-rpath,\${libdir}/trellis -l:${trellis_node_name}")
file(RELATIVE_PATH TRELLIS_PC_PREFIX /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
string(REGEX REPLACE "/$" "" TRELLIS_PC_PREFIX ${TRELLIS_PC_PREFIX})
configure_package_config_file(cmake/trellis-config.cmake.in trellis-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trellis
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(trellis-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/trellis.pc.in trellis.pc @ONLY)
configure_file(cmake/trellis-builtins.pc.in trellis-builtins.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/trellis-config.cmake
  ${CMAKE_BINARY_DIR}/trellis-config-version.cmake cmake/trellis-provider.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trellis COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/trellis.pc ${CMAKE_BINARY_DIR}/trellis-builtins.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

# A plain installation is configured by hand: the manifest is a sample, the unit names this prefix.
install(FILES dist/host.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/trellis COMPONENT local)
install(FILES ${trellis_manual}/_trellis COMPONENT local OPTIONAL
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES dist/systemd/trellis.service DESTINATION lib/systemd/system COMPONENT local OPTIONAL)
install(CODE "
  trellis_name_prefix(\"lib/systemd/system/trellis.service\" \"${CMAKE_INSTALL_BINDIR}\")
  trellis_write_list()" COMPONENT local)
include(TrellisPackage)
