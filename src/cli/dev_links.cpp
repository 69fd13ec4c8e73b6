#include "cli/dev_links.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "apply/builtins.hpp"
#include "base/ascii.hpp"
#include "base/descriptor.hpp"
#include "base/file_output.hpp"
#include "cli/contracts.hpp"
#include "cli/key_values.hpp"
#include "providers/builtin.hpp"
#include "trellis/provider.h"

namespace trellis::cli {
namespace {

constexpr std::uint16_t telnet_port = 3000;

bool is_key_char(char c) {
  return is_letter_or_digit(c) || c == '_';
}

/// Whether KEY= begins here; other commas belong to the value before.
bool begins_value(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_key_char);
  return end != text.begin() && end != text.end() && *end == '=';
}

/// Words between the commas that separate. The first comma always does: it ends the name.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escaped =
        text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == ',' || text[at + 1] == '\\');
    if (escaped) {
      words.back() += text[++at];
    } else if (text[at] == ',' && (words.size() == 1 || begins_value(text.substr(at + 1)))) {
      words.emplace_back();
    } else {
      words.back() += text[at];
    }
  }
  return words;
}

// By its looks, not by its existence: a library may still have to be built.
bool is_file_reference(std::string_view text) {
  return text.contains('/') || text.ends_with(".so") || text.ends_with(".par") ||
         text.ends_with(".par.gz");
}

// Contract of a built-in provider is known without starting it.
Result<void> set_builtin(DevLink& link, const std::string& name) {
  const auto* builtin = providers::builtin_of(name);
  if (builtin != nullptr) {
    link.provider = name;
    link.contract = builtin->table->contract_id;
    return {};
  }
  std::string all;
  for (const auto& one : providers::builtins())
    all.append(all.empty() ? "" : ", ").append(one.name);
  return fail(ErrorCode::invalid_argument, fmt::format("there is no provider {}", name),
              "there are " + all);
}

/// Whether no socket listens on the port of loopback. Another process can still take it before the
/// host does; then the link says so.
bool is_free(std::uint16_t port) {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // As servers do: connections of a host that just ended do not count.
  const int on = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != EADDRINUSE;
}

}  // namespace

Result<DevLink> parse_dev_link(std::string_view text) {
  auto words = words_of(text);
  DevLink link;
  const auto whom = std::move(words.front());
  if (whom.empty()) {
    return fail(ErrorCode::invalid_argument, fmt::format("--link '{}' names no contract", text),
                "write CONTRACT[,KEY=VALUE…], as in keyvalue,SHARED=false");
  }
  if (whom.starts_with("builtin:")) {
    if (auto set = set_builtin(link, whom); !set) return pass(set);
  } else if (is_file_reference(whom)) {
    link.provider = whom;
  } else {
    link.contract = manifest::full_contract(whom);
  }
  words.erase(words.begin());
  auto values = parse_key_values(words);
  if (!values) {
    return fail(values.error().code, fmt::format("--link '{}': {}", text, values.error().message),
                "write CONTRACT[,KEY=VALUE…]");
  }
  link.values = std::move(*values);
  return link;
}

std::string server_hint(std::string_view provider) {
  if (provider == "builtin:messaging-nats") {
    return "it needs a NATS server: start `nats-server`, or say where one is: --link "
           "messaging,URL=nats://HOST:PORT";
  }
  if (provider == "builtin:eventstreams-redis" || provider == "builtin:keyvalue-redis") {
    return fmt::format(
        "it needs a Redis server: start `redis-server`, or say where one is: --link "
        "{},URL=redis://HOST:PORT",
        provider);
  }
  return {};
}

std::vector<std::string> DevLinker::contracts() const {
  std::vector<std::string> all;
  for (const auto& wish : wishes_) {
    if (!wish.contract.empty()) all.push_back(wish.contract);
  }
  return all;
}

Result<void> DevLinker::start_wished() {
  for (auto& wish : wishes_) {
    // Libraries say only when they run what they serve; the others are started with the first link
    // to them.
    if (!wish.contract.empty()) continue;
    const auto key = start(wish.provider);
    if (!key) return pass(key);
    const auto inventory = host_.inventory();
    if (!inventory) return pass(inventory);
    for (const auto& provider : inventory->providers) {
      if (provider.key == *key) wish.contract = provider.contract_id;
    }
  }
  return {};
}

