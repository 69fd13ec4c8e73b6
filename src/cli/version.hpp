// Version of this program and of the parts it is made of.
#pragma once

#include "cli/command.hpp"

namespace trellis::cli {

/// Version and day of the commit it was built from; "unknown" outside a repository.
struct BuildInfo {
  const char* version;
  const char* commit;
  const char* date;
};
[[nodiscard]] BuildInfo build_info();

/// Version, commit, generation of the protocol, engine, libraries of NATS and TLS, platform.
[[nodiscard]] Answer version_answer();

}  // namespace trellis::cli
