// wasmcloud:httpclient, contracts.md 3.2. Its response is that of httpserver.
#pragma once

#include <string>
#include <string_view>

#include "codec/message.hpp"
#include "codec/messages/httpserver.hpp"

namespace trellis::codec::httpclient {

inline constexpr std::string_view contract_id = "wasmcloud:httpclient";

namespace operation {
inline constexpr std::string_view request = "Request";
}  // namespace operation

struct RequestArgs {
  std::string method;
  std::string url;
  StringMap headers;  ///< plural here, singular in the response
  Bytes body;

  static constexpr auto describe() {
    return describe_struct("RequestArgs", field("method", &RequestArgs::method),
                           field("url", &RequestArgs::url),
                           field("headers", &RequestArgs::headers).or_default(),
                           field("body", &RequestArgs::body).or_default());
  }
};

using Response = httpserver::Response;

}  // namespace trellis::codec::httpclient
