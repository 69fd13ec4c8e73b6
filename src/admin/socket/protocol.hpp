// Messages of the control socket, version 1. Both directions are one JSON object per frame:
//
//   request   {"v":1, "op":"call", "args":{…}}
//   response  {"v":1, "ok":true, "result":{…}}
//         or  {"v":1, "ok":false, "error":{"code":"not_found", "message":"…", "remedy":"…"}}
//
// Requests on one connection are answered in order. docs/control-socket.md lists the operations.
#pragma once

#include <string>
#include <string_view>

#include "json/json.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

inline constexpr int protocol_version = 1;

struct Request {
  std::string operation;
  nlohmann::json arguments = nlohmann::json::object();  ///< always an object
};

using Outcome = Result<nlohmann::json>;

/// Any thread, all four. Decoding treats the text as hostile: malformed, limit, unsupported
/// (another version) or invalid_argument.
[[nodiscard]] std::string encode_request(const Request& request);
[[nodiscard]] Result<Request> decode_request(std::string_view text);
/// A result too long for a frame becomes an error that says so.
[[nodiscard]] std::string encode_response(const Outcome& outcome);
/// The outcome at the other side; also an error when the text is no response.
[[nodiscard]] Outcome decode_response(std::string_view text);

}  // namespace trellis::admin
