// The command line as commands declare it: a thin facade over CLI11, which only options.cpp
// includes. Its templates took two thirds of the time of compiling each command.
//
// A value is written to where the option was told to put it before the command's work runs. What is
// declared here is also what completions and manual pages are made of.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace trellis::cli {

/// Kind of thing that a value names, so that a shell can complete it.
enum class ValueKind { text, file, folder, host, actor, provider };

/// One option, flag or positional argument. Belongs to its Command; main thread only.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}
  Option(const Option&) = delete;
  Option& operator=(const Option&) = delete;

  Option& required();
  /// The heading under which --help lists it.
  Option& group(const std::string& title);
  /// Listed by the help of that topic and by the manual page, not by --help of its command: for
  /// options that many commands share.
  Option& topic(const std::string& name);
  /// Understood, but listed nowhere: an older spelling.
  Option& hidden();
  /// The word that stands for the value in --help: DAYS.
  Option& value_name(const std::string& name);
  /// Shows what the variable holds now as the default.
  Option& show_default();
  /// Shows a default that the variable does not hold.
  Option& show_default(const std::string& text);
  Option& one_of(std::vector<std::string> words);
  /// Bounds of a number, both included.
  template <std::integral T>
  Option& range(T least, T most) {
    return whole_range(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most));
  }
  Option& range(double least, double most);
  /// The value must be a file (folder) that exists.
  Option& existing_file();
  Option& existing_folder();
  /// `check` returns what is wrong, or nothing; `name` says in --help what is accepted.
  Option& check(std::function<std::string(const std::string&)> check, const std::string& name);
  /// The option may stand without a value.
  Option& value_optional();
  /// For an option that may stand without a value: the next word is its value only when `is_value`
  /// says so, and else an argument of its own.
  Option& value_when(std::function<bool(const std::string&)> is_value);
  /// A list of which each occurrence takes one value: -l A -l B.
  Option& one_each();
  /// How many values a list takes, both included.
  Option& count_range(std::uint32_t least, std::uint32_t most);
  /// Kind of thing that the value names; a check for files or folders says so by itself.
  Option& completes(ValueKind kind);

  /// How often the command line has it.
  [[nodiscard]] std::size_t count() const;

  // For completions and manual pages.
  [[nodiscard]] std::vector<std::string> names()
      const;                                     ///< "-m", "--manifest"; of positionals none
  [[nodiscard]] std::string positional() const;  ///< its name; empty for options
  [[nodiscard]] std::string help() const;
  [[nodiscard]] std::string group() const;
  [[nodiscard]] bool is_hidden() const { return hidden_; }
  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] std::string value_name() const;  ///< empty for flags
  [[nodiscard]] std::string default_text() const;
  [[nodiscard]] bool takes_value() const;
  [[nodiscard]] bool repeats() const;
  [[nodiscard]] bool is_required() const;
  [[nodiscard]] ValueKind kind() const { return kind_; }
  /// Empty unless value_when was called.
  [[nodiscard]] const std::function<bool(const std::string&)>& is_value() const {
    return is_value_;
  }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  Option& whole_range(std::int64_t least, std::int64_t most);

  CLI::Option* option_;
  ValueKind kind_ = ValueKind::text;
  std::vector<std::string> words_;
  bool hidden_ = false;
  std::string topic_;
  std::function<bool(const std::string&)> is_value_;
  std::string group_;  ///< kept here where the topic took it from the option
};

