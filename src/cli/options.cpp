// The adapter of CLI11, the only file that knows the library. Its behaviours that commands do not
// want (lists in brackets, values taken from the next option, vague errors) are undone here.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <utility>

#include "base/suggest.hpp"

namespace trellis::cli {
namespace {

/// Mark against lists: CLI11 takes "[a,b]" for two values where an option takes several; for
/// commands it is what the user wrote. A word with this behind it is no such list; each option
/// takes it off again.
constexpr char not_a_list = '\x1f';

std::string unprotected(std::string word) {
  if (word.ends_with(not_a_list)) word.pop_back();
  return word;
}

void protect(std::vector<std::string>& words) {
  for (auto& word : words) {
    // Words that end with the mark themselves get a second one, and keep their own.
    if (word.ends_with(']') || word.ends_with(not_a_list)) word += not_a_list;
  }
}

// Option by any of its names; null when there is none.
const Option* option_called(const Command& command, std::string_view name) {
  for (const auto& option : command.options()) {
    const auto names = option->names();
    if (std::ranges::find(names, name) != names.end()) return option.get();
  }
  return nullptr;
}

/// Completes the words: options whose value is not always the next word get it, or an empty one,
/// with a "="; commands that were left out are put in.
void complete_words(const Command& root, std::vector<std::string>& words) {
  const auto* command = &root;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (const auto* next = command->subcommand(words[i])) {
      command = next;
      continue;
    }
    // First-party forms without a verb: the verb is put in front of the word that told.
    if (auto meant = command->meant_by(unprotected(words[i])); !meant.empty()) {
      command = command->subcommand(meant);
      words.insert(words.begin() + static_cast<std::ptrdiff_t>(i), std::move(meant));
      continue;
    }
    const auto* option = option_called(*command, words[i]);
    if (option == nullptr || !option->is_value()) continue;
    words[i] += '=';
    if (i + 1 < words.size() && option->is_value()(unprotected(words[i + 1]))) {
      words[i] += words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else {
      words[i] += not_a_list;
    }
  }
}

/// Innermost command on the command line.
const Command& innermost(const CLI::App& app, const Command& command) {
  const auto chosen = app.get_subcommands();
  const auto* next = chosen.empty() ? nullptr : command.subcommand(chosen.front()->get_name());
  return next == nullptr ? command : innermost(*chosen.front(), *next);
}

// Known by CLI11's text: the library has one error for all that is missing.
bool lacks_subcommand(const CLI::ParseError& problem) {
  return dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr &&
         std::string_view(problem.what()).contains("subcommand");
}

/// Word that `command` does not know; empty when that is not what is wrong. CLI11 says "a
/// subcommand is required" where one was misspelt, and that an option is missing where that was.
std::string unknown_word(const CLI::App& app, const Command& command,
                         const CLI::ParseError& problem) {
  const auto left_over = app.remaining(true);
  if (left_over.empty()) return {};
  const auto word = unprotected(left_over.front());
  if (dynamic_cast<const CLI::ExtrasError*>(&problem) != nullptr || lacks_subcommand(problem)) {
    return word;
  }
  const bool option = word.starts_with('-') && !command.takes_rest();
  return option && dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr ? word
                                                                                : std::string();
}

/// Word that was probably meant, of the commands and long options of `command`.
std::optional<std::string> meant_word(const Command& command, const std::string& word) {
  std::vector<std::string> known;
  if (word.starts_with("--")) {
    known.emplace_back("--help");
    for (const auto& option : command.options()) {
      for (auto& name : option->names()) {
        if (name.starts_with("--")) known.push_back(std::move(name));
      }
    }
  } else if (!word.starts_with('-')) {  // any letter is near every other
    for (const auto& one : command.subcommands()) {
      if (!one->is_hidden()) known.push_back(one->name());
    }
  }
  const std::vector<std::string_view> views(known.begin(), known.end());
  return nearest(word.substr(0, word.find('=')), views);
}

Error not_understood(const CLI::App& app, const Command& root, const CLI::ParseError& problem) {
  const auto& command = innermost(app, root);
  auto remedy = "`" + command.path() + " --help` lists what is accepted";
  const auto word = unknown_word(app, command, problem);
  if (word.empty()) {
    std::string text = problem.what();
    std::erase(text, not_a_list);
    return {ErrorCode::invalid_argument, std::move(text), std::move(remedy)};
  }
  if (const auto near = meant_word(command, word)) {
    remedy = "did you mean `" + command.path() + " " + *near + "`? " + remedy;
  }
  // Words in front of commands are commands, words behind the last positional are too many.
  const auto* kind = word.starts_with('-')           ? "unknown option: "
                     : command.subcommands().empty() ? "one word too many: "
                                                     : "unknown command: ";
  return {ErrorCode::invalid_argument, kind + word, std::move(remedy)};
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::group(const std::string& title) {
  group_ = title;
  // Options of a topic stay out of --help, which an empty group of CLI11 means.
  if (topic_.empty()) option_->group(title);
  return *this;
}

Option& Option::topic(const std::string& name) {
  group_ = group();
  topic_ = name;
  option_->group("");
  return *this;
}

Option& Option::hidden() {
  hidden_ = true;
  option_->group("");
  return *this;
}

Option& Option::value_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}

Option& Option::show_default(const std::string& text) {
  option_->default_str(text);
  return *this;
}

Option& Option::one_of(std::vector<std::string> words) {
  words_ = std::move(words);
  option_->check(CLI::IsMember(words_));
  return *this;
}

Option& Option::count_range(std::uint32_t least, std::uint32_t most) {
  option_->expected(static_cast<int>(least), static_cast<int>(most));
  return *this;
}

Option& Option::whole_range(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::range(double least, double most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::existing_file() {
  option_->check(CLI::ExistingFile);
  return completes(ValueKind::file);
}

Option& Option::existing_folder() {
  option_->check(CLI::ExistingDirectory);
  return completes(ValueKind::folder);
}

Option& Option::check(std::function<std::string(const std::string&)> check,
                      const std::string& name) {
  option_->check(CLI::Validator(std::move(check), name));
  return *this;
}

Option& Option::value_optional() {
  option_->expected(0, 1);
  return *this;
}

Option& Option::value_when(std::function<bool(const std::string&)> is_value) {
  is_value_ = std::move(is_value);
  return *this;
}

Option& Option::one_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::completes(ValueKind kind) {
  kind_ = kind;
  return *this;
}

std::size_t Option::count() const {
  return option_->count();
}

std::vector<std::string> Option::names() const {
  std::vector<std::string> all;
  for (const auto& name : option_->get_snames()) all.push_back("-" + name);
  for (const auto& name : option_->get_lnames()) all.push_back("--" + name);
  return all;
}

std::string Option::positional() const {
  return option_->get_positional() ? option_->get_single_name() : std::string();
}

std::string Option::help() const {
  return option_->get_description();
}

std::string Option::group() const {
  return topic_.empty() ? option_->get_group() : group_;
}

std::string Option::value_name() const {
  return takes_value() ? option_->get_type_name() : std::string();
}

std::string Option::default_text() const {
  return takes_value() ? option_->get_default_str() : std::string();
}

bool Option::takes_value() const {
  return option_->get_items_expected_max() > 0 && option_->get_type_size_max() > 0;
}

bool Option::repeats() const {
  return option_->get_items_expected_max() > 1;
}

bool Option::is_required() const {
  return option_->get_required();
}

Command::Command(CLI::App& app) : app_(&app) {}
Command::~Command() = default;

Command& Command::add_subcommand(const std::string& name, const std::string& help) {
  subcommands_.push_back(std::make_unique<Command>(*app_->add_subcommand(name, help)));
  return *subcommands_.back();
}

// Every option goes through here, which is how each takes the mark off again.
Option& Command::keep(CLI::Option& option) {
  // Transform runs before every check, so that checks see the word as it was typed.
  option.transform(CLI::Validator(
      [](std::string& word) {
        word = unprotected(std::move(word));
        return std::string();
      },
      ""));
  options_.push_back(std::make_unique<Option>(option));
  return *options_.back();
}

template <class T>
Option& Command::add(const std::string& names, T& into, const std::string& help) {
  return keep(*app_->add_option(names, into, help));
}

Option& Command::add_option(const std::string& names, std::string& into, const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::vector<std::string>& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::uint16_t& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::uint32_t& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::uint64_t& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, double& into, const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names,
                            const std::function<void(const std::string&)>& when_given,
                            const std::string& help) {
  return keep(*app_->add_option_function<std::string>(names, when_given, help));
}

Option& Command::add_option(const std::string& names, std::optional<std::string>& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::optional<std::int32_t>& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::optional<std::uint32_t>& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_option(const std::string& names, std::optional<std::uint64_t>& into,
                            const std::string& help) {
  return add(names, into, help);
}

Option& Command::add_flag(const std::string& names, bool& into, const std::string& help) {
  return keep(*app_->add_flag(names, into, help));
}

Option& Command::add_flag(const std::string& names, std::function<void()> when_given,
                          const std::string& help) {
  return keep(*app_->add_flag_callback(names, std::move(when_given), help));
}

const Option& Command::option(std::string_view name) const {
  const auto has_name = [&](const auto& option) {
    const auto names = option->names();
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return **std::find_if(options_.begin(), options_.end(), has_name);
}

Command& Command::alias(const std::string& name) {
  app_->alias(name);
  return *this;
}

Command& Command::hidden() {
  hidden_ = true;
  app_->group("");
  return *this;
}

Command& Command::group(const std::string& title) {
  app_->group(title);
  return *this;
}

Command& Command::footer(const std::string& text) {
  app_->footer(text);
  return *this;
}

Command& Command::require_subcommand() {
  app_->require_subcommand(1);
  return *this;
}

Command& Command::no_short_help() {
  app_->set_help_flag("--help", "Print this help message and exit");
  return *this;
}

Command& Command::default_command(std::string name,
                                  std::function<bool(const std::string&)> is_meant) {
  default_ = std::move(name);
  is_meant_ = std::move(is_meant);
  return *this;
}

Command& Command::take_rest(std::vector<std::string>& into) {
  rest_ = &into;
  return *this;
}

void Command::run(std::function<void()> work) {
  work_ = work;
  app_->callback(std::move(work));
}

bool Command::run_with_rest(std::span<const std::string> words) {
  if (rest_ == nullptr || words.empty() || !is_called(words.front())) return false;
  words = words.subspan(1);
  if (!words.empty() && words.front() == "--") words = words.subspan(1);
  rest_->assign(words.begin(), words.end());
  work_();
  return true;
}

std::string Command::name() const {
  return app_->get_name();
}

// Names of CLI11's own tree: the root is called as the program.
std::string Command::path() const {
  std::string path = app_->get_name();
  for (const auto* up = app_->get_parent(); up != nullptr; up = up->get_parent()) {
    path.insert(0, up->get_name() + " ");
  }
  return path;
}

std::string Command::help() const {
  return app_->get_description();
}

std::string Command::group() const {
  return app_->get_group();
}

std::string Command::help_text() const {
  // Formatter, since App::help() would show the help of the command chosen on the command line.
  return app_->get_formatter()->make_help(app_, path(), CLI::AppFormatMode::Normal);
}

const Command* Command::subcommand(std::string_view name) const {
  const auto found =
      std::ranges::find_if(subcommands_, [&](const auto& one) { return one->is_called(name); });
  return found == subcommands_.end() ? nullptr : found->get();
}

bool Command::is_called(std::string_view name) const {
  const auto& aliases = app_->get_aliases();
  return app_->get_name() == name ||
         std::find(aliases.begin(), aliases.end(), name) != aliases.end();
}

CommandLine::CommandLine(const std::string& name, const std::string& description)
    : app_(std::make_unique<CLI::App>(description, name)), root_(std::make_unique<Command>(*app_)) {
  // Options belong to the command they stand behind; passed on to a parent a misspelt one would
  // find another's.
  app_->fallthrough(false);
}

CommandLine::~CommandLine() = default;

Result<std::string> CommandLine::parse(std::vector<std::string> words) {
  // Commands that take all words come first: their words may look like options of ours.
  for (const auto& one : root_->subcommands()) {
    if (one->run_with_rest(words)) return std::string();
  }
  protect(words);
  complete_words(*root_, words);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app_->parse(std::move(words));
  } catch (const CLI::Success& done) {
    std::ostringstream text;
    app_->exit(done, text, text);
    return text.str();
  } catch (const CLI::ParseError& problem) {
    // A group on its own shows its help and ends with 0 (cli.md 1).
    if (lacks_subcommand(problem) && app_->remaining(true).empty()) {
      return innermost(*app_, *root_).help_text();
    }
    return std::unexpected(not_understood(*app_, *root_, problem));
  }
  return std::string();
}

}  // namespace trellis::cli
