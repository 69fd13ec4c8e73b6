// Where keys are kept and how an issuer or subject key is found (cli.md 2.1).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "identity/keys.hpp"

namespace trellis::cli {

/// Bound of a key file: a seed has 58 characters, comments may stand around it.
inline constexpr std::size_t key_file_bytes = 4096;

/// Options of commands that sign.
struct KeyOptions {
  std::string directory;  ///< --directory
  bool disable_keygen = false;
};

/// Which key a command needs.
struct KeyRequest {
  identity::KeyType type;
  std::string role;      ///< "issuer", "subject": for messages
  std::string option;    ///< value of --issuer or --subject, a seed or a file; may be empty
  const char* variable;  ///< environment variable with the same meaning
  std::string stem;      ///< of the default file's name; ignored for accounts
};

/// --directory, else WASH_KEYS, else Folders::keys.
[[nodiscard]] Result<std::filesystem::path> key_directory(const Context& context,
                                                          const std::string& option);

/// The option's or variable's key; else the default file's; else a new one, written there with
/// owner-only access and announced on stderr. Errors never quote a seed.
[[nodiscard]] Result<identity::KeyPair> find_key(Context& context, const KeyOptions& options,
                                                 const KeyRequest& request);

/// Last component of a path or name without its extension; an error when nothing is left.
[[nodiscard]] Result<std::string> stem_of(const std::string& path_or_name);

inline constexpr const char* keys_variable = "WASH_KEYS";
inline constexpr const char* issuer_variable = "WASH_ISSUER_KEY";
inline constexpr const char* subject_variable = "WASH_SUBJECT_KEY";

/// Adds --directory and --disable-keygen.
void add_key_options(Command& leaf, KeyOptions& options);

}  // namespace trellis::cli
