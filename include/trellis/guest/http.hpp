// wasmcloud:httpserver, from the actor's side (contracts.md 3.1).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "trellis/guest/message.hpp"

namespace trellis::guest::http {

struct Request {
  std::string method;        ///< upper case, as received
  std::string path;          ///< still percent-encoded, without the query
  std::string query_string;  ///< without '?', empty if none
  StringMap header;          ///< names in lower case
  Blob body;

  static constexpr auto fields() {
    return std::make_tuple(field("method", &Request::method), field("path", &Request::path),
                           field("queryString", &Request::query_string),
                           field("header", &Request::header), field("body", &Request::body));
  }
};

struct Response {
  std::uint32_t status_code = 200;
  std::string status = "OK";  ///< for people; not sent to the client
  StringMap header;
  Blob body;

  static constexpr auto fields() {
    return std::make_tuple(field("statusCode", &Response::status_code),
                           field("status", &Response::status), field("header", &Response::header),
                           field("body", &Response::body));
  }
};

inline Response json(std::string body) {
  Response response;
  response.header["content-type"] = "application/json";
  response.body = Blob(std::move(body));
  return response;
}

inline Response text(std::string body, std::uint32_t status_code = 200, std::string status = "OK") {
  Response response;
  response.status_code = status_code;
  response.status = std::move(status);
  response.header["content-type"] = "text/plain; charset=utf-8";
  response.body = Blob(std::move(body));
  return response;
}

/// The operation a server calls: handler is `Result<Response>(const Request&)`.
struct HandleRequest {
  static constexpr const char* name = "HandleRequest";
  using In = Request;
  using Out = Response;
};

}  // namespace trellis::guest::http
