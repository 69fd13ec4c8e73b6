// One request of an actor, redirects included.
#pragma once

#include <string>
#include <vector>

#include "codec/messages/httpclient.hpp"
#include "http/client.hpp"
#include "providers/httpclient/options.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpclient {

/// Checks what the actor asks for: method, URL, headers. Headers that HTTP does not allow are an
/// error; those that belong to the connection (Content-Length, Transfer-Encoding, Connection ...)
/// are left out, as the client writes them itself. The request borrows the body of `args`.
/// Errors: `unknown method:  <m>` (contracts.md 3.2), invalid_argument, unsupported.
[[nodiscard]] Result<http::Request> make_request(const codec::httpclient::RequestArgs& args,
                                                 const Options& options);

/// Sends the request and follows redirects: 303, and 301 and 302 of a POST, become GET; 307 and 308
/// repeat method and body. Authorization, Cookie and Proxy-Authorization do not go to another
/// origin. Errors: those of http::Client::send; limit for too many redirects; denied where a
/// redirect leads to an address that is not allowed.
[[nodiscard]] Result<http::Response> exchange(http::Client& client, http::Request request,
                                              const codec::httpclient::RequestArgs& args,
                                              const Options& options, const http::Control& control);

/// As the actor is told: reason phrase of the code, header values that are not printable ASCII in
/// base64. A body that is compressed because we asked for it is decoded; one that cannot be is
/// handed on as it came. Error: limit.
[[nodiscard]] Result<codec::httpclient::Response> to_message(
    http::Response&& response, const codec::httpclient::RequestArgs& args, const Options& options);

}  // namespace trellis::providers::httpclient
