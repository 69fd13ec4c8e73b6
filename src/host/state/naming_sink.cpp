#include "host/state/naming_sink.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "base/key_form.hpp"
#include "host/state/named_log.hpp"

namespace trellis::host {
namespace {

constexpr std::string_view key_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Whether it looks like the key of an actor or a provider.
bool may_have_name(std::string_view word) {
  return has_key_form(word, 'M') || has_key_form(word, 'V');
}

/// The next word of letters of keys, taken off the text; empty at its end.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_of(key_letters), text.size()));
  const auto word = text.substr(0, text.find_first_not_of(key_letters));
  text.remove_prefix(word.size());
  return word;
}

/// A record's fields and the names that belong to them. One thread.
class NamedFields {
 public:
  NamedFields(const LogRecord& record, const NameBook& names)
      : names_(names), fields_(record.fields.begin(), record.fields.end()) {
    const auto given = fields_.size();
    for (std::size_t i = 0; i < given; ++i) {
      const auto field = fields_[i];
      if (may_have_name(field.value)) add_name(field.name, field.value);
    }
    // Keys in the text come after those in fields: one that has a field needs no second.
    for (auto rest = record.text; !rest.empty();) mention(next_word(rest));
  }

  [[nodiscard]] std::span<const LogField> fields() const { return fields_; }

 private:
  [[nodiscard]] bool has(std::string_view name) const {
    return std::ranges::any_of(fields_, [&](auto& field) { return field.name == name; });
  }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  bool add_name(std::string_view field, std::string_view key) {
    auto beside = std::string(field) + "_name";
    if (has(beside)) return false;
    auto name = names_.name_of(key);
    if (name.empty()) return false;
    fields_.push_back({keep(std::move(beside)), keep(std::move(name))});
    return true;
  }

  void mention(std::string_view word) {
    if (!may_have_name(word)) return;
    if (std::ranges::any_of(fields_, [&](auto& field) { return field.value == word; })) return;
    std::string_view field = word.front() == 'M' ? "actor" : "provider";
    if (has(field)) field = "other";
    if (!has(field) && add_name(field, word)) fields_.push_back({field, word});
  }

  const NameBook& names_;
  std::vector<LogField> fields_;
  std::deque<std::string> texts_;  // stay where they are
};

/// Sink that adds names to a record before it hands it on. Any thread that its sink allows.
class NamingSink final : public LogSink {
 public:
  NamingSink(std::shared_ptr<LogSink> sink, std::shared_ptr<const NameBook> names)
      : sink_(std::move(sink)), names_(std::move(names)) {}

  [[nodiscard]] bool enabled(LogLevel level, std::string_view target) const noexcept override {
    return sink_->enabled(level, target);
  }

  void write(const LogRecord& record) noexcept override {
    try {
      const NamedFields named(record, *names_);
      auto copy = record;
      copy.fields = named.fields();
      sink_->write(copy);
    } catch (...) {  // no memory for names
      sink_->write(record);
    }
  }

 private:
  const std::shared_ptr<LogSink> sink_;
  const std::shared_ptr<const NameBook> names_;
};

}  // namespace

void NameBook::open(const TablesSnapshot& tables) {
  const WriteLock lock(mutex_);
  tables_ = &tables;
}

void NameBook::close() {
  const WriteLock lock(mutex_);
  tables_ = nullptr;
}

std::string NameBook::name_of(std::string_view key) const {
  const ReadLock lock(mutex_);
  return tables_ == nullptr ? std::string() : name_in(*tables_->read(), key);
}

std::shared_ptr<LogSink> make_naming_sink(std::shared_ptr<LogSink> sink,
                                          std::shared_ptr<const NameBook> names) {
  if (!sink) return sink;
  return std::make_shared<NamingSink>(std::move(sink), std::move(names));
}

}  // namespace trellis::host
