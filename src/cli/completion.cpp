#include "cli/completion.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.hpp"

namespace trellis::cli {
namespace {

/// Follows the words in front of the cursor through the declared commands.
class Cursor {
 public:
  explicit Cursor(const Command& root) : command_(&root) {}

  void pass_word(const std::string& word) {
    // Word after an option that takes one is its value, whatever it looks like.
    if (pending_ != nullptr) {
      if (is_host_option(*pending_)) host_ = word;
      pending_ = nullptr;
    } else if (!only_positionals_ && word == "--") {
      only_positionals_ = true;
    } else if (!only_positionals_ && word.size() > 1 && word.front() == '-') {
      pass_option(word);
    } else if (const auto* next = subcommand(word); next != nullptr && !only_positionals_) {
      // Positionals count per command: "get links HOST" has one, not three.
      command_ = next;
      positionals_ = 0;
    } else {
      ++positionals_;
    }
  }

  [[nodiscard]] const Command& command() const { return *command_; }
  [[nodiscard]] const Option* pending() const { return pending_; }
  [[nodiscard]] bool only_positionals() const { return only_positionals_; }
  [[nodiscard]] const std::string& host() const { return host_; }

  /// The positional argument that the next word is; null when all have theirs.
  [[nodiscard]] const Option* positional() const {
    std::size_t left = positionals_;
    for (const auto& option : command_->options()) {
      if (option->positional().empty()) continue;
      if (left == 0 || option->repeats()) return option.get();
      --left;
    }
    return nullptr;
  }

  [[nodiscard]] const Option* named(std::string_view name) const {
    for (const auto& option : command_->options()) {
      const auto names = option->names();
      if (std::find(names.begin(), names.end(), name) != names.end()) return option.get();
    }
    return nullptr;
  }

 private:
  static bool is_host_option(const Option& option) { return option.kind() == ValueKind::host; }

  void pass_option(const std::string& word) {
    const auto equals = word.find('=');
    const auto* option = named(word.substr(0, equals));
    // Unknown options are passed over: a line that is being typed may be wrong for the moment.
    if (option == nullptr || !option->takes_value()) return;
    if (equals == std::string::npos) {
      pending_ = option;
    } else if (is_host_option(*option)) {
      host_ = word.substr(equals + 1);
    }
  }

  [[nodiscard]] const Command* subcommand(const std::string& word) const {
    for (const auto& one : command_->subcommands()) {
      if (one->is_called(word)) return one.get();
    }
    return nullptr;
  }

