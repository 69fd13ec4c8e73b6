// Contexts: connections to lattices under a name, kept by `trellis ctx` in the user's folder, and
// those of the `nats` tool.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "json/json.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::cli {

/// Plain value. It may contain secrets.
struct SavedContext {
  std::string ns = "default";
  NatsOptions rpc;
  std::optional<NatsOptions> control;  ///< nothing: the same connection

  [[nodiscard]] nlohmann::json to_json() const;
  /// The context for people: "(set)" for secrets, URLs without what logs in.
  [[nodiscard]] nlohmann::json without_secrets() const;
  /// Errors: malformed, with the member that is wrong; `what` names the file.
  [[nodiscard]] static Result<SavedContext> from_json(const nlohmann::json& json,
                                                      const std::string& what);
};

/// How a context of the `nats` tool is named: nats:NAME.
inline constexpr std::string_view nats_prefix = "nats:";

/// Contexts of one user: files NAME.json that only the user may read, and the name of the one in
/// use. Stateless; main thread only.
class ContextStore {
 public:
  explicit ContextStore(const Context& context);

  /// `name`, or nats:NAME. Errors: invalid_argument, not_found with the ones there are, malformed.
  [[nodiscard]] Result<SavedContext> load(const std::string& name) const;
  /// Errors: already_exists unless `replace`.
  [[nodiscard]] Result<void> save(const std::string& name, const SavedContext& saved,
                                  bool replace) const;
  /// Forgets it, and no longer uses it.
  [[nodiscard]] Result<void> remove(const std::string& name) const;
  /// Contexts of the nats tool stand behind the others.
  [[nodiscard]] std::vector<std::string> names() const;

  /// The one that `use` chose; nothing when none is.
  [[nodiscard]] Result<std::optional<std::string>> in_use() const;
  [[nodiscard]] Result<void> use(const std::string& name) const;
  [[nodiscard]] Result<void> use_none() const;

 private:
  [[nodiscard]] Result<std::filesystem::path> file_of(const std::string& name) const;
  [[nodiscard]] std::filesystem::path mark() const { return folder_ / "context"; }

  std::filesystem::path folder_;
  std::filesystem::path nats_folder_;
};

/// The URLs of a list with commas, as NATS_URL has them.
[[nodiscard]] std::vector<std::string> urls_of(std::string_view list);
/// A URL without user and password.
[[nodiscard]] std::string without_login(const std::string& url);

}  // namespace trellis::cli
