// The server's side of TLS.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "trellis/result.hpp"

namespace trellis::providers::httpserver {

/// TLS 1.2 and above with the certificate chain and key of two PEM files. Errors name the link
/// value and the file. Any thread.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> make_tls(
    const std::string& cert_file, const std::string& key_file);

}  // namespace trellis::providers::httpserver
