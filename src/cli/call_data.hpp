// What `call` sends and how it shows what comes back, whichever way the call goes (cli.md 7).
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
};

void add_call_data(Command& leaf, CallData& data);

/// JSON from the command line, a file or standard input as MessagePack; nothing for no data.
[[nodiscard]] Result<Bytes> call_payload(const CallData& data);

/// Saves, writes or shows the answer, as the options say.
void show_answer(Context& context, const OutputOptions& output, const CallData& data,
                 const Bytes& answer);

}  // namespace trellis::cli
