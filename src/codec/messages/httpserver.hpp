// wasmcloud:httpserver, contracts.md 3.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::httpserver {

inline constexpr std::string_view contract_id = "wasmcloud:httpserver";
inline constexpr std::string_view handle_request = "HandleRequest";

struct Request {
  std::string method;        ///< upper case
  std::string path;          ///< still percent-encoded, without query
  std::string query_string;  ///< without `?`
  StringMap header;          ///< names in lower case
  Bytes body;

  static constexpr auto describe() {
    return describe_struct(
        "Request", field("method", &Request::method), field("path", &Request::path),
        field("queryString", &Request::query_string),
        field("header", &Request::header).or_default(), field("body", &Request::body));
  }
};

struct Response {
  std::uint32_t status_code = 200;
  std::string status;  ///< informational
  StringMap header;
  Bytes body;

  static constexpr auto describe() {
    return describe_struct(
        "Response", field("statusCode", &Response::status_code), field("status", &Response::status),
        field("header", &Response::header).or_default(), field("body", &Response::body));
  }
};

}  // namespace trellis::codec::httpserver
