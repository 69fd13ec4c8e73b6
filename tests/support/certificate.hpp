// A certificate for 127.0.0.1 and localhost that signs itself, made by the openssl program for one
// test.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "support/temp_dir.hpp"

namespace trellis::test {

/// Files that go with the object. One thread.
class Certificate {
 public:
  Certificate() {
    const auto command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
        "-keyout {} -out {} >/dev/null 2>&1",
        key(), certificate());
    made_ = std::system(command.c_str()) == 0;  // NOLINT(cert-env33-c): a fixed command
  }
  /// False when there is no openssl program.
  [[nodiscard]] bool made() const noexcept { return made_; }
  [[nodiscard]] std::string key() const { return (folder_.path() / "key.pem").string(); }
  [[nodiscard]] std::string certificate() const { return (folder_.path() / "cert.pem").string(); }

 private:
  const TempDir folder_;
  bool made_ = false;
};

}  // namespace trellis::test
