#include "cli/machine_name.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "identity/keys.hpp"

namespace trellis::cli {
namespace {

constexpr std::size_t max_of_name = 63;  // as of one part of a name in the DNS
constexpr std::size_t kernel_name_bytes = 256;

// Characters of DNS names and '_', which machines have as well.
bool in_host_name(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string machine_name() {
  std::array<char, kernel_name_bytes> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::string check_host_name(const std::string& name) {
  if (name.empty() || name.size() > max_of_name || !std::ranges::all_of(name, in_host_name)) {
    return fmt::format("'{}' is no name of a host: 1 to {} letters, digits, '-', '_' and '.'",
                       excerpt(name), max_of_name);
  }
  // Names must not look like what else --host takes: process ids and keys.
  if (std::ranges::all_of(name, is_digit)) {
    return fmt::format("'{}' is no name of a host: --host takes numbers for process ids", name);
  }
  if (identity::PublicKey::parse(name)) {
    return fmt::format("'{}' is no name of a host: it is a key", name);
  }
  return {};
}

std::string host_name(const std::string& wish, std::string_view machine) {
  if (!wish.empty()) return wish;
  std::string name(machine.substr(0, max_of_name));
  // Machines with a name that no host can have (only digits, in a container) give none: the id
  // remains.
  return check_host_name(name).empty() ? name : std::string();
}

}  // namespace trellis::cli
