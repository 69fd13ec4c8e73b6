# `make install`: library, headers, binary, CMake package and pkg-config file. A private libnode
# (scripts/setup.sh) is installed next to the library, so the result does not depend on this tree.
include(CMakePackageConfigHelpers)

set(trellis_private_libdir ${CMAKE_INSTALL_LIBDIR}/trellis)
get_filename_component(trellis_node_dir ${NODE_LIBRARY} DIRECTORY)
if(trellis_node_dir MATCHES "^/usr/")
  set(TRELLIS_NODE_LINK "-lnode")
else()
  get_filename_component(trellis_node_real ${NODE_LIBRARY} REALPATH)
  install(FILES ${trellis_node_real} DESTINATION ${trellis_private_libdir})
  get_filename_component(trellis_node_name ${trellis_node_real} NAME)
  set(TRELLIS_NODE_LINK
    "-L\${libdir}/trellis -Wl,-rpath,\${libdir}/trellis -l:${trellis_node_name}")
  set(TRELLIS_NODE_PRIVATE "${trellis_private_libdir}/${trellis_node_name}")
endif()

install(TARGETS trellis ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET trellis_bin)
  set_target_properties(trellis_bin PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${trellis_private_libdir}")
  install(TARGETS trellis_bin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/trellis DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Templates and libraries for actors (docs/actors.md) and providers (docs/providers.md); those for C++
# are among the headers.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/cpp ${CMAKE_SOURCE_DIR}/sdk/rust
  ${CMAKE_SOURCE_DIR}/sdk/assemblyscript ${CMAKE_SOURCE_DIR}/sdk/provider DESTINATION ${CMAKE_INSTALL_DATADIR}/trellis/sdk
  USE_SOURCE_PERMISSIONS
  PATTERN node_modules EXCLUDE PATTERN target EXCLUDE PATTERN out EXCLUDE PATTERN *.wasm EXCLUDE)

configure_package_config_file(cmake/trellis-config.cmake.in trellis-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trellis
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(trellis-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/trellis.pc.in trellis.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/trellis-config.cmake
  ${CMAKE_BINARY_DIR}/trellis-config-version.cmake ${CMAKE_SOURCE_DIR}/cmake/trellis-provider.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/trellis)
install(FILES ${CMAKE_BINARY_DIR}/trellis.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
