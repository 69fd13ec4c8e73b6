#include "cli/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace trellis::cli {

namespace {

// A certificate chain fits; more is a file that was named by mistake.
constexpr std::size_t max_secret_bytes = 64 * limits::kib;
constexpr std::size_t max_name_bytes = 64;

// Names come from links, some of them from other hosts: no slash, no dot in front, or a link could
// read any file.
[[nodiscard]] bool is_secret_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name_bytes && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

// Variable of a secret: "db.password" is TRELLIS_SECRET_DB_PASSWORD.
[[nodiscard]] std::string variable_of(std::string_view name) {
  auto variable = "TRELLIS_SECRET_" + to_upper_ascii(name);
  std::ranges::replace_if(variable, [](char c) { return c == '.' || c == '-'; }, '_');
  return variable;
}

}  // namespace

SecretSource secret_source(const Context& context, const std::filesystem::path& folder) {
  return [env = context.env, folder](std::string_view name) -> Result<std::string> {
    if (!is_secret_name(name)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("\"{}\" cannot be the name of a secret", excerpt(name)),
                  "use letters, digits, dots, hyphens and underscores");
    }
    std::error_code ignored;
    const auto file = folder / name;
    // File before variable: environments are inherited by every child, files are not.
    if (!folder.empty() && std::filesystem::exists(file, ignored)) {
      auto content = read_file(file, max_secret_bytes);
      if (!content) return content;
      // One line end only, which editors add; more may be part of the secret.
      if (content->ends_with('\n')) content->pop_back();
      return content;
    }
    const auto variable = variable_of(name);
    if (auto value = env(variable.c_str())) return std::move(*value);
    return fail(ErrorCode::not_found, fmt::format("there is no secret {}", name),
                fmt::format("put it into a file of that name below --secrets-dir, or into the "
                            "variable {}",
                            variable));
  };
}

}  // namespace trellis::cli
