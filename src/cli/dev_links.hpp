// Links of a module under development: as --link says, else as is usual.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/host.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// One --link: CONTRACT[,KEY=VALUE…], or a provider in the place of the contract.
struct DevLink {
  std::string contract;  ///< empty: what the provider serves
  std::string provider;  ///< "builtin:…", or the path of a library or archive; empty: the usual one
  std::map<std::string, std::string> values;
};

/// Reads one. A comma begins another value only where KEY= follows; others, and those behind a
/// backslash, belong to the value: "messaging,SUBSCRIPTION=a.*,b.*". Nothing else is taken for
/// anything but itself. Error: invalid_argument.
[[nodiscard]] Result<DevLink> parse_dev_link(std::string_view text);

/// Hint at the server that a built-in provider needs, and how to say where it is; empty when it
/// needs none.
[[nodiscard]] std::string server_hint(std::string_view provider);

/// Starts providers, each once, and links actors to them. Main thread.
class DevLinker {
 public:
  /// `state` is where blob stores get their folders.
  DevLinker(Host& host, std::vector<DevLink> wishes, std::uint16_t port,
            std::filesystem::path state)
      : host_(host), wishes_(std::move(wishes)), port_(port), state_(std::move(state)) {}

  /// Contracts of the wishes, as far as they are known without starting anything.
  [[nodiscard]] std::vector<std::string> contracts() const;
  /// Starts the providers that wishes name by a file, so that contracts() has theirs too.
  [[nodiscard]] Result<void> start_wished();
  /// Links one actor, of which `number` says how manieth it is; `folder` is its own below the
  /// state. Errors: already_exists (the port is taken), not_found (nobody serves the contract),
  /// those of the host.
  [[nodiscard]] Result<void> link(const std::string& actor, const std::string& contract,
                                  unsigned number, const std::string& folder);
  /// The provider that a link of the contract goes to.
  [[nodiscard]] std::string provider_of(const std::string& contract) const;

 private:
  [[nodiscard]] const DevLink* wish_for(std::string_view contract) const;
  [[nodiscard]] Result<std::string> start(const std::string& reference);
  [[nodiscard]] Result<std::string> running(const std::string& reference) const;
  [[nodiscard]] Result<void> add_usual_values(std::map<std::string, std::string>& values,
                                              const std::string& provider, unsigned number,
                                              const std::string& folder) const;
  [[nodiscard]] Result<std::string> address(std::uint16_t first, unsigned number) const;

  Host& host_;
  std::vector<DevLink> wishes_;
  const std::uint16_t port_;
  const std::filesystem::path state_;
  std::map<std::string, std::string> started_;  // reference and key
};

}  // namespace trellis::cli
