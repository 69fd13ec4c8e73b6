#include "lattice/nats/connect_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "identity/json_string.hpp"
#include "lattice/subject_check.hpp"

namespace trellis::lattice::nats {
namespace {

/// The first failure of a row of calls.
class Steps {
 public:
  void operator()(natsStatus status) {
    if (first_ == NATS_OK) first_ = status;
  }
  [[nodiscard]] natsStatus first() const noexcept { return first_; }

 private:
  natsStatus first_ = NATS_OK;
};

Result<void> not_set(natsStatus status, std::string_view what, std::string remedy) {
  if (status == NATS_OK) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", what, status_text(status)),
              std::move(remedy));
}

bool wants_tls(const NatsOptions& options, const std::vector<ServerUrl>& servers) {
  return options.tls.required ||
         std::ranges::any_of(servers, [](const ServerUrl& server) { return server.tls; });
}

Result<void> set_tls(natsOptions* library, const NatsTls& tls, bool wanted) {
  if (wanted) {
    if (auto set = not_set(natsOptions_SetSecure(library, true), "TLS", {}); !set) return set;
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return fail(ErrorCode::invalid_argument,
                "a client certificate needs its key, and a key its certificate",
                "name both files or neither");
  }
  if (!tls.ca_file.empty()) {
    auto set = not_set(natsOptions_LoadCATrustedCertificates(library, tls.ca_file.c_str()),
                       tls.ca_file.string(), "name a file of certificates in PEM format");
    if (!set) return set;
  }
  if (!tls.cert_file.empty()) {
    auto set = not_set(
        natsOptions_LoadCertificatesChain(library, tls.cert_file.c_str(), tls.key_file.c_str()),
        fmt::format("{} and {}", tls.cert_file.string(), tls.key_file.string()),
        "name a certificate and its key, both in PEM format");
    if (!set) return set;
  }
  if (!tls.skip_verification) return {};
  return not_set(natsOptions_SkipServerVerification(library, true), "TLS", {});
}

std::string json_safe(std::string_view name) {
  std::string quoted;
  identity::append_json_string(quoted, replace_bad_utf8(excerpt(name, limits::name_bytes)));
  return quoted.substr(1, quoted.size() - 2);
}

natsStatus set_basics(natsOptions* library, const NatsOptions& options) {
  Steps step;
  step(natsOptions_SetName(library, json_safe(options.name).c_str()));
  const auto timeout = std::max<std::int64_t>(1, options.connect_timeout.count());
  step(natsOptions_SetTimeout(library, timeout));
  step(natsOptions_SetAllowReconnect(library, false));
  step(natsOptions_SetSendAsap(library, true));
  step(natsOptions_UseGlobalMessageDelivery(library, true));
  step(natsOptions_SetNoEcho(library, !options.echo));
  step(natsOptions_SetWriteDeadline(library, limits::nats_write_timeout.count()));
  step(natsOptions_SetPingInterval(library, limits::nats_ping_interval.count()));
  step(natsOptions_SetMaxPingsOut(library, 2));
  return step.first();
}

/// The library takes one login for all servers, or one from each URL as it stands there, into a
/// JSON text: all URLs that have one must have the same.
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

struct Explanation {
  std::string_view reason;
  std::string_view remedy;
};

Explanation explain(natsStatus status) {
  switch (status) {
    case NATS_NO_SERVER:
    case NATS_TIMEOUT:
    case NATS_IO_ERROR:
      return {"no server answers", "start nats-server there, or correct the address"};
    case NATS_CONNECTION_AUTH_FAILED:
      return {"the server refuses these credentials",
              "check user, password, token, seed or credentials file, and whether they expired"};
    case NATS_SECURE_CONNECTION_WANTED:
      return {"TLS is required, and the server does not offer it",
              "switch TLS on in the server, or do not require it"};
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SSL_ERROR:
      return {"TLS fails",
              "check the certificate authority, the name in the server's certificate, and whether "
              "the server wants a client certificate"};
    case NATS_NO_SERVER_SUPPORT:
      return {"the server is too old to switch echo off", "use nats-server 1.2 or later"};
    case NATS_PROTOCOL_ERROR:
    case NATS_LINE_TOO_LONG:
      return {"what answers there does not speak NATS",
              "correct the address; a server that ends the connection after TLS began may want a "
              "client certificate"};
    default: return {"connecting fails", "see the server's log"};
  }
}

}  // namespace

Result<ConnectOptions> ConnectOptions::make(const NatsOptions& options) {
  if (auto opened = open_library(); !opened) return pass(opened);
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
  natsOptions* library = nullptr;
  if (const auto status = natsOptions_Create(&library); status != NATS_OK) {
    return fail(ErrorCode::internal, status_text(status));
  }
  made.library.reset(library);
  Steps step;
  step(set_basics(library, options));
  step(made.credentials->apply(library));
  step(made.set_servers());
  if (auto set = not_set(step.first(), "options of the NATS connection", {}); !set) {
    return pass(set);
  }
  if (auto set = set_tls(library, options.tls, wants_tls(options, made.servers)); !set) {
    return pass(set);
  }
  return made;
}

natsStatus ConnectOptions::set_servers() {
  std::vector<const char*> texts;
  texts.reserve(servers.size() + learned.size());
  for (const auto& server : servers) texts.push_back(server.text.c_str());
  for (const auto& server : learned) texts.push_back(server.c_str());
  return natsOptions_SetServers(library.get(), texts.data(), static_cast<int>(texts.size()));
}

Error connect_error(natsStatus status, const ConnectOptions& options) {
  const auto [reason, remedy] = explain(status);
  return {is_rejection(status) ? ErrorCode::denied : ErrorCode::unavailable,
          fmt::format("NATS at {}: {}: {}", shown(options.servers), reason, status_text(status)),
          std::string(remedy)};
}

bool is_rejection(natsStatus status) noexcept {
  return status == NATS_CONNECTION_AUTH_FAILED;
}

}  // namespace trellis::lattice::nats