const DevLink* DevLinker::wish_for(std::string_view contract) const {
  const auto found = std::ranges::find(wishes_, contract, &DevLink::contract);
  return found == wishes_.end() ? nullptr : &*found;
}

std::string DevLinker::provider_of(const std::string& contract) const {
  const auto* wish = wish_for(contract);
  if (wish != nullptr && !wish->provider.empty()) return wish->provider;
  // Files are what somebody without an S3 server has.
  if (contract == "wasmcloud:blobstore") return "builtin:blobstore-fs";
  return apply::builtin_for(providers::builtins(), contract).value_or("");
}

/// Key of a provider that a manifest has started.
Result<std::string> DevLinker::running(const std::string& reference) const {
  const auto inventory = host_.inventory();
  if (!inventory) return pass(inventory);
  const auto found = std::ranges::find_if(inventory->providers, [&](const auto& one) {
    return one.source == reference && one.link_name == "default";
  });
  if (found != inventory->providers.end()) return found->key;
  return fail(ErrorCode::unavailable,
              fmt::format("another provider with the key of {} runs already", reference),
              "take one of the two out of the manifest or --link");
}

// Started once per reference, however many actors are linked to it.
Result<std::string> DevLinker::start(const std::string& reference) {
  if (const auto found = started_.find(reference); found != started_.end()) return found->second;
  auto key = host_.start_provider(reference);
  if (!key && key.error().code == ErrorCode::already_exists) key = running(reference);
  if (key) started_.emplace(reference, *key);
  return key;
}

Result<std::string> DevLinker::address(std::uint16_t first, unsigned number) const {
  // Loopback only: what is under development is not for the network.
  if (first == 0) return std::string("127.0.0.1:0");
  const auto port = first + number;
  if (port <= 65535 && is_free(static_cast<std::uint16_t>(port))) {
    return fmt::format("127.0.0.1:{}", port);
  }
  return fail(ErrorCode::already_exists,
              fmt::format("port {} is taken, perhaps by another `trellis dev`", port),
              "end that, or give another port: --port 8090, or --port 0 for any free one");
}

Result<void> DevLinker::add_usual_values(std::map<std::string, std::string>& values,
                                         const std::string& provider, unsigned number,
                                         const std::string& folder) const {
  const bool http = provider == "builtin:httpserver";
  const bool placed = values.contains("BIND") || values.contains("PORT");
  if ((http || provider == "builtin:telnet") && !placed) {
    auto bind = address(http ? port_ : telnet_port, number);
    if (!bind) return pass(bind);
    values["BIND"] = std::move(*bind);
  }
  if (http) {
    // Usual values never replace those of --link.
    values.try_emplace("ACCESS_LOG", "true");
    values.try_emplace("SHOW_ERRORS", "true");
  }
  if (provider == "builtin:blobstore-fs" && !values.contains("ROOT")) {
    const auto root = state_ / folder;
    if (auto made = make_own_folder(root); !made) return made;
    values["ROOT"] = root.string();
  }
  return {};
}

Result<void> DevLinker::link(const std::string& actor, const std::string& contract, unsigned number,
                             const std::string& folder) {
  const auto provider = provider_of(contract);
  // Suggests a known contract first: a mistyped one is likelier than one of the user's own.
  if (provider.empty()) {
    return fail(ErrorCode::not_found,
                odd_contract(contract).value_or(fmt::format("nobody serves {}", contract)),
                "give its provider: --link ./provider.so, or a manifest that lists it: -m FILE");
  }
  const auto* wish = wish_for(contract);
  Link made{actor, contract, "default", {}, {}};
  if (wish != nullptr) made.values = wish->values;
  if (auto usual = add_usual_values(made.values, provider, number, folder); !usual) return usual;
  auto key = start(provider);
  if (!key) return pass(key);
  made.provider_id = std::move(*key);
  return host_.set_link(std::move(made));
}

}  // namespace trellis::cli
