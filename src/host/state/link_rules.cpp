#include "host/state/link_rules.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/text.hpp"
#include "host/state/names.hpp"
#include "host/state/secrets.hpp"

namespace trellis::host {
namespace {

namespace fs = std::filesystem;

/// First port that needs no permission of the system, nor of these rules.
constexpr std::uint16_t first_free_port = 1024;
constexpr std::string_view any_address("\0\0\0\0", 4);

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || at != end) return std::nullopt;
  return number;
}

/// Address in network byte order; nothing for what is no address.
std::optional<std::string> address_bytes(std::string_view text) {
  const std::string name(text);
  std::string bytes(16, '\0');
  if (inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(4);
  if (inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) return bytes;
  return std::nullopt;
}

/// Host without brackets, and the port's text.
struct HostAndPort {
  std::string_view host;
  std::string_view port;
};

/// "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80", "::1"; brackets may have a slash behind them.
std::optional<HostAndPort> host_and_port(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    const auto rest = text.substr(end + 1);
    if (rest.empty()) return HostAndPort{text.substr(1, end - 1), {}};
    if (rest.front() != ':' || rest.size() == 1) return std::nullopt;
    return HostAndPort{text.substr(1, end - 1), rest.substr(1)};
  }
  const auto colon = text.find(':');
  // Several colons without brackets are an IPv6 address without a port.
  if (colon == text.npos || colon != text.rfind(':')) return HostAndPort{text, {}};
  if (colon + 1 == text.size()) return std::nullopt;
  return HostAndPort{text.substr(0, colon), text.substr(colon + 1)};
}

/// Whether a path is a folder, or in it, by its components.
bool path_lies_below(const fs::path& file, const fs::path& folder) {
  // Folder itself counts as below; one that was given with a slash at its end has an empty last
  // component.
  const auto [rest, at] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return rest == folder.end() || (std::next(rest) == folder.end() && rest->empty());
}

std::string shown_of(const provider::Description& provider) {
  return fmt::format("{} ({})", provider.name, provider.contract_id);
}

/// Words for what is wrong with a value of this kind.
std::string_view named_by(provider::LocalKind kind) {
  switch (kind) {
    case provider::LocalKind::file: return "names a file or folder of this host";
    case provider::LocalKind::listen: return "names where this host is to listen";
    case provider::LocalKind::port: return "is a port that needs permission";
    case provider::LocalKind::only: break;
  }
  return "is for the user of this host to set";
}

std::string_view remedy_for(provider::LocalKind kind) {
  switch (kind) {
    case provider::LocalKind::file:
      return "put the link on the host itself, or start the host with --link-files FOLDER";
    case provider::LocalKind::listen:
    case provider::LocalKind::port:
      return "put the link on the host itself, or start the host with --link-listen "
             "ADDRESS[:PORTS]";
    case provider::LocalKind::only: break;
  }
  return "put the link on the host itself (trellis link put, or its manifest): no option lets the "
         "lattice set it";
}

}  // namespace

Result<ListenRange> ListenRange::parse(std::string_view text) {
  const auto bad = [text] {
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' is no address to listen at", replace_bad_utf8(excerpt(text))),
                "ADDRESS[/BITS][:PORT[-PORT]]: 127.0.0.1, 0.0.0.0:8080, [::1]:8000-8999");
  };
  const auto parts = host_and_port(text);
  if (!parts) return bad();
  ListenRange made;
  const auto slash = parts->host.find('/');
  auto address = address_bytes(parts->host.substr(0, slash));
  if (!address) return bad();
  made.address_ = std::move(*address);
  made.bits_ = static_cast<unsigned>(made.address_.size() * 8);
  if (slash != std::string_view::npos) {
    const auto bits = whole_number<unsigned>(parts->host.substr(slash + 1));
    if (!bits || *bits > made.bits_) return bad();
    made.bits_ = *bits;
  }
  // Without a port all of them are meant.
  if (parts->port.empty()) return made;
  const auto dash = parts->port.find('-');
  const auto first = whole_number<std::uint16_t>(parts->port.substr(0, dash));
  const auto last = dash == std::string_view::npos
                        ? first
                        : whole_number<std::uint16_t>(parts->port.substr(dash + 1));
  if (!first || !last || *first > *last) return bad();
  made.first_ = *first;
  made.last_ = *last;
  return made;
}

bool ListenRange::covers(std::string_view address, std::uint16_t port) const noexcept {
  // Families never cover each other: a range of IPv4 says nothing of IPv6.
  if (address.size() != address_.size() || port < first_ || port > last_) return false;
  for (unsigned bit = 0; bit < bits_; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80U >> bit % 8);
    const auto differ = static_cast<unsigned char>(address[bit / 8] ^ address_[bit / 8]);
    if ((differ & mask) != 0) return false;
  }
  return true;
}

