// wasmcloud:httpclient, from the actor's side (contracts.md 3.2).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/http.hpp"
#include "trellis/guest/message.hpp"

namespace trellis::guest::httpclient {

inline constexpr std::string_view contract = "wasmcloud:httpclient";

struct Request {
  std::string method = "GET";  ///< upper case
  std::string url;
  StringMap headers;  ///< plural here, singular in the response
  Blob body;

  static constexpr auto fields() {
    return std::make_tuple(field("method", &Request::method), field("url", &Request::url),
                           field("headers", &Request::headers), field("body", &Request::body));
  }
};

/// Any status is a success here; an error is a request without an answer.
inline Result<http::Response> send(const Request& request, std::string_view link = "default") {
  return guest::request<http::Response>(contract, "Request", request, link);
}

inline Result<http::Response> get(std::string url, std::string_view link = "default") {
  return send({"GET", std::move(url), {}, {}}, link);
}

}  // namespace trellis::guest::httpclient
