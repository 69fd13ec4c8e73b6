# Every outside library, in one place. scripts/setup.sh installs them on Debian 12.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
# It asks for files of 64 bits, which the whole build has where they are not the only ones; a macro more
# would make the precompiled headers useless to who uses it.
set_property(TARGET PkgConfig::HIREDIS PROPERTY INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)

# Boost.Beast 1.81: headers only. Debian's 1.74 does not compile as C++23.
find_path(BOOST_INCLUDE_DIR boost/beast.hpp REQUIRED)
add_library(trellis_boost INTERFACE)
target_include_directories(trellis_boost SYSTEM INTERFACE ${BOOST_INCLUDE_DIR})
if(TRELLIS_SANITIZE MATCHES "thread")
  # TSan does not know fences; Asio's queue is ordered by its mutex without them.
  target_compile_definitions(trellis_boost INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

# V8, through Debian's libnode: the private copy of scripts/setup.sh wins, then the system's.
set(TRELLIS_DEPS "${CMAKE_SOURCE_DIR}/build/deps" CACHE PATH "Where setup.sh puts private libraries")
find_path(NODE_INCLUDE_DIR v8.h REQUIRED
  HINTS ${TRELLIS_DEPS}/node/usr/include/node PATHS /usr/include/node NO_DEFAULT_PATH)
find_library(NODE_LIBRARY NAMES node libnode.so.108 REQUIRED
  HINTS ${TRELLIS_DEPS}/node/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}
  PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH)
add_library(trellis_v8 INTERFACE)
target_include_directories(trellis_v8 SYSTEM INTERFACE ${NODE_INCLUDE_DIR})
target_link_libraries(trellis_v8 INTERFACE ${NODE_LIBRARY})

# The servers for tests. Where one is missing they fail and say what to do, so that it is no
# condition for building.
find_program(NATS_SERVER nats-server
  HINTS ${TRELLIS_DEPS}/servers/usr/sbin ${TRELLIS_DEPS}/servers/usr/bin PATHS /usr/sbin)
find_program(REDIS_SERVER redis-server
  HINTS ${TRELLIS_DEPS}/servers/usr/bin PATHS /usr/bin)
