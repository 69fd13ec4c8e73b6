// Embeds a host: starts a signed actor and a provider from an outside library, links them, calls
// the actor, shows what runs.
//   embed ACTOR.wasm PROVIDER.so
#include <trellis/host.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// Ends the program with the reason unless there is a value.
template <class T>
T need(trellis::Result<T> result, const char* what) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", what, result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}
void need(trellis::Result<void> result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "%s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: embed ACTOR.wasm PROVIDER.so\n");
    return 2;
  }
  const auto engine = need(trellis::EngineRuntime::start({}), "engine");
  const auto host = trellis::HostBuilder(engine).label("role", "example").build();
  need(host->start(), "host");
  const auto actor = need(host->start_actor_from_file(argv[1]), "actor");
  const auto provider = need(host->start_provider(argv[2]), "provider");

  trellis::Link link;
  link.actor = actor;
  link.contract_id = "example:greeting";
  link.provider_id = provider;
  link.values["GREETING"] = "hello";
  need(host->set_link(link), "link");
  // Links are bound in the background; a call before that waits for them only briefly.
  if (!host->settle(std::chrono::seconds(5))) return 1;

  const auto answer = need(
      host->call_actor(actor, "Relay", trellis::as_bytes("example:greeting Greet world")), "call");
  std::printf("%s\n", std::string(trellis::as_text(answer)).c_str());
  const auto inventory = need(host->inventory(), "inventory");
  // Providers of the host itself (extras, the cache of a lattice) are listed, too.
  const auto started = std::ranges::count_if(
      inventory.providers, [](const auto& provider) { return !provider.of_host; });
  std::printf("%zu actor, %td provider, %zu labels\n", inventory.actors.size(), started,
              inventory.labels.size());
  host->stop();
  return 0;
}
