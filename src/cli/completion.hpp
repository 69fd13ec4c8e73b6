// Completion: what a shell offers for the word being typed. Made from the declared command line,
// and for hosts, actors and providers from what runs on this machine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace trellis::cli {

struct Candidate {
  std::string word;
  std::string help;
};

/// Candidates that may stand where the cursor is. `files` is ValueKind::file or folder when the
/// shell shall offer paths as well, else ValueKind::text.
struct Completion {
  std::vector<Candidate> candidates;
  ValueKind files = ValueKind::text;
};

/// Names of what runs: of hosts, or of the actors or providers of the host that is meant (its
/// --host, or empty).
using RunningNames = std::function<std::vector<Candidate>(ValueKind kind, const std::string& host)>;

/// `words` is the command line after the program's name; its last word is the one being typed, and
/// may be empty. Candidates begin with it. Any thread that owns `root`.
[[nodiscard]] Completion complete(const Command& root, const std::vector<std::string>& words,
                                  const RunningNames& running);

/// The script that makes a shell ask `program` for completions. Error: a shell other than bash, zsh
/// and fish.
[[nodiscard]] Result<std::string> completion_script(const std::string& shell);

}  // namespace trellis::cli
