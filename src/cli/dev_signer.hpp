// Signs modules for development, with keys that mean nothing to anybody else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "identity/claims.hpp"
#include "identity/keys.hpp"
#include "trellis/bytes.hpp"

namespace trellis::cli {

/// Where the keys are: `dev` below the state folder (folders.hpp). Errors: not_found (there is
/// none).
[[nodiscard]] Result<std::filesystem::path> dev_key_folder(const Context& context);

/// Wishes for the claims; what is empty comes from the module's own token, or a default.
struct DevClaims {
  std::string name;                       ///< default: the file's stem
  std::vector<std::string> capabilities;  ///< default: httpserver, keyvalue, logging, extras
  std::vector<std::string> more;          ///< besides the default ones
};

/// Holds an account key and the key of one module. One thread.
class DevSigner {
 public:
  /// Reads the keys of the module at this path, or makes and stores them (0600, in a 0700 folder):
  /// modules at other paths have others. A key that older versions made, for all modules of that
  /// name, becomes that of the first path that asks for it; so says a line on stderr.
  [[nodiscard]] static Result<DevSigner> open(Context& context, const std::filesystem::path& folder,
                                              const std::filesystem::path& module);

  [[nodiscard]] std::string key() const { return module_.public_key().text(); }
  /// "actor-0F3A…": of this path alone; names what else is kept for the module.
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

  struct Signed {
    Bytes bytes;
    std::vector<std::string> capabilities;
  };
  /// Signs `module`, signed or not, as `revision`.
  [[nodiscard]] Result<Signed> sign(ByteView module, const DevClaims& wishes,
                                    std::int32_t revision) const;

 private:
  DevSigner(identity::KeyPair account, identity::KeyPair module, std::string stem,
            std::string place)
      : account_(std::move(account)),
        module_(std::move(module)),
        stem_(std::move(stem)),
        place_(std::move(place)) {}
  identity::KeyPair account_;
  identity::KeyPair module_;
  std::string stem_;
  std::string place_;
};

}  // namespace trellis::cli
