// Manual pages made of the declared command line: one page per command, so that no page can be
// missing or say something else than --help.
#include "cli/manual.hpp"

#include <string_view>

#include "base/text.hpp"

namespace trellis::cli {
namespace {

/// Text for troff: requests and escapes that it would see in a text are told to be none.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
      // Bare hyphens become another character in UTF-8, which nobody can copy to a command line.
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\n') {
      out += ' ';
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string bold(std::string_view text) {
  return "\\fB" + escaped(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + escaped(text) + "\\fR";
}

// Name of a page: "trellis-claims-sign", as git and others name theirs.
std::string page_name(const Command& command) {
  auto name = command.path();
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string value_of(const Option& option) {
  if (!option.takes_value()) return {};
  const auto name = option.value_name();
  return " " + italic(name.empty() ? "VALUE" : name);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// Page of one command, in the order of sections that man(7) has.
class Page {
 public:
  Page(const Command& command, const std::string& date, const std::string& version)
      : command_(command) {
    const auto title = to_upper_ascii(page_name(command));
    line(".TH " + escaped(title) + " 1 " + date + " \"trellis " + version + "\" \"Trellis\"");
    heading("NAME");
    line(escaped(page_name(command)) + " \\- " + escaped(first_line(command.help())));
    synopsis();
    heading("DESCRIPTION");
    // Help texts have no full stop, since tables of commands look better without.
    line(escaped(command.help()) + ".");
    arguments();
    subcommands();
    options();
    exit_status();
    see_also();
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }
  void heading(const std::string& title) { line(".SH " + title); }
  void item(const std::string& tag, const std::string& text) {
    line(".TP");
    line(tag);
    line(text);
  }

  void synopsis() {
    heading("SYNOPSIS");
    auto shape = bold(command_.path());
    if (!command_.subcommands().empty()) shape += " " + italic("COMMAND");
    bool named = false;
    std::string positionals;
    for (const auto& option : command_.options()) {
      if (option->positional().empty()) {
        named = true;
        continue;
      }
      auto word = italic(option->positional());
      if (option->repeats()) word += " ...";
      positionals += option->is_required() ? " " + word : " [" + word + "]";
    }
    // Options are not listed one by one: some commands have fifty.
    if (named) shape += " [" + italic("OPTIONS") + "]";
    line(shape + positionals);
  }

  void arguments() {
    bool first = true;
    for (const auto& option : command_.options()) {
      if (option->positional().empty()) continue;
      if (first) heading("ARGUMENTS");
      first = false;
      item(italic(option->positional()), help_of(*option));
    }
  }

  void subcommands() {
    std::string group;
    for (const auto& one : command_.subcommands()) {
      if (one->is_hidden()) continue;
      if (group.empty()) heading("COMMANDS");
      if (one->group() != group) {
        if (one->group() != "Subcommands") line(".SS " + escaped(one->group()));
        group = one->group();
      }
      item(bold(one->name()), escaped(one->help()) + ": see " + bold(page_name(*one)) + "(1).");
    }
  }

  void options() {
    heading("OPTIONS");
    // Headings in the order in which they first appear; options without one come first.
    std::vector<std::string> headings{"Options"};
    for (const auto& option : command_.options()) {
      if (std::ranges::find(headings, option->group()) == headings.end() && is_listed(*option)) {
        headings.push_back(option->group());
      }
    }
    for (const auto& heading_now : headings) {
      if (heading_now != headings.front()) line(".SS " + escaped(heading_now));
      options_below(heading_now);
      if (heading_now == headings.front()) item(bold("--help"), "Print help and exit.");
    }
  }

  static bool is_listed(const Option& option) {
    return option.positional().empty() && !option.is_hidden();
  }

  void options_below(const std::string& heading_now) {
    for (const auto& option : command_.options()) {
      if (!is_listed(*option) || option->group() != heading_now) continue;
      std::string names;
      for (const auto& name : option->names()) names += (names.empty() ? "" : ", ") + bold(name);
      item(names + value_of(*option), help_of(*option));
    }
  }

  static std::string help_of(const Option& option) {
    auto text = escaped(option.help());
    std::string words;
    for (const auto& word : option.words()) words += (words.empty() ? "" : ", ") + bold(word);
    if (!words.empty()) text += " (" + words + ")";
    if (const auto value = option.default_text(); !value.empty()) {
      text += ". Default: " + escaped(value);
    }
    return text + ".";
  }

  void exit_status() {
    heading("EXIT STATUS");
    line(
        "0 when it worked, 1 when it failed, 2 when the command line was not understood: the "
        "reason is on");
    line("standard error, as JSON where JSON was asked for.");
  }

  void see_also() {
    const auto parent_end = command_.path().rfind(' ');
    if (parent_end == std::string::npos) return;
    auto parent = command_.path().substr(0, parent_end);
    std::replace(parent.begin(), parent.end(), ' ', '-');
    heading("SEE ALSO");
    line(bold(parent) + "(1)");
  }

  const Command& command_;
  std::string text_;
};

void add_pages(std::vector<ManualPage>& pages, const Command& command, const std::string& date,
               const std::string& version) {
  if (command.is_hidden()) return;
  pages.push_back({page_name(command) + ".1", Page(command, date, version).text()});
  for (const auto& one : command.subcommands()) add_pages(pages, *one, date, version);
}

}  // namespace

std::vector<ManualPage> manual_pages(const Command& root, const std::string& date,
                                     const std::string& version) {
  std::vector<ManualPage> pages;
  add_pages(pages, root, date, version);
  return pages;
}

}  // namespace trellis::cli
