// Where keys are kept and how an issuer or subject key is found (cli.md 2.1).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
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
  bool rename = false;   ///< --rename: a stored key may sign another name than before
  bool new_key = false;  ///< --new-key: files named as older versions did are left alone
};

/// Signature that a key is known to have made.
struct SignedBefore {
  std::string key;  ///< public key of the subject
  std::string name;
};

/// Which key a command needs.
struct KeyRequest {
  identity::KeyType type;
  std::string role;      ///< "issuer", "subject": for messages
  std::string option;    ///< value of --issuer or --subject, a seed or a file; may be empty
  const char* variable;  ///< environment variable with the same meaning
  std::string name;      ///< of what is signed: names the default file; ignored for accounts
  std::string old_stem;  ///< what older versions named the file after; may be empty
  std::optional<SignedBefore> before = {};  ///< what the signed file said until now
};

/// --directory, else WASH_KEYS, else Folders::keys.
[[nodiscard]] Result<std::filesystem::path> key_directory(const Context& context,
                                                          const std::string& option);

/// The option's or variable's key; else that of the default file; else of a file that is named as
/// older versions did and has signed no other name; else a new one, written to the default file
/// with owner-only access. What is not the rule is said on stderr. Errors: denied (the file's key
/// signed another name before); none of them quotes a seed.
[[nodiscard]] Result<identity::KeyPair> find_key(Context& context, const KeyOptions& options,
                                                 const KeyRequest& request);

/// Whether find_key() will look into files.
[[nodiscard]] bool is_stored_key(const Context& context, const KeyRequest& request);

/// "shop_module.nk": another one for every name. Error: there is nothing to name it after.
[[nodiscard]] Result<std::string> key_file_name(std::string_view name, identity::KeyType type);
/// The name whose key is in the file: what it signed, else what the file is named after.
[[nodiscard]] std::string name_of_key_file(const std::filesystem::path& file);

/// A key file as it is listed: whose it is, not what is in it.
struct ListedKey {
  std::string file;
  std::string public_key;  ///< empty when there is no key in it
  std::string name;
};
/// The key files of a folder, by name. Errors: not_found.
[[nodiscard]] Result<std::vector<ListedKey>> keys_in(const std::filesystem::path& folder);

/// Last component of a path or name without its extension; empty when nothing is left.
[[nodiscard]] std::string stem_of(const std::string& path_or_name);

inline constexpr const char* keys_variable = "WASH_KEYS";
inline constexpr const char* issuer_variable = "WASH_ISSUER_KEY";
inline constexpr const char* subject_variable = "WASH_SUBJECT_KEY";

/// Adds --directory and --disable-keygen.
void add_key_options(Command& leaf, KeyOptions& options,
                     const std::string& directory = "--directory");
/// Adds --rename and --new-key, for commands that sign in a name.
void add_key_name_options(Command& leaf, KeyOptions& options);

}  // namespace trellis::cli
