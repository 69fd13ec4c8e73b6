#include "cli/nats_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/topics.hpp"
#include "nats/server_url.hpp"

namespace trellis::cli {
namespace {

constexpr std::size_t longest_secret = 64 * 1024;

/// Names of variables as help and errors name them: "WASMCLOUD_RPC_HOST, WASH_RPC_HOST".
std::string variable_names(const NatsFlagNames& names, std::string_view suffix) {
  auto text = fmt::format("{}_{}", names.variable, suffix);
  if (!names.first_variable.empty()) {
    text.insert(0, fmt::format("{}_{}, ", names.first_variable, suffix));
  }
  return text;
}

// Option, else its variables; empty counts as absent.
std::optional<std::string> given(const Context& context, const NatsFlags& flags,
                                 const std::string& option, std::string_view suffix) {
  const auto look = [&](const std::string& prefix) {
    return option_or_env(context, option, fmt::format("{}_{}", prefix, suffix).c_str());
  };
  if (flags.names.first_variable.empty()) return look(flags.names.variable);
  // Variables of later tools win over those of this generation's (cli.md 11).
  auto value = look(flags.names.first_variable);
  return value ? value : look(flags.names.variable);
}

// Login in any form. A password alone is none: it belongs to a user.
bool names_login(const Context& context, const NatsFlags& flags) {
  return given(context, flags, flags.jwt, "JWT") || given(context, flags, flags.seed, "SEED") ||
         given(context, flags, flags.creds_file, "CREDS") ||
         given(context, flags, flags.user, "USER") || given(context, flags, flags.token, "TOKEN");
}

// All of a login goes when one part is given anew: half of the old one and half of the new is no
// login.
void forget_login(NatsOptions& options) {
  options.jwt.clear();
  options.seed.clear();
  options.creds_file.clear();
  options.user.clear();
  options.password.clear();
  options.token.clear();
}

/// Secret: the content of the file of that name, else the text itself (host.md 12.2); white space
/// around it cut off.
Result<std::string> file_or_text(const std::string& value, const NatsFlags& flags,
                                 std::string_view what) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(value, problem)) return std::string(trim(value));
  auto content = read_file(value, longest_secret);
  if (content) return std::string(trim(*content));
  return fail(content.error().code,
              fmt::format("--{}-{}: {}", flags.names.option, what, content.error().message),
              content.error().remedy);
}

Result<std::string> server_url(const std::string& host, const std::optional<std::string>& port,
                               const NatsFlags& flags) {
  // Three forms: a URL, HOST:PORT, HOST with the port's own option. Bare IPv6 addresses have more
  // than one colon.
  if (host.find("://") != std::string::npos) return host;
  const bool whole_v6 = host.starts_with('[') && host.ends_with(']');
  const auto colons = std::count(host.begin(), host.end(), ':');
  if (colons == 1 || (host.starts_with('[') && !whole_v6)) return "nats://" + host;
  const auto bracketed = colons > 1 && !whole_v6 ? "[" + host + "]" : host;
  std::uint16_t number = 4222;
  if (port) {
    const auto* end = port->data() + port->size();
    const auto [at, bad] = std::from_chars(port->data(), end, number);
    if (bad != std::errc() || at != end || number == 0) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("'{}' is no port (--{}-port, {})", replace_bad_utf8(*port),
                              flags.names.option, variable_names(flags.names, "PORT")),
                  "1 to 65535");
    }
  }
  return fmt::format("nats://{}:{}", bracketed, number);
}

}  // namespace

bool NatsFlags::any() const {
  const auto texts = {&host,     &port,  &jwt,          &seed,    &creds_file, &user,
                      &password, &token, &inbox_prefix, &ca_file, &cert_file,  &key_file};
  return tls || std::ranges::any_of(texts, [](const auto* text) { return !text->empty(); });
}

