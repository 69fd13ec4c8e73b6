#include "cli/call_http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "base/binary_text.hpp"
#include "base/call_limits.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/printable.hpp"
#include "codec/messages/httpserver.hpp"
#include "http/tokens.hpp"

namespace trellis::cli {
namespace {

using codec::httpserver::Request;
using codec::httpserver::Response;

constexpr std::uint32_t first_failure = 400;

// Methods in capitals only: an operation may well be called "Get".
bool is_method(const std::string& word) {
  constexpr std::array<std::string_view, 7> methods{"GET",    "HEAD",  "POST",   "PUT",
                                                    "DELETE", "PATCH", "OPTIONS"};
  return std::ranges::find(methods, word) != methods.end();
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

/// "Name: value"; several of one name become one, as servers hand them on.
Result<void> add_header(codec::StringMap& headers, const std::string& line) {
  // Control characters are refused in the whole line: the actor would get a second header out of
  // one.
  const auto colon = line.find(':');
  const auto name = to_lower_ascii(trim(std::string_view(line).substr(0, colon)));
  if (colon == std::string::npos || !http::is_token(name) || has_control_characters(line)) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no header", excerpt(line)),
                "give it as 'Name: value'");
  }
  const auto value = std::string(trim(std::string_view(line).substr(colon + 1)));
  auto& kept = headers[name];
  kept = kept.empty() ? value : kept + ", " + value;
  return {};
}

/// Body as curl has it: the text itself, or @FILE, or @- for standard input.
Result<std::string> body_of(const std::string& given) {
  if (given == "-" || given == "@-") return read_standard_input();
  if (given.starts_with('@')) return read_file(given.substr(1), limits::payload_bytes);
  return given;
}

std::string status_line(const Response& response) {
  return fmt::format("{} {}", response.status_code, printable(response.status));
}

nlohmann::json response_json(const Response& response) {
  nlohmann::json headers = nlohmann::json::object();
  for (const auto& [name, value] : response.header) {
    headers[replace_bad_utf8(name)] = replace_bad_utf8(value);
  }
  nlohmann::json made{{"status", response.status_code},
                      {"reason", replace_bad_utf8(response.status)},
                      {"headers", std::move(headers)}};
  // Two members, so that a script can tell text from bytes without a guess.
  if (is_utf8(as_text(response.body))) {
    made["body"] = as_text(response.body);
  } else {
    made["body_base64"] = base64_encode(response.body);
  }
  return made;
}

/// Body of a response, which is the actor's: on a terminal it may not steer it. Elsewhere its bytes
/// are what was asked for, unchanged.
void write_body(Context& context, const Bytes& body) {
  const auto text = as_text(body);
  if (!context.out_is_terminal) {
    context.out << text;
  } else if (is_utf8(text)) {
    context.out << printable_lines(text) << (text.empty() || text.ends_with('\n') ? "" : "\n");
  } else {
    say(context, Label::warning,
        fmt::format("{} bytes that are no text; --save FILE keeps them", body.size()));
  }
}

void show_response(Context& context, const CallData& data, const Response& response) {
  if (data.include) {
    context.out << status_line(response) << '\n';
    for (const auto& [name, value] : response.header) {
      context.out << printable(name) << ": " << printable(value) << '\n';
    }
    context.out << '\n';
  } else {
    note(context, status_line(response));
  }
  if (data.raw) {
    context.out << as_text(response.body);
  } else {
    write_body(context, response.body);
  }
  context.out << std::flush;
}

}  // namespace

bool is_http(const CallData& data) {
  // Path behind the method is what makes a request: `call ACTOR GET '{"key":1}'` is an operation.
  return is_method(data.operation) && !data.words.empty() && data.words.front().starts_with('/');
}

Result<Bytes> http_request(const CallData& data) {
  const auto& target = data.words.front();
  // Options of the other form are refused instead of ignored.
  if (data.words.size() > 1 || !data.form.empty()) {
    return fail(ErrorCode::invalid_argument, "a request has a method, a path and nothing more",
                "the body goes behind -d, headers behind -H; --bin is for other operations");
  }
  if (has_control_characters(target) || target.contains(' ') || target.contains('#')) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no path", excerpt(target)),
                "percent-encode what a path cannot have: a blank as %20");
  }
  Request request;
  request.method = data.operation;
  const auto question = target.find('?');
  // Split as servers do it: the path stays percent-encoded, the query has no '?' (contracts.md
  // 3.1).
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query_string = target.substr(question + 1);
  for (const auto& line : data.headers) {
    if (auto added = add_header(request.header, line); !added) return pass(added);
  }
  const auto body = body_of(data.data_file);
  if (!body) return pass(body);
  const auto bytes = as_bytes(*body);
  request.body.assign(bytes.begin(), bytes.end());
  return codec::encode(request);
}

void show_http(Context& context, const OutputOptions& output, const CallData& data,
               const Bytes& answer) {
  const auto response = codec::decode<Response>(answer);
  if (!response) {
    return print_error(
        context, output,
        {ErrorCode::malformed, "the answer is no HTTP response: " + response.error().message,
         "does this actor serve HTTP?"});
  }
  if (!data.save_file.empty()) {
    if (auto saved = write_file(data.save_file, response->body); !saved) {
      return print_error(context, output, saved.error());
    }
  }
  if (output.json) {
    print(context, output, Answer{{}, response_json(*response)});
  } else if (data.save_file.empty()) {
    show_response(context, data, *response);
  } else {
    // Body is in the file; the status still matters.
    note(context, status_line(*response));
  }
  if (!context.out) {
    return print_error(context, output,
                       {ErrorCode::unavailable, "cannot write to standard output", {}});
  }
  if (output.strict && response->status_code >= first_failure) context.exit_code = 1;
}

}  // namespace trellis::cli
