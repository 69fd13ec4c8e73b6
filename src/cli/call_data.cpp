#include "cli/call_data.hpp"

#include <fmt/format.h>

#include <iostream>

#include "base/call_limits.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/call_http.hpp"
#include "cli/show_payload.hpp"
#include "codec/json_msgpack.hpp"
#include "codec/messages/httpserver.hpp"
#include "json/json_text.hpp"

namespace trellis::cli {
namespace {

/// Text of the data: words are joined with a blank, or blanks inside JSON texts that a shell split
/// would vanish.
Result<std::string> data_text(const CallData& data) {
  if (data.data_file.empty()) return join(data.words, " ");
  if (!data.words.empty()) {
    return fail(ErrorCode::invalid_argument, "data is given on the command line and with --data",
                "use one of the two");
  }
  if (data.data_file == "-") return read_standard_input();
  return read_file(data.data_file, limits::payload_bytes);
}

// Letters of --bin, as later first-party tools have them (cli.md 7).
BinaryForm form_of(const std::string& word) {
  if (word == "b") return BinaryForm::bytes;
  if (word == "s") return BinaryForm::text;
  return word == "2" ? BinaryForm::both : BinaryForm::as_sent;
}

// Undecoded and unfiltered, also on a terminal: asked for by name.
void write_raw(Context& context, const OutputOptions& output, const Bytes& payload) {
  context.out << as_text(payload) << std::flush;
  if (!context.out) {
    print_error(context, output, {ErrorCode::unavailable, "cannot write to standard output", {}});
  }
}

}  // namespace

std::string read_standard_input() {
  std::string text;
  char buffer[16384];
  // Up to one buffer beyond the bound: enough for the encoder to refuse it, and no more memory.
  while (text.size() <= limits::payload_bytes &&
         std::cin.read(buffer, sizeof buffer).gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
  }
  return text;
}

std::string call_operation(const CallData& data) {
  return is_http(data) ? std::string(codec::httpserver::handle_request) : data.operation;
}

void add_call_data(Command& leaf, CallData& data) {
  leaf.add_option("actor", data.actor, "Key, call alias, name, or beginning of the key")
      .required()
      .completes(ValueKind::actor);
  leaf.add_option("operation", data.operation, "Operation, or the method of an HTTP request: GET")
      .required();
  leaf.add_option(
      "data", data.words,
      "JSON, sent as MessagePack; without any, the payload is empty. Behind a method: the "
      "path, /items?x=1");
  leaf.add_option("-d,--data", data.data_file,
                  "File with the JSON; - for standard input. Behind a method: the body, or @FILE");
  leaf.add_option("-H,--header", data.headers, "Header of the request: 'Name: value'").one_each();
  leaf.add_flag("-i,--include", data.include, "Show status and headers of the response too");
  leaf.add_option("-b,--bin", data.form, "Bytes in the answer: b as numbers, s as text, 2 as both")
      .one_of({"b", "s", "2"});
  leaf.add_flag("--raw", data.raw, "Write the answer's bytes to standard output undecoded");
  leaf.add_option("--save", data.save_file, "Write the answer's bytes to a file")
      .completes(ValueKind::file);
}

Result<Bytes> call_payload(const CallData& data) {
  if (is_http(data)) return http_request(data);
  if (!data.headers.empty() || data.include) {
    return fail(ErrorCode::invalid_argument, "--header and --include are for HTTP requests",
                "trellis call ACTOR GET /path -H 'Name: value'");
  }
  const auto text = data_text(data);
  if (!text) return pass(text);
  // No data is an empty payload and not nil: some operations take exactly that (contracts.md 3.10).
  if (trim(*text).empty()) return Bytes{};
  const auto value = parse_json(*text, "data");
  if (value) return codec::json_to_msgpack(*value);
  auto error = value.error();
  // Quotes that a shell took away are the commonest cause of bad JSON here.
  error.remedy = "quote it for the shell: trellis call ACTOR OP '{\"key\":\"value\"}'";
  return std::unexpected(std::move(error));
}

void show_answer(Context& context, const OutputOptions& output, const CallData& data,
                 const Bytes& answer) {
  if (is_http(data)) return show_http(context, output, data, answer);
  if (!data.save_file.empty()) {
    if (auto saved = write_file(data.save_file, answer); !saved) {
      return print_error(context, output, saved.error());
    }
    const auto text = fmt::format("Saved {} bytes to {}", answer.size(), data.save_file);
    return print(context, output,
                 Answer{text, {{"bytes", answer.size()}, {"file", data.save_file}}});
  }
  // Files and raw bytes before decoding: an answer that is no MessagePack can be had so.
  if (data.raw) return write_raw(context, output, answer);
  auto shown = show_payload(answer, form_of(data.form));
  auto text = shown.is_string() ? shown.get<std::string>() : dump_json(shown);
  print(context, output, Answer{std::move(text), {{"response", std::move(shown)}}});
}

}  // namespace trellis::cli