  const Command* command_;
  const Option* pending_ = nullptr;
  std::size_t positionals_ = 0;
  bool only_positionals_ = false;
  std::string host_;
};

/// Word that needs no quotes: shells would have to quote anything else, and names come from tokens
/// of strangers.
bool plain(const std::string& word) {
  constexpr std::string_view others = "_-./:@+=,";
  return !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

void offer(Completion& made, std::string_view typed, std::string word, std::string help) {
  if (word.starts_with(typed)) made.candidates.push_back({std::move(word), std::move(help)});
}

/// Values of one option; `lead` is what stands before the value in the same word: "--host=".
void offer_values(Completion& made, const Option& option, std::string_view typed,
                  const std::string& lead, const std::string& host, const RunningNames& running) {
  for (const auto& word : option.words()) offer(made, typed, lead + word, {});
  switch (option.kind()) {
    case ValueKind::text: break;
    case ValueKind::file:
    case ValueKind::folder: made.files = option.kind(); break;
    case ValueKind::host:
    case ValueKind::actor:
    case ValueKind::provider:
      for (auto& name : running(option.kind(), host)) {
        if (plain(name.word)) offer(made, typed, lead + name.word, std::move(name.help));
      }
  }
}

void offer_options(Completion& made, const Command& command, std::string_view typed) {
  for (const auto& option : command.options()) {
    if (option->is_hidden()) continue;
    const auto names = option->names();
    // Long names say more; a short one is offered where there is no other.
    const bool has_long = std::any_of(names.begin(), names.end(),
                                      [](const auto& name) { return name.starts_with("--"); });
    for (const auto& name : names) {
      if (!has_long || name.starts_with("--")) offer(made, typed, name, option->help());
    }
  }
  offer(made, typed, "--help", "Print help and exit");
}

}  // namespace

Completion complete(const Command& root, const std::vector<std::string>& words,
                    const RunningNames& running) {
  Completion made;
  Cursor cursor(root);
  // All words but the last, which is the one being typed.
  for (std::size_t i = 0; i + 1 < words.size(); ++i) cursor.pass_word(words[i]);
  const std::string typed = words.empty() ? std::string() : words.back();
  const auto values = [&](const Option& option, const std::string& lead) {
    offer_values(made, option, typed, lead, cursor.host(), running);
  };
  if (cursor.pending() != nullptr) {
    values(*cursor.pending(), {});
    return made;
  }
  if (!cursor.only_positionals() && typed.starts_with('-')) {
    const auto equals = typed.find('=');
    const auto* option =
        equals == std::string::npos ? nullptr : cursor.named(typed.substr(0, equals));
    if (option != nullptr && option->takes_value()) {
      values(*option, typed.substr(0, equals + 1));
    } else {
      offer_options(made, cursor.command(), typed);
    }
    return made;
  }
  for (const auto& one : cursor.command().subcommands()) {
    if (!one->is_hidden()) offer(made, typed, one->name(), one->help());
  }
  if (const auto* option = cursor.positional()) values(*option, {});
  return made;
}

namespace {

// Scripts ask the program they are typed for, so that nothing of the command line stands in them:
// the lines are "WORD<tab>HELP"; a first line ":file" or ":folder" asks the shell for paths as
// well.

constexpr std::string_view bash_script = R"(# bash completion for trellis
_trellis() {
  local text="${COMP_LINE:0:COMP_POINT}" typed="" word help lead words=()
  read -a words <<<"$text"
  if [[ "$text" != *[[:space:]] ]]; then typed="${words[-1]}"; unset 'words[-1]'; fi
  # The shell replaces only what follows the last of its word breaks, of which : and = are some.
  lead="${typed%"${typed##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\t' read -r word help; do
    case "$word" in
      "") ;;
      :file) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${typed#"$lead"}") ;;
      :folder) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "${typed#"$lead"}") ;;
      *) COMPREPLY+=("${word#"$lead"}") ;;
    esac
  done < <("${words[0]}" complete -- "${words[@]:1}" "$typed" 2>/dev/null)
}
complete -F _trellis trellis
)";

constexpr std::string_view zsh_script = R"(#compdef trellis
_trellis() {
  local -a found
  local word help paths=""
  while IFS=$'\t' read -r word help; do
    case "$word" in
      "") ;;
      :file) paths=file ;;
      :folder) paths=folder ;;
      *) found+=("${word//:/\\:}:$help") ;;
    esac
  done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${#found} )) && _describe -V trellis found
  case "$paths" in
    file) _files ;;
    folder) _files -/ ;;
  esac
}
if [ "$funcstack[1]" = "_trellis" ]; then _trellis; else compdef _trellis trellis; fi
)";

constexpr std::string_view fish_script = R"(# fish completion for trellis
function __trellis_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$typed" 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path "$typed"
            case ':folder'
                __fish_complete_directories "$typed"
            case '*'
                echo $line
        end
    end
end
complete -c trellis -f -a '(__trellis_complete)'
)";

}  // namespace

Result<std::string> completion_script(const std::string& shell) {
  if (shell == "bash") return std::string(bash_script);
  if (shell == "zsh") return std::string(zsh_script);
  if (shell == "fish") return std::string(fish_script);
  return fail(ErrorCode::invalid_argument, "no completions for the shell '" + shell + "'",
              "bash, zsh or fish");
}

}  // namespace trellis::cli
