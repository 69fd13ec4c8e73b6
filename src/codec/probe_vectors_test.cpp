// tests/vectors/probes.json, its MessagePack part: odd encodings, and what first-party software
// makes of them. The lattice's structures are declared here as examples of what descriptions can
// say.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/json.hpp"
#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/extras.hpp"
#include "codec/messages/httpserver.hpp"
#include "codec/messages/keyvalue.hpp"
#include "support/vectors.hpp"

namespace trellis::codec {
namespace {

using nlohmann::json;

struct ProbedCapability {
  std::string id;
  std::string contract_id;
  std::string link_name;
  static constexpr auto describe() {
    return describe_struct("Capability", field("id", &ProbedCapability::id),
                           field("contract_id", &ProbedCapability::contract_id),
                           field("link_name", &ProbedCapability::link_name));
  }
};

struct ProbedEntity {
  std::variant<std::string, ProbedCapability> value;
  static constexpr auto describe_variants() {
    return EnumDescription<2>{"WasmCloudEntity", {"Actor", "Capability"}};
  }
};

struct Invocation {
  ProbedEntity origin;
  ProbedEntity target;
  std::string operation;
  Bytes msg;
  std::string id;
  std::string encoded_claims;
  std::string host_id;
  static constexpr auto describe() {
    return describe_struct(
        "Invocation", field("origin", &Invocation::origin), field("target", &Invocation::target),
        field("operation", &Invocation::operation), field("msg", &Invocation::msg).as_integers(),
        field("id", &Invocation::id), field("encoded_claims", &Invocation::encoded_claims),
        field("host_id", &Invocation::host_id));
  }
};

struct InvocationResponse {
  Bytes msg;
  std::optional<std::string> error;
  std::string invocation_id;
  static constexpr auto describe() {
    return describe_struct("InvocationResponse",
                           field("msg", &InvocationResponse::msg).as_integers(),
                           field("error", &InvocationResponse::error),
                           field("invocation_id", &InvocationResponse::invocation_id));
  }
};

struct LinkDefinition {
  std::string actor_id;
  std::string provider_id;
  std::string link_name;
  std::string contract_id;
  StringMap values;
  static constexpr auto describe() {
    return describe_struct("LinkDefinition", field("actor_id", &LinkDefinition::actor_id),
                           field("provider_id", &LinkDefinition::provider_id),
                           field("link_name", &LinkDefinition::link_name),
                           field("contract_id", &LinkDefinition::contract_id),
                           field("values", &LinkDefinition::values));
  }
};

struct Wascap {
  std::optional<std::string> name;
  std::string hash;
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<std::string>> caps;
  std::optional<std::int32_t> rev;
  std::optional<std::string> ver;
  std::optional<std::string> call_alias;
  bool prov = false;
  static constexpr auto describe() {
    return describe_struct("Actor", field("name", &Wascap::name).skip_when_absent(),
                           field("hash", &Wascap::hash),
                           field("tags", &Wascap::tags).skip_when_absent(),
                           field("caps", &Wascap::caps).skip_when_absent(),
                           field("rev", &Wascap::rev).skip_when_absent(),
                           field("ver", &Wascap::ver).skip_when_absent(),
                           field("call_alias", &Wascap::call_alias).skip_when_absent(),
                           field("prov", &Wascap::prov).or_default());
  }
};

struct ActorClaims {
  std::optional<std::uint64_t> exp;
  std::string jti;
  std::uint64_t iat = 0;
  std::string iss;
  std::string sub;
  std::optional<std::uint64_t> nbf;
  std::optional<Wascap> wascap;
  static constexpr auto describe() {
    return describe_struct("Claims", field("exp", &ActorClaims::exp).skip_when_absent(),
                           field("jti", &ActorClaims::jti), field("iat", &ActorClaims::iat),
                           field("iss", &ActorClaims::iss), field("sub", &ActorClaims::sub),
                           field("nbf", &ActorClaims::nbf).skip_when_absent(),
                           field("wascap", &ActorClaims::wascap).skip_when_absent());
  }
};

struct CacheEvent {
  using Pair = std::tuple<std::string, std::string>;
  std::variant<std::tuple<std::string, std::int32_t>, std::string, Pair, std::string, Pair, Pair,
               Pair, Pair>
      value;
  static constexpr auto describe_variants() {
    return EnumDescription<8>{"CacheEvent",
                              {"AtomicAdd", "KeyDelete", "ScalarSet", "ListClear", "ListPush",
                               "ListRemoveItem", "SetAdd", "SetRemoveItem"}};
  }
};

struct CacheEventWrapper {
  std::string origin_id;
  CacheEvent event;
  static constexpr auto describe() {
    return describe_struct("CacheEventWrapper", field("origin_id", &CacheEventWrapper::origin_id),
                           field("event", &CacheEventWrapper::event));
  }
};

struct ReplayRequest {
  std::uint64_t hwm = 0;
  static constexpr auto describe() {
    return describe_struct("ReplayRequest", field("hwm", &ReplayRequest::hwm));
  }
};

/// Hex of the value read and written again, or the error.
using Probe = std::function<std::string(ByteView)>;

template <class T>
Probe probe_of() {
  return [](ByteView bytes) {
    const auto decoded = decode<T>(bytes);
    return decoded ? to_hex_lower(encode(*decoded)) : decoded.error().message;
  };
}

const std::map<std::string, Probe>& probes() {
  static const std::map<std::string, Probe> all = {
      {"Invocation", probe_of<Invocation>()},
      {"InvocationResponse", probe_of<InvocationResponse>()},
      {"WasmCloudEntity", probe_of<ProbedEntity>()},
      {"LinkDefinition", probe_of<LinkDefinition>()},
      {"ActorClaims", probe_of<ActorClaims>()},
      {"CacheEvent", probe_of<CacheEvent>()},
      {"CacheEventWrapper", probe_of<CacheEventWrapper>()},
      {"ReplayRequest", probe_of<ReplayRequest>()},
      {"HealthRequest", probe_of<core::HealthRequest>()},
      {"HealthResponse", probe_of<core::HealthResponse>()},
      {"CapabilityConfiguration", probe_of<core::CapabilityConfiguration>()},
      {"SetArgs", probe_of<keyvalue::SetArgs>()},
      {"AddArgs", probe_of<keyvalue::AddArgs>()},
      {"HttpRequest", probe_of<httpserver::Request>()},
      {"GeneratorRequest", probe_of<extras::GeneratorRequest>()}};
  return all;
}

TEST(ProbeVectors, OddEncodingsAreTakenAsTheFirstPartyTakesThem) {
  test::VectorRun run("probes.json", [](const json& vector) {
    return probes().contains(vector.at("type").get<std::string>());
  });
  for (const json& vector : run.cases()) {
    const json& result = vector.at("result");
    const bool accepted = result.at("accepted");
    const std::string theirs = result.at(accepted ? "reencoded_hex" : "error");
    const auto& probe = probes().at(vector.at("type").get<std::string>());
    const auto bytes = test::from_hex_or_fail(vector.at("bytes_hex").get<std::string>());
    run.compare(vector.at("name").get<std::string>(), theirs, probe(bytes));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::codec
