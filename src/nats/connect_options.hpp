// NatsOptions, checked, and in the form that connections are made with.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptors.hpp"
#include "nats/credentials.hpp"
#include "nats/server_info.hpp"
#include "nats/server_url.hpp"
#include "tcp/tls_context.hpp"
#include "trellis/nats_options.hpp"

namespace trellis::nats {

/// Everything one transport connects with, again and again. One thread at a time.
struct ConnectOptions {
  std::vector<ServerUrl> servers;  ///< as configured
  std::vector<ServerUrl> learned;  ///< further members of a cluster, told by its servers
  std::unique_ptr<Credentials> credentials;
  std::string name;  ///< what the server's monitoring shows; UTF-8
  bool echo = true;
  bool wants_tls = false;
  std::chrono::milliseconds connect_timeout{};
  std::string inbox_prefix;
  DescriptorUse use = DescriptorUse::link;  ///< of its connections

  /// Errors: invalid_argument and those of reading files, with a remedy.
  [[nodiscard]] static Result<ConnectOptions> make(const NatsOptions& options);

  /// Read when TLS is first wanted, by us or by a server: the system's authorities are many. Files
  /// that are named have been read by make(). Errors: those of tcp::TlsContext::make.
  [[nodiscard]] Result<std::shared_ptr<const tcp::TlsContext>> tls();

  /// The text of CONNECT for a server that said `info`; `encrypted`: whether this goes over TLS.
  /// Errors: denied (no way to log in), unsupported (an old server that cannot do without echo).
  [[nodiscard]] Result<std::string> greeting(const ServerInfo& info, bool encrypted) const;

 private:
  tcp::TlsFiles tls_files_;
  std::shared_ptr<const tcp::TlsContext> tls_;  // null until read
};

}  // namespace trellis::nats
