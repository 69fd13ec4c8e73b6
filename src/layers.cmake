# The layers of the house, from the ground up: the one place that says who may see whom. Each is
# compiled with an include path that shows only itself and what it sees (cmake/TrellisLayers.cmake),
# so that an include that points upwards finds no file; tests/layers_test.py reads this list too.
#
# trellis_layer(<name>        its folder: src/<name>, or <name>
#   SEES <layer>...           these, and all that they see; each stands above
#   HIDES <layer>...          but not these of them
#   HEADERS <name>...         what of include/trellis is its own
#   USES <library>...)        libraries of others that only its sources see

trellis_layer(base
  HEADERS bytes.hpp clock.hpp host_types.hpp log.hpp memory_budget.hpp nats_options.hpp provider.h result.hpp
  USES spdlog::spdlog PkgConfig::SODIUM OpenSSL::Crypto nlohmann_json::nlohmann_json)
# What programs of others are written with: compiled into actors and into providers.
trellis_layer(guest HEADERS actor.hpp guest)
trellis_layer(plugin SEES base guest HEADERS provider provider.hpp)

trellis_layer(threads SEES base USES Threads::Threads)
trellis_layer(json SEES base USES nlohmann_json::nlohmann_json)
trellis_layer(wasm SEES base)
trellis_layer(http SEES base USES PkgConfig::CURL PkgConfig::IDN2)
trellis_layer(tcp SEES base USES OpenSSL::SSL)
trellis_layer(codec SEES json USES nlohmann_json::nlohmann_json)
trellis_layer(manifest SEES json USES yaml-cpp nlohmann_json::nlohmann_json)
trellis_layer(identity SEES json wasm USES PkgConfig::SODIUM)
trellis_layer(package SEES http identity USES PkgConfig::ARCHIVE OpenSSL::Crypto)
trellis_layer(engine SEES threads wasm HEADERS engine.hpp USES trellis_v8)
trellis_layer(wapc SEES engine)
trellis_layer(nats SEES identity tcp threads USES nlohmann_json::nlohmann_json)
trellis_layer(lattice SEES codec nats HEADERS cache_store.hpp lattice_options.hpp
  USES PkgConfig::SODIUM nlohmann_json::nlohmann_json)
trellis_layer(client SEES lattice HEADERS client.hpp)
trellis_layer(actor SEES identity wapc)
trellis_layer(provider SEES codec threads USES ${CMAKE_DL_LIBS})
trellis_layer(host SEES actor lattice package provider HEADERS host.hpp)
# Its rooms: one library, in which each includes itself and those before it (tests/layers_test.py).
set(TRELLIS_HOST_ROOMS call state lattice lifecycle)
trellis_layer(apply SEES host manifest USES nlohmann_json::nlohmann_json)
trellis_layer(admin SEES apply client USES nlohmann_json::nlohmann_json)

# The library trellis_builtins: providers see the host through the C ABI only, and of what is below it
# what they have in common with it.
trellis_layer(providers SEES lattice package plugin HIDES identity json wasm HEADERS builtins.hpp
  USES trellis_boost PkgConfig::HIREDIS PkgConfig::EXPAT PkgConfig::SODIUM OpenSSL::SSL OpenSSL::Crypto)
