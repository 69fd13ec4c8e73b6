#include "lattice/wire/subjects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::lattice {
namespace {

bool usable_character(char c) noexcept {
  return c > ' ' && c < 0x7f && c != '*' && c != '>';
}

}  // namespace

bool is_within(std::string_view subject, std::string_view root) noexcept {
  return subject.starts_with(root) &&
         (subject.size() == root.size() || subject[root.size()] == '.');
}

// Cache subjects are below `lattice` (lattice.md 1.6); configured ones are reserved beside them.
bool is_protocol_subject(std::string_view subject) noexcept {
  constexpr std::string_view roots[] = {"wasmbus", "trellis", "lattice"};
  return std::any_of(std::begin(roots), std::end(roots),
                     [subject](auto root) { return is_within(subject, root); });
}

// Token by token. A pattern that goes on below the root reaches it, one that ends above does not.
bool reaches(std::string_view pattern, std::string_view root) noexcept {
  while (true) {
    const auto token = pattern.substr(0, pattern.find('.'));
    const auto wanted = root.substr(0, root.find('.'));
    if (token == ">") return true;
    if (token != "*" && token != wanted) return false;
    if (wanted.size() == root.size()) return true;
    if (token.size() == pattern.size()) return false;
    pattern.remove_prefix(token.size() + 1);
    root.remove_prefix(wanted.size() + 1);
  }
}

bool reaches_protocol(std::string_view pattern, std::span<const std::string> reserved) noexcept {
  constexpr std::string_view roots[] = {"wasmbus", "trellis", "lattice", "$JS.API", "$SYS"};
  const auto reached = [pattern](std::string_view root) { return reaches(pattern, root); };
  // Inbox of somebody can be named by whoever was told of it, to answer there; only with wildcards
  // does one listen to all.
  const bool wild = pattern.find_first_of("*>") != std::string_view::npos;
  return (wild && reached("_INBOX")) || std::any_of(std::begin(roots), std::end(roots), reached) ||
         std::any_of(reserved.begin(), reserved.end(), reached);
}

bool Subjects::may_answer(std::string_view reply) const noexcept {
  return !is_protocol_subject(reply) &&
         std::none_of(reserved_.begin(), reserved_.end(),
                      [reply](const auto& root) { return is_within(reply, root); });
}

bool usable_in_subject(std::string_view name) noexcept {
  return !name.empty() && name.size() <= limits::name_bytes &&
         std::all_of(name.begin(), name.end(), usable_character) && name.front() != '.' &&
         name.back() != '.' && name.find("..") == std::string_view::npos;
}

Result<Subjects> Subjects::make(std::string_view ns) {
  if (!usable_in_subject(ns) || ns.find('.') != std::string_view::npos) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' cannot be a lattice namespace", replace_bad_utf8(ns)),
                fmt::format("1 to {} visible ASCII characters without '.', '*' and '>'",
                            limits::name_bytes));
  }
  return Subjects(ns);
}

Subjects::Subjects(std::string_view ns)
    : ns_(ns),
      rpc_(fmt::format("wasmbus.rpc.{}.", ns)),
      control_(fmt::format("wasmbus.ctl.{}.", ns)),
      own_(fmt::format("trellis.ctl.{}.", ns)) {}

// Contract is not part of a provider's subject (lattice.md 1.3), so the receiver must compare it.
std::string Subjects::entity(const Entity& entity) const {
  auto subject = rpc_ + entity.key();
  if (const auto* provider = entity.capability(); provider != nullptr) {
    subject += '.';
    subject += provider->link_name;
  }
  return subject;
}

std::string Subjects::inventory(std::string_view host) const {
  return fmt::format("{}get.{}.inv", control_, host);
}

std::string Subjects::command(std::string_view host, std::string_view verb) const {
  return fmt::format("{}cmd.{}.{}", control_, host, verb);
}

std::string Subjects::own_command(std::string_view host, std::string_view verb) const {
  return fmt::format("{}{}.{}", own_, host, verb);
}

}  // namespace trellis::lattice