/// A command with options, or a group of commands. Belongs to its parent, the first one to a
/// CommandLine; main thread only.
class Command {
 public:
  explicit Command(CLI::App& app);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command& add_subcommand(const std::string& name, const std::string& help);
  /// Names: "-m,--manifest" for an option, "file" for a positional argument.
  Option& add_option(const std::string& names, std::string& into, const std::string& help);
  Option& add_option(const std::string& names, std::vector<std::string>& into,
                     const std::string& help);
  Option& add_option(const std::string& names, std::uint16_t& into, const std::string& help);
  Option& add_option(const std::string& names, std::uint32_t& into, const std::string& help);
  Option& add_option(const std::string& names, std::uint64_t& into, const std::string& help);
  Option& add_option(const std::string& names, double& into, const std::string& help);
  Option& add_option(const std::string& names,
                     const std::function<void(const std::string&)>& when_given,
                     const std::string& help);
  Option& add_option(const std::string& names, std::optional<std::string>& into,
                     const std::string& help);
  Option& add_option(const std::string& names, std::optional<std::int32_t>& into,
                     const std::string& help);
  Option& add_option(const std::string& names, std::optional<std::uint32_t>& into,
                     const std::string& help);
  Option& add_option(const std::string& names, std::optional<std::uint64_t>& into,
                     const std::string& help);
  /// "--strict,!--no-strict": a name after ! sets the opposite.
  Option& add_flag(const std::string& names, bool& into, const std::string& help);
  Option& add_flag(const std::string& names, std::function<void()> when_given,
                   const std::string& help);

  /// The option of that name ("--rpc-host"), which must have been added.
  [[nodiscard]] const Option& option(std::string_view name) const;

  Command& alias(const std::string& name);
  /// Not listed by --help.
  Command& hidden();
  /// The heading under which the help of its parent lists it.
  Command& group(const std::string& title);
  /// Text below the options in --help.
  Command& footer(const std::string& text);
  /// For a group: one of its commands must be given. Without any word it shows its help.
  Command& require_subcommand();
  /// For a group: its command that is meant when the first word names none and `is_meant` says so.
  Command& default_command(std::string name, std::function<bool(const std::string&)> is_meant);
  /// For a command below the root: nothing is parsed, all words after it go there, --help too. A
  /// first "--" is left out.
  Command& take_rest(std::vector<std::string>& into);
  /// Leaves -h to an option of its own.
  Command& no_short_help();
  /// Work of this command, done when it is chosen and its options are read.
  void run(std::function<void()> work);
  /// Runs the work of a command that takes the rest, when the first word calls it.
  [[nodiscard]] bool run_with_rest(std::span<const std::string> words);

  // For completions and manual pages.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string path() const;  ///< "trellis claims sign"
  [[nodiscard]] std::string help() const;
  [[nodiscard]] std::string group() const;
  /// Text that --help prints.
  [[nodiscard]] std::string help_text() const;
  /// The command of that name or alias; null when there is none.
  [[nodiscard]] const Command* subcommand(std::string_view name) const;
  /// The command that is meant by this word; empty when none is.
  [[nodiscard]] std::string meant_by(const std::string& word) const {
    return is_meant_ && subcommand(word) == nullptr && is_meant_(word) ? default_ : std::string();
  }
  [[nodiscard]] bool takes_rest() const { return rest_ != nullptr; }
  [[nodiscard]] bool is_hidden() const { return hidden_; }
  [[nodiscard]] bool is_called(std::string_view name) const;
  /// All of them in the order of --help; the option for help itself is not among them.
  [[nodiscard]] const std::vector<std::unique_ptr<Option>>& options() const { return options_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Command>>& subcommands() const {
    return subcommands_;
  }

 private:
  template <class T>
  Option& add(const std::string& names, T& into, const std::string& help);
  Option& keep(CLI::Option& option);

  CLI::App* app_;
  bool hidden_ = false;
  std::string default_;
  std::function<bool(const std::string&)> is_meant_;
  std::function<void()> work_;
  std::vector<std::string>* rest_ = nullptr;
  std::vector<std::unique_ptr<Option>> options_;
  std::vector<std::unique_ptr<Command>> subcommands_;
};

/// A program's command line. Main thread only.
class CommandLine {
 public:
  explicit CommandLine(const std::string& name, const std::string& description = {});
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] Command& root() { return *root_; }

  /// Reads the words after the program's name and runs the work of the chosen command. Returns the
  /// text of --help when that was asked for, or where a group of commands stands alone, else an
  /// empty one. Error: invalid_argument, with what was probably meant, or the command whose help to
  /// read, in the remedy. What the work throws passes through.
  [[nodiscard]] Result<std::string> parse(std::vector<std::string> words);

 private:
  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<Command> root_;
};

}  // namespace trellis::cli
