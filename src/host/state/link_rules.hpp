// Rules for links that came over the lattice: the files, addresses and secrets of this machine that
// they may name. The host acts on them with its own rights, so they are its user's to set
// (docs/security.md, "Where a link comes from").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/fields.hpp"
#include "provider/provider.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Addresses with their ports at which something may listen. Immutable; any thread.
class ListenRange {
 public:
  /// ADDRESS[/BITS][:PORT[-PORT]], IPv6 addresses in brackets where ports follow. Without BITS it
  /// is one address (0.0.0.0 is that of all interfaces, not every address), without ports all.
  [[nodiscard]] static Result<ListenRange> parse(std::string_view text);

  /// `address` in network byte order, 4 or 16 bytes.
  [[nodiscard]] bool covers(std::string_view address, std::uint16_t port) const noexcept;

 private:
  std::string address_;  // 4 or 16 bytes
  unsigned bits_ = 0;
  std::uint16_t first_ = 0;
  std::uint16_t last_ = 65535;
};

/// Immutable; any thread. Looks at files where a value lies below a permitted folder, never else:
/// nobody learns from a refusal what is on the disk.
class LinkRules {
 public:
  /// Permits nothing.
  LinkRules() = default;
  /// Errors: invalid_argument for an address that cannot be read.
  [[nodiscard]] static Result<LinkRules> make(const LatticeOptions& options);

  /// The values as `provider` is to be told them. Those of a local link are as they are; of one
  /// from the lattice each that is for the operator to set must be permitted, and paths come back
  /// with their symbolic links resolved. Error: denied; it names key, provider and option.
  [[nodiscard]] Result<codec::StringMap> admit(const Link& link, LinkOrigin origin,
                                               const provider::Description& provider) const;

 private:
  struct Folder {
    std::filesystem::path named;     ///< as given, made absolute
    std::filesystem::path resolved;  ///< the same without symbolic links
  };
  /// Nothing when no permitted folder has it.
  [[nodiscard]] std::optional<std::string> permitted_path(std::string_view value) const;
  [[nodiscard]] bool may_listen(std::string_view list) const;
  [[nodiscard]] bool may_use_port(std::string_view value) const;
  [[nodiscard]] bool covers(std::string_view address, std::uint16_t port) const noexcept;
  [[nodiscard]] Result<void> admit_value(const provider::LocalValue& local, std::string& value,
                                         const provider::Description& provider) const;

  std::vector<Folder> folders_;
  std::vector<ListenRange> listen_;
  std::vector<std::string> secrets_;
};

}  // namespace trellis::host
