// The question the host asks every actor (contracts.md 2.3).
#pragma once

#include <string>

#include "trellis/guest/message.hpp"

namespace trellis::guest::health {

struct Request {
  bool placeholder = true;
  static constexpr auto fields() {
    return std::make_tuple(field("placeholder", &Request::placeholder));
  }
};

struct Response {
  bool healthy = true;
  std::string message;
  static constexpr auto fields() {
    return std::make_tuple(field("healthy", &Response::healthy),
                           field("message", &Response::message));
  }
};

/// For actors that judge their health themselves: handler is `Result<Response>(const Request&)`.
/// Others need not list it.
struct HealthRequest {
  static constexpr const char* name = "HealthRequest";
  using In = Request;
  using Out = Response;
};

}  // namespace trellis::guest::health
