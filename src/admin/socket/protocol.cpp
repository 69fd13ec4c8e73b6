#include "admin/socket/protocol.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"
#include "json/json_text.hpp"

namespace trellis::admin {
namespace {

using nlohmann::json;

constexpr const char* version_remedy = "use the trellis command of the version the host runs";

Result<json> parse_message(std::string_view text, std::string_view what) {
  auto message = parse_json(text, what);
  if (!message) return message;
  if (!message->is_object()) {
    return fail(ErrorCode::malformed, fmt::format("{}: not a JSON object", what));
  }
  const auto version = message->find("v");
  // Version is looked at before anything else: whatever follows may mean something else in another
  // one.
  if (version == message->end() || !version->is_number_integer()) {
    return fail(ErrorCode::malformed, fmt::format("{}: no version \"v\"", what), version_remedy);
  }
  if (*version != protocol_version) {
    return fail(ErrorCode::unsupported,
                fmt::format("{}: version {} of the control protocol, only {} is spoken here", what,
                            dump_json(*version), protocol_version),
                version_remedy);
  }
  return message;
}

/// Code of an error by its name; a newer host may have ones that this command does not know.
ErrorCode code_of(const std::string& name) {
  for (int number = 0; number <= static_cast<int>(ErrorCode::internal); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (to_string(code) == name) return code;
  }
  return ErrorCode::internal;
}

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json error_message(const Error& error) {
  json body{{"code", to_string(error.code)}, {"message", error.message}};
  if (!error.remedy.empty()) body["remedy"] = error.remedy;
  return {{"v", protocol_version}, {"ok", false}, {"error", std::move(body)}};
}

}  // namespace

std::string encode_request(const Request& request) {
  return dump_json(
      {{"v", protocol_version}, {"op", request.operation}, {"args", request.arguments}});
}

Result<Request> decode_request(std::string_view text) {
  auto message = parse_message(text, "request");
  if (!message) return pass(message);
  Request request{text_member(*message, "op"), json::object()};
  if (request.operation.empty() || request.operation.size() > limits::name_bytes) {
    return fail(ErrorCode::invalid_argument, "request: no operation \"op\"");
  }
  if (const auto given = message->find("args"); given != message->end()) {
    if (!given->is_object()) {
      return fail(ErrorCode::invalid_argument, "request: \"args\" is not an object");
    }
    request.arguments = std::move(*given);
  }
  return request;
}

std::string encode_response(const Outcome& outcome) {
  if (!outcome) return dump_json(error_message(outcome.error()));
  auto text = dump_json({{"v", protocol_version}, {"ok", true}, {"result", *outcome}});
  // Answer that is too large becomes an error: the client would refuse the frame, and learn
  // nothing.
  if (text.size() <= limits::control_frame_bytes) return text;
  return dump_json(error_message({ErrorCode::limit,
                                  fmt::format("the answer has {} bytes, at most {} fit",
                                              text.size(), limits::control_frame_bytes),
                                  {}}));
}

Outcome decode_response(std::string_view text) {
  auto message = parse_message(text, "answer of the host");
  if (!message) return message;
  if (message->value("ok", json()) == json(true)) return message->value("result", json::object());
  const auto error = message->value("error", json());
  if (!error.is_object()) return fail(ErrorCode::malformed, "answer of the host: no \"error\"");
  return fail(code_of(text_member(error, "code")), text_member(error, "message"),
              text_member(error, "remedy"));
}

}  // namespace trellis::admin
