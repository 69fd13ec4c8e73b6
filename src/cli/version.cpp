#include "cli/version.hpp"

#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/platform.hpp"
#include "trellis/engine.hpp"

namespace trellis::cli {

Answer version_answer() {
  const auto info = build_info();
  const auto engine = engine_version();
  const auto tls = tls_library_version();
  const auto platform = fmt::format("{}-{}", architecture, operating_system);
  // Generation of the protocol, not of this program.
  constexpr auto protocol = "0.18";
  auto text = fmt::format(
      "trellis {}\n"
      "commit    {} ({})\n"
      "protocol  wasmCloud {}, waPC actors\n"
      "engine    {}\n"
      "TLS       {}\n"
      "platform  {}",
      info.version, info.commit, info.date, protocol, engine, tls, platform);
  return {std::move(text),
          {{"version", info.version},
           {"commit", info.commit},
           {"date", info.date},
           {"protocol", protocol},
           {"engine", engine},
           {"tls", tls},
           {"platform", platform}}};
}

}  // namespace trellis::cli
