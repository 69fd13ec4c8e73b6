// A log sink that keeps what it is given.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "trellis/log.hpp"

namespace trellis::test {

/// Takes every level. Any thread.
class CaptureLog final : public LogSink {
 public:
  struct Record {
    LogLevel level;
    std::string target;
    std::string text;
    std::vector<std::pair<std::string, std::string>> fields;
  };

  [[nodiscard]] bool enabled(LogLevel, std::string_view) const noexcept override { return true; }

  void write(const LogRecord& record) noexcept override {
    Record copy{record.level, std::string(record.target), std::string(record.text), {}};
    for (const auto& field : record.fields) copy.fields.emplace_back(field.name, field.value);
    const std::scoped_lock lock(mutex_);
    records_.push_back(std::move(copy));
  }

  [[nodiscard]] std::vector<Record> records() const {
    const std::scoped_lock lock(mutex_);
    return records_;
  }
  /// How many records hold `text`.
  [[nodiscard]] std::size_t count(std::string_view text) const {
    const std::scoped_lock lock(mutex_);
    std::size_t found = 0;
    for (const auto& record : records_) found += record.text.find(text) != std::string::npos;
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
};

}  // namespace trellis::test
