#include "nats/connect_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json_string.hpp"
#include "nats/subject_check.hpp"

namespace trellis::nats {
namespace {

bool asks_for_tls(const NatsOptions& options, const std::vector<ServerUrl>& servers) {
  return options.tls.required ||
         std::ranges::any_of(servers, [](const ServerUrl& server) { return server.tls; });
}

tcp::TlsFiles files_of(const NatsTls& tls) {
  return {.authorities = tls.ca_file.string(),
          .system_authorities = tls.ca_file.empty(),
          .certificate = tls.cert_file.string(),
          .key = tls.key_file.string(),
          .verify = !tls.skip_verification};
}

/// Login is one for all servers: those that are learned have none of their own.
Result<void> use_login(ConnectOptions& made) {
  const UrlLogin* login = nullptr;
  for (const auto& server : made.servers) {
    if (!server.login) continue;
    if (login != nullptr && *login != *server.login) {
      return fail(ErrorCode::invalid_argument,
                  "the URLs of the NATS servers have different users or passwords",
                  "one login is used for all servers: write the same in each, or in one only");
    }
    login = &*server.login;
  }
  if (login == nullptr) return {};
  if (!is_utf8(login->user + login->password.value_or(""))) {
    return fail(ErrorCode::invalid_argument, "user or password in a NATS URL is not UTF-8",
                "check how it was percent-encoded");
  }
  made.credentials->use(*login);
  return {};
}

Result<void> check_inbox_prefix(const std::string& prefix) {
  if (auto good = check_subject(prefix); !good) {
    return fail(ErrorCode::invalid_argument, "the inbox prefix: " + good.error().message,
                "a subject without a dot at its end: _INBOX_shop");
  }
  return {};
}

std::string_view word(bool flag) {
  return flag ? "true" : "false";
}

}  // namespace

Result<ConnectOptions> ConnectOptions::make(const NatsOptions& options) {
  ConnectOptions made;
  auto servers = parse_server_urls(options.servers);
  if (!servers) return pass(servers);
  made.servers = std::move(*servers);
  auto credentials = Credentials::load(options);
  if (!credentials) return pass(credentials);
  made.credentials = std::move(*credentials);
  if (auto used = use_login(made); !used) return pass(used);
  made.inbox_prefix = options.inbox_prefix;
  if (auto good = check_inbox_prefix(made.inbox_prefix); !good) return pass(good);
  // Name goes into the JSON of CONNECT, which is UTF-8.
  made.name = replace_bad_utf8(excerpt(options.name, limits::name_bytes));
  made.echo = options.echo;
  made.wants_tls = asks_for_tls(options, made.servers);
  made.connect_timeout = std::max(std::chrono::milliseconds(1), options.connect_timeout);
  made.tls_files_ = files_of(options.tls);
  // Files that the user names are read now, so that a wrong path is an error at once and not at
  // some later connection.
  const bool files = !options.tls.ca_file.empty() || !options.tls.cert_file.empty() ||
                     !options.tls.key_file.empty();
  if (files) {
    if (auto read = made.tls(); !read) return pass(read);
  }
  return made;
}

Result<std::shared_ptr<const tcp::TlsContext>> ConnectOptions::tls() {
  if (!tls_) {
    auto made = tcp::TlsContext::make(tls_files_);
    if (!made) return made;
    tls_ = std::move(*made);
  }
  return tls_;
}

Result<std::string> ConnectOptions::greeting(const ServerInfo& info, bool encrypted) const {
  // Old servers ignore the flag, and the host would take its own advertisements for those of
  // others.
  if (!echo && info.protocol < 1) {
    return fail(ErrorCode::unsupported, "the server is too old to switch echo off",
                "use nats-server 1.2 or later");
  }
  auto login = credentials->members(info.nonce);
  if (!login) return login;
  std::string quoted_name;
  append_json_string(quoted_name, name);
  // No-responders answers are a status in headers, so they are asked for only where the server has
  // headers.
  return fmt::format(
      "CONNECT {{\"verbose\":false,\"pedantic\":false,\"tls_required\":{},\"name\":{},"
      "\"lang\":\"trellis\",\"version\":\"1\",\"protocol\":1,\"echo\":{},\"headers\":{},"
      "\"no_responders\":{}{}}}\r\n",
      word(encrypted), quoted_name, word(echo), word(info.headers), word(info.headers), *login);
}

}  // namespace trellis::nats
