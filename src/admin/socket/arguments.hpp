// Typed, bounded access to the arguments of a request.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "admin/socket/protocol.hpp"

namespace trellis::admin {

/// Looks into a request that lives longer. Errors name operation and argument. One thread.
class Arguments {
 public:
  explicit Arguments(const Request& request) : request_(request) {}

  /// A text of 1 to `most` bytes without control characters.
  [[nodiscard]] Result<std::string> text(const char* name, std::size_t most) const;
  /// Text likewise, or `otherwise` when it is absent.
  [[nodiscard]] Result<std::string> text_or(const char* name, std::size_t most,
                                            std::string otherwise) const;
  /// Milliseconds from 0 to an hour; 0 when absent.
  [[nodiscard]] Result<std::chrono::milliseconds> duration(const char* name) const;
  /// A number of things, below 2^32; nothing when absent.
  [[nodiscard]] Result<std::optional<std::size_t>> count(const char* name) const;
  /// False when absent.
  [[nodiscard]] Result<bool> flag(const char* name) const;
  /// An object whose members are all texts; empty when absent.
  [[nodiscard]] Result<std::map<std::string, std::string>> texts(const char* name) const;
  /// Null when absent.
  [[nodiscard]] const nlohmann::json* find(const char* name) const;
  [[nodiscard]] std::unexpected<Error> wrong(const char* name, std::string_view expected) const;

 private:
  const Request& request_;
};

}  // namespace trellis::admin
