// Data that `call` sends, and how it shows what comes back, whichever way the call goes (cli.md 7).
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "trellis/bytes.hpp"

namespace trellis::cli {

struct CallData {
  std::string actor;
  std::string operation;
  std::vector<std::string> words;
  std::string data_file;
  std::string save_file;
  std::string form;
  bool raw = false;
  std::vector<std::string> headers;  ///< of a request: "Name: value"
  bool include = false;              ///< status and headers in front of the body
};

void add_call_data(Command& leaf, CallData& data);

/// JSON from the command line, a file or standard input as MessagePack, or a request; nothing for
/// no data.
[[nodiscard]] Result<Bytes> call_payload(const CallData& data);

/// The operation to call: that of requests where the words are a method and a path.
[[nodiscard]] std::string call_operation(const CallData& data);

/// At most one byte more than a payload may have, which is enough to see that it is too long.
[[nodiscard]] std::string read_standard_input();

/// Saves, writes or shows the answer, as the options say.
void show_answer(Context& context, const OutputOptions& output, const CallData& data,
                 const Bytes& answer);

}  // namespace trellis::cli
