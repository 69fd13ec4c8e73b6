# Debian packages, by CPack: trellis, trellis-dev and trellis-dbgsym. docs/packagers.md tells what is
# in them; scripts/package-deb.sh makes them.
set(TRELLIS_MAINTAINER "Trellis developers <trellis@packages.invalid>" CACHE STRING
  "Who answers for the packages: Name <address>")
set(TRELLIS_PACKAGE_RELEASE 1 CACHE STRING "Number of the package of this version")
set(trellis_debian ${CMAKE_BINARY_DIR}/debian)

# Debian's own documents. Times are those of the source, so that the same source gives the same files.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} log -1 --format=%ct OUTPUT_VARIABLE committed
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(ENV{SOURCE_DATE_EPOCH} ${committed})
endif()
string(TIMESTAMP TRELLIS_PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
string(TIMESTAMP TRELLIS_PACKAGE_YEAR "%Y" UTC)
foreach(file changelog copyright)
  configure_file(dist/debian/${file}.in ${trellis_debian}/${file} @ONLY)
endforeach()
execute_process(COMMAND gzip -9n --force --keep ${trellis_debian}/changelog
  COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${trellis_debian}/changelog.gz RENAME changelog.Debian.gz
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT service EXCLUDE_FROM_ALL)
install(FILES ${trellis_debian}/copyright
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT service EXCLUDE_FROM_ALL)
install(FILES dist/debian/trellis.lintian-overrides RENAME trellis
  DESTINATION share/lintian/overrides COMPONENT service EXCLUDE_FROM_ALL)

# /etc and the unit. The prefix of a package is /usr; what is outside of it is named from there.
install(FILES dist/host.yaml DESTINATION ../etc/trellis COMPONENT service EXCLUDE_FROM_ALL)
install(FILES dist/systemd/trellis.service DESTINATION lib/systemd/system COMPONENT service
  EXCLUDE_FROM_ALL)
install(FILES ${trellis_manual}/_trellis DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
  COMPONENT service EXCLUDE_FROM_ALL OPTIONAL)
# The other packages need this one in the same version: its documents are theirs.
foreach(pair dev:trellis-dev debug:trellis-dbgsym)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(CODE "
    if(CMAKE_INSTALL_COMPONENT)
      file(MAKE_DIRECTORY \"${trellis_here}/share/doc\")
      file(CREATE_LINK trellis \"${trellis_here}/share/doc/${package}\" SYMBOLIC)
    endif()" COMPONENT ${component}-links EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME trellis)
set(CPACK_PACKAGE_VENDOR "Trellis developers")
set(CPACK_PACKAGE_CONTACT ${TRELLIS_MAINTAINER})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL runtime node service sdk dev dev-links debug debug-links)
foreach(component runtime node service)
  set(CPACK_COMPONENT_${component}_GROUP trellis)
endforeach()
foreach(component sdk dev dev-links)
  set(CPACK_COMPONENT_${component}_GROUP dev)
endforeach()
foreach(component debug debug-links)
  set(CPACK_COMPONENT_${component}_GROUP dbgsym)
endforeach()
foreach(name runtime node service sdk dev dev-links debug debug-links)
  string(TOUPPER ${name} upper)
  set(CPACK_COMPONENT_${upper}_GROUP ${CPACK_COMPONENT_${name}_GROUP})
endforeach()

if(CMAKE_CROSSCOMPILING)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${trellis_machine})
endif()
set(CPACK_DEBIAN_PACKAGE_RELEASE ${TRELLIS_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${TRELLIS_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SOURCE trellis)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_THREADS 0)
set(CPACK_STRIP_FILES OFF)  # the installation rules have done it
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_TRELLIS_PACKAGE_NAME trellis)
set(CPACK_DEBIAN_TRELLIS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TRELLIS_DESCRIPTION "wasmCloud host: signed WebAssembly actors and capability providers
Trellis runs actors, WebAssembly modules that carry signed claims saying what
they may use, and links them to capability providers: HTTP servers and clients,
key-value and blob stores, messaging, event streams, logging. One binary is
host, signing tool and providers; hosts find each other over NATS.
.
The service trellis starts when /etc/trellis/host.yaml says what to run and the
administrator has enabled it.")
set(CPACK_DEBIAN_TRELLIS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${trellis_node_dir})
set(CPACK_DEBIAN_TRELLIS_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_TRELLIS_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_TRELLIS_PACKAGE_SUGGESTS "trellis-dev, nats-server")
set(CPACK_DEBIAN_TRELLIS_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/dist/debian/conffiles ${CMAKE_SOURCE_DIR}/dist/debian/postinst
  ${CMAKE_SOURCE_DIR}/dist/debian/prerm ${CMAKE_SOURCE_DIR}/dist/debian/postrm)

set(trellis_same "trellis (= ${PROJECT_VERSION}-${TRELLIS_PACKAGE_RELEASE})")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME trellis-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION "wasmCloud host: library, headers, templates
Everything to write actors and capability providers for Trellis and to embed a
host in a program: the static library, C and C++ headers, guest libraries and
project templates for C++, Rust and AssemblyScript, a CMake package and a
pkg-config file.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${trellis_same}, libfmt-dev, libspdlog-dev, libyaml-cpp-dev, \
libsodium-dev, libssl-dev, libcurl4-openssl-dev, libarchive-dev, libhiredis-dev, libexpat1-dev, \
libidn2-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS
  "g++, cmake, pkg-config, clang, lld, wasi-libc, libc++-dev-wasm32, libclang-rt-14-dev-wasm32")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "rustc, libstd-rust-dev-wasm32, npm")

set(CPACK_DEBIAN_DBGSYM_PACKAGE_NAME trellis-dbgsym)
set(CPACK_DEBIAN_DBGSYM_PACKAGE_SECTION debug)
set(CPACK_DEBIAN_DBGSYM_DESCRIPTION "debug symbols for trellis
Debug information of the program, which gdb and others find by its build id.")
set(CPACK_DEBIAN_DBGSYM_PACKAGE_DEPENDS "${trellis_same}")
include(CPack)

# Tests that install the packages and unpack the tarball in a Debian 12 of their own. They need root,
# the network's package mirror and minutes, so they run only when asked for:
#   ctest -C package -L package-deb
enable_testing()
foreach(kind deb dist)
  add_test(NAME package-${kind} CONFIGURATIONS package
    COMMAND ${CMAKE_SOURCE_DIR}/tests/package/${kind}_test.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  set_tests_properties(package-${kind} PROPERTIES LABELS package-${kind} TIMEOUT 900
    RESOURCE_LOCK debian-folder SKIP_RETURN_CODE 77 ENVIRONMENT "ARCH=${trellis_machine}")
endforeach()