Result<LinkRules> LinkRules::make(const LatticeOptions& options) {
  LinkRules made;
  for (const auto& folder : options.link_files) {
    std::error_code problem;
    // Folder is known by both its names, because values are compared as text before anything is
    // looked at.
    auto resolved = fs::weakly_canonical(folder, problem);
    if (problem) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("--link-files {}: {}", folder.string(), problem.message()));
    }
    auto named = fs::absolute(folder, problem).lexically_normal();
    made.folders_.push_back({std::move(named), std::move(resolved)});
  }
  for (const auto& text : options.link_listen) {
    auto range = ListenRange::parse(text);
    if (!range) return pass(range);
    made.listen_.push_back(std::move(*range));
  }
  made.secrets_ = options.link_secrets;
  return made;
}

// Text decides first: looking at a path that somebody else chose may already do something (mount
// what is there, wait for a server that is away) and tells what exists.
std::optional<std::string> LinkRules::permitted_path(std::string_view value) const {
  std::error_code problem;
  const auto path = fs::absolute(fs::path(value), problem);
  if (problem || value.find('\0') != value.npos) return std::nullopt;
  const auto normal = path.lexically_normal();
  for (const auto& folder : folders_) {
    if (!path_lies_below(normal, folder.named) && !path_lies_below(normal, folder.resolved)) {
      continue;
    }
    // Symbolic links below the folder may lead out again: what counts is where the path ends.
    const auto resolved = fs::weakly_canonical(path, problem);
    if (!problem && path_lies_below(resolved, folder.resolved)) return resolved.string();
  }
  return std::nullopt;
}

bool LinkRules::covers(std::string_view address, std::uint16_t port) const noexcept {
  return std::any_of(listen_.begin(), listen_.end(),
                     [&](const auto& range) { return range.covers(address, port); });
}

bool LinkRules::may_listen(std::string_view list) const {
  const auto pieces = split(list, ',');
  return std::all_of(pieces.begin(), pieces.end(), [this](std::string_view piece) {
    const auto item = trim(piece);
    // Port without an address means all interfaces, which must be permitted as such.
    if (const auto port = whole_number<std::uint16_t>(item)) return covers(any_address, *port);
    const auto parts = host_and_port(item);
    if (!parts) return false;
    const auto address = address_bytes(parts->host);
    const auto port = whole_number<std::uint16_t>(parts->port);
    return address && port && covers(*address, *port);
  });
}

// The port of an HTTP server is what links of this protocol are everyday made of; whoever let the
// provider start wants it to listen. Ports of the system are another matter.
bool LinkRules::may_use_port(std::string_view value) const {
  const auto port = whole_number<std::uint16_t>(value);
  return port && (*port == 0 || *port >= first_free_port || covers(any_address, *port));
}

Result<void> LinkRules::admit_value(const provider::LocalValue& local, std::string& value,
                                    const provider::Description& provider) const {
  const auto text = trim(value);
  if (text.empty()) return {};  // as if it were not there
  switch (local.kind) {
    case provider::LocalKind::file:
      if (auto path = permitted_path(text)) {
        value = std::move(*path);
        return {};
      }
      break;
    case provider::LocalKind::listen:
      if (may_listen(text)) return {};
      break;
    case provider::LocalKind::port:
      if (may_use_port(text)) return {};
      break;
    case provider::LocalKind::only: break;
  }
  return fail(ErrorCode::denied,
              fmt::format("link value {} of provider {} {}, and came over the lattice", local.name,
                          shown_of(provider), named_by(local.kind)),
              std::string(remedy_for(local.kind)));
}

Result<codec::StringMap> LinkRules::admit(const Link& link, LinkOrigin origin,
                                          const provider::Description& provider) const {
  codec::StringMap values(link.values.begin(), link.values.end());
  // User of this host may name what is on it; rules are for links that came over the lattice.
  if (origin == LinkOrigin::local) return values;
  for (auto& [key, value] : values) {
    if (value.starts_with(secret_prefix)) {
      const auto name = std::string_view(value).substr(secret_prefix.size());
      // Secret that is permitted holds the user's own word, whatever the key.
      if (std::find(secrets_.begin(), secrets_.end(), name) != secrets_.end()) continue;
      return fail(
          ErrorCode::denied,
          fmt::format("link value {} of provider {} is a secret of this host, and came over "
                      "the lattice",
                      replace_bad_utf8(excerpt(key)), shown_of(provider)),
          "put the link on the host itself, or start the host with --link-secret NAME");
    }
    const auto& locals = provider.local_values;
    const auto local = std::find_if(locals.begin(), locals.end(),
                                    [&key](const auto& each) { return each.name == key; });
    // Values that the provider has not declared name nothing of this machine.
    if (local == locals.end()) continue;
    if (auto good = admit_value(*local, value, provider); !good) return pass(good);
  }
  return values;
}

}  // namespace trellis::host