void add_nats_options(Command& leaf, NatsFlags& flags, NatsFlagNames names) {
  flags.names = std::move(names);
  const auto& option = flags.names.option;
  const auto group = connection_heading + flags.names.purpose;
  const auto add = [&](std::string name, std::string& value, std::string_view help,
                       std::string_view suffix) {
    const bool short_form = !name.starts_with("--");
    auto& added =
        leaf.add_option(name, value,
                        fmt::format("{} [env {}]", help, variable_names(flags.names, suffix)))
            .group(group);
    // Options with a letter are the usual ones and stay in the command's own help.
    if (!short_form) added.topic(connection_topic);
  };
  // Names follow one rule, `--rpc-…` and `--ctl-…` with their second spelling; only two have
  // letters.
  const auto named = [&](const std::string& own, std::string_view suffix) {
    if (!own.empty()) return own;
    const auto second = flags.names.also.empty()
                            ? std::string()
                            : fmt::format(",--{}-{}", flags.names.also, suffix);
    return fmt::format("--{}-{}{}", option, suffix, second);
  };
  add(named(flags.names.host_option, "host"), flags.host,
      "Host, HOST:PORT or URL; several with commas", "HOST");
  add(named(flags.names.port_option, "port"), flags.port, "Port, 4222 unless given", "PORT");
  add(named({}, "jwt"), flags.jwt, "User JWT, or a file with it; needs the seed", "JWT");
  add(named({}, "seed"), flags.seed, "Nkey seed, or a file with it", "SEED");
  add(named({}, "credsfile"), flags.creds_file, "NATS credentials file", "CREDS");
  add(named({}, "user"), flags.user, "User name", "USER");
  add(named({}, "password"), flags.password, "Password, or a file with it", "PASSWORD");
  add(named({}, "token"), flags.token, "Token, or a file with it", "TOKEN");
  add(flags.names.option == "rpc" ? "--inbox-prefix,--rpc-inbox-prefix" : named({}, "inbox-prefix"),
      flags.inbox_prefix,
      "Where answers come to, _INBOX unless given: a user's permissions may "
      "name another",
      "INBOX_PREFIX");
  add(named({}, "tls-ca"), flags.ca_file, "Certificates to trust (PEM)", "TLS_CA");
  add(named({}, "tls-cert"), flags.cert_file, "Client certificate (PEM)", "TLS_CERT");
  add(named({}, "tls-key"), flags.key_file, "Its key (PEM)", "TLS_KEY");
  leaf.add_flag(named({}, "tls"), flags.tls, "Fail when the server offers no TLS")
      .group(group)
      .topic(connection_topic);
  leaf.footer("Logins, TLS and other servers of the lattice: `trellis help connection`");
}

bool names_server(const Context& context, const NatsFlags& flags) {
  return given(context, flags, flags.host, "HOST") || given(context, flags, flags.port, "PORT");
}

bool names_connection(const Context& context, const NatsFlags& flags) {
  return names_server(context, flags) || names_login(context, flags);
}

Result<NatsOptions> nats_options(const Context& context, const NatsFlags& flags,
                                 const NatsOptions& base) {
  auto made = base;
  // Login of the base (a context) is forgotten as a whole when options or variables bring one.
  if (names_login(context, flags)) forget_login(made);
  const auto host = given(context, flags, flags.host, "HOST");
  const auto port = given(context, flags, flags.port, "PORT");
  if (host || port) {
    made.servers.clear();
    for (const auto& item : nats::split_servers(host.value_or("127.0.0.1"))) {
      auto url = server_url(item, port, flags);
      if (!url) return pass(url);
      made.servers.push_back(std::move(*url));
    }
  }
  const auto secret = [&](const std::string& option, std::string_view what, const char* suffix,
                          std::string& into) -> Result<void> {
    const auto value = given(context, flags, option, suffix);
    if (!value) return {};
    auto text = file_or_text(*value, flags, what);
    if (!text) return pass(text);
    into = std::move(*text);
    return {};
  };
  if (auto read = secret(flags.jwt, "jwt", "JWT", made.jwt); !read) return pass(read);
  if (auto read = secret(flags.seed, "seed", "SEED", made.seed); !read) return pass(read);
  if (auto read = secret(flags.password, "password", "PASSWORD", made.password); !read) {
    return pass(read);
  }
  if (auto read = secret(flags.token, "token", "TOKEN", made.token); !read) return pass(read);
  if (const auto prefix = given(context, flags, flags.inbox_prefix, "INBOX_PREFIX")) {
    made.inbox_prefix = *prefix;
  }
  if (const auto file = given(context, flags, flags.creds_file, "CREDS")) made.creds_file = *file;
  if (const auto user = given(context, flags, flags.user, "USER")) made.user = *user;
  if (const auto file = given(context, flags, flags.ca_file, "TLS_CA")) made.tls.ca_file = *file;
  if (const auto file = given(context, flags, flags.cert_file, "TLS_CERT")) {
    made.tls.cert_file = *file;
  }
  if (const auto file = given(context, flags, flags.key_file, "TLS_KEY")) made.tls.key_file = *file;
  if (flags.tls) made.tls.required = true;
  if (!made.jwt.empty() && made.seed.empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--{0}-jwt is given without --{0}-seed", flags.names.option),
                "a JWT needs the seed it was issued for");
  }
  return made;
}

}  // namespace trellis::cli
