// trellis call ACTOR OPERATION [JSON …] (cli.md 7, with what later versions of the tool have).
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <vector>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/file_output.hpp"
#include "cli/host_client.hpp"
#include "cli/show_payload.hpp"
#include "control/base64.hpp"
#include "control/json_text.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string host;
  std::string actor;
  std::string operation;
  std::vector<std::string> words;
  std::string data_file;
  std::string save_file;
  std::string form;
  bool raw = false;
  std::uint32_t timeout_ms = 0;
};

/// At most one byte more than a payload may have, which is enough to see that it is too long.
std::string read_standard_input() {
  std::string text;
  char buffer[16384];
  while (text.size() <= limits::payload_bytes &&
         std::cin.read(buffer, sizeof buffer).gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
  }
  return text;
}

/// Words are joined with a blank, or blanks inside JSON texts that a shell split would vanish.
Result<std::string> data_text(const Options& options) {
  if (options.data_file.empty()) return join(options.words, " ");
  if (!options.words.empty()) {
    return fail(ErrorCode::invalid_argument, "data is given on the command line and with --data",
                "use one of the two");
  }
  if (options.data_file == "-") return read_standard_input();
  return read_file(options.data_file, limits::payload_bytes);
}

Result<control::Request> request_of(const Options& options) {
  json arguments{{"target", options.actor}, {"operation", options.operation}};
  if (options.timeout_ms > 0) arguments["timeout_ms"] = options.timeout_ms;
  const auto text = data_text(options);
  if (!text) return std::unexpected(text.error());
  if (!trim(*text).empty()) {
    auto data = control::parse_json(*text, "data");
    if (!data) {
      auto error = std::move(data.error());
      error.remedy = "quote it for the shell: trellis call ACTOR OP '{\"key\":\"value\"}'";
      return std::unexpected(std::move(error));
    }
    // A JSON null is a value; without this it would look like no data.
    if (data->is_null()) {
      arguments["payload"] = "wA==";
    } else {
      arguments["json"] = std::move(*data);
    }
  }
  return control::Request{"call", std::move(arguments)};
}

Result<Bytes> call(const Context& context, const Options& options) {
  const auto request = request_of(options);
  if (!request) return std::unexpected(request.error());
  const std::chrono::milliseconds given(options.timeout_ms);
  auto answer = ask_host(context, options.host, *request, request_patience + given);
  if (!answer) return pass(answer);
  auto payload = control::from_base64(text_of(*answer, "payload"));
  if (!payload) return fail(ErrorCode::malformed, "call: the host's answer has no payload");
  return std::move(*payload);
}

BinaryForm form_of(const std::string& word) {
  if (word == "b") return BinaryForm::bytes;
  if (word == "s") return BinaryForm::text;
  return word == "2" ? BinaryForm::both : BinaryForm::as_sent;
}

void write_raw(Context& context, const OutputOptions& output, const Bytes& payload) {
  context.out << as_text(payload) << std::flush;
  if (!context.out) {
    print_error(context, output, {ErrorCode::unavailable, "cannot write to standard output", {}});
  }
}

void run_call(Context& context, const OutputOptions& output, const Options& options) {
  const auto payload = call(context, options);
  if (!payload) return print_error(context, output, payload.error());
  if (!options.save_file.empty()) {
    if (auto saved = write_file(options.save_file, *payload); !saved) {
      return print_error(context, output, saved.error());
    }
    const auto text = fmt::format("Saved {} bytes to {}", payload->size(), options.save_file);
    return print(context, output,
                 Answer{text, {{"bytes", payload->size()}, {"file", options.save_file}}});
  }
  if (options.raw) return write_raw(context, output, *payload);
  auto shown = show_payload(*payload, form_of(options.form));
  auto text = shown.is_string() ? shown.get<std::string>() : control::dump_json(shown);
  print(context, output, Answer{std::move(text), {{"response", std::move(shown)}}});
}

}  // namespace

void add_call(CLI::App& app, Context& context) {
  auto& leaf = *app.add_subcommand("call", "Call an actor and show what it answers");
  auto options = std::make_shared<Options>();
  leaf.add_option("actor", options->actor, "Key, call alias, name, or beginning of the key")
      ->required();
  leaf.add_option("operation", options->operation, "Operation, e.g. HandleRequest")->required();
  leaf.add_option("data", options->words,
                  "JSON, sent as MessagePack; without any, the payload is empty");
  leaf.add_option("-d,--data", options->data_file, "File with the JSON; - for standard input");
  leaf.add_option("-b,--bin", options->form,
                  "Bytes in the answer: b as numbers, s as text, 2 as both")
      ->check(CLI::IsMember({"b", "s", "2"}));
  leaf.add_flag("--raw", options->raw, "Write the answer's bytes to standard output undecoded");
  leaf.add_option("--save", options->save_file, "Write the answer's bytes to a file");
  leaf.add_option("-t,--timeout", options->timeout_ms, "Milliseconds; 0 means the host's own limit")
      ->check(CLI::Range(0, 3'600'000));
  add_host_option(leaf, options->host);
  leaf.callback([options, output = add_output_options(leaf), &context] {
    run_call(context, *output, *options);
  });
}

}  // namespace trellis::cli
