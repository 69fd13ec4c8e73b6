// Embeds a host that has the providers of the library trellis_builtins, and one that is part of
// this program: counts visits in a key-value store, and says hello.
//   visits ACTOR.wasm
#include <trellis/builtins.hpp>
#include <trellis/guest/keyvalue_messages.hpp>
#include <trellis/host.hpp>
#include <trellis/provider.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

/// A provider of this program.
class Greeter final : public trellis::sdk23::Provider<std::string> {
 public:
  static constexpr Description description = {"example:greeting", "Greeter", "me", "1.0.0"};
  using Provider::Provider;

  Result<std::shared_ptr<std::string>> bind(std::string_view, const StringMap& values,
                                            const std::shared_ptr<std::string>&) override {
    const auto found = values.find("GREETING");
    if (found == values.end()) {
      return trellis::fail(trellis::ErrorCode::invalid_argument, "link value GREETING is missing");
    }
    return std::make_shared<std::string>(found->second);
  }
  Result<Bytes> handle(std::string& greeting, const Call& call) override {
    if (call.operation != "Greet") {
      return trellis::fail(trellis::ErrorCode::unsupported, "bad dispatch");
    }
    return trellis::to_bytes(greeting + ", " + std::string(trellis::as_text(call.payload)) + "!");
  }
};

/// Ends the program with the reason unless there is a value.
template <class T>
T need(trellis::Result<T> result, const char* what) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", what, result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Has the actor call a provider, and gives back the answer.
trellis::Bytes relay(trellis::Host& host, const std::string& actor, const std::string& what) {
  return need(host.call_actor(actor, "Relay", trellis::as_bytes(what)), "call");
}

}  // namespace

int main(int argc, char** argv) {
  namespace kv = trellis::guest::kv;
  if (argc != 2) {
    std::fprintf(stderr, "usage: visits ACTOR.wasm\n");
    return 2;
  }
  trellis::HostOptions options;
  options.builtins = trellis::builtin_providers();
  options.builtins.push_back({"builtin:greeter", trellis::sdk23::provider_table<Greeter>()});

  const auto engine = need(trellis::EngineRuntime::start({}), "engine");
  const auto host = trellis::HostBuilder(engine).options(options).build();
  need(host->start(), "host");
  const auto actor = need(host->start_actor_from_file(argv[1]), "actor");
  for (const auto& [contract, provider, value] :
       {std::array{"wasmcloud:keyvalue", "builtin:keyvalue", ""},
        std::array{"example:greeting", "builtin:greeter", "hello"}}) {
    trellis::Link link;
    link.actor = actor;
    link.contract_id = contract;
    link.provider_id = need(host->start_provider(provider), provider);
    if (*value != '\0') link.values["GREETING"] = value;
    need(host->set_link(link), "link");
  }
  if (!host->settle(std::chrono::seconds(5))) return 1;

  for (int i = 0; i < 2; ++i) {
    // Relay passes on what it is given: contract, operation, and a payload that may be any bytes.
    const auto add = trellis::guest::encode(kv::AddArgs{"visits", 1});
    const auto answer = relay(*host, actor, "wasmcloud:keyvalue Add " + add);
    const auto sum = trellis::guest::decode<kv::AddResponse>(trellis::as_text(answer));
    if (!sum) return 1;
    std::printf("visit %d\n", sum->value);
  }
  const auto greeting = relay(*host, actor, "example:greeting Greet world");
  std::printf("%s\n", std::string(trellis::as_text(greeting)).c_str());
  host->stop();
  return 0;
}
