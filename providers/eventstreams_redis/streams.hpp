// Redis Streams as the contract sees them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "codec/messages/eventstreams.hpp"
#include "providers/redis/pool.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::eventstreams_redis {

namespace messages = codec::eventstreams;

/// An entry `[id, [field, value, ...]]` of a stream. Error: malformed.
[[nodiscard]] Result<messages::Event> to_event(redis::Reply&& entry, std::string_view stream);

/// The id that follows in a stream: "5-7" after "5-6". Error: malformed.
[[nodiscard]] Result<std::string> id_after(std::string_view id);

/// The streams of one link. Any thread; deadlines are on std::chrono::steady_clock.
class Streams {
 public:
  Streams(std::shared_ptr<redis::Pool> pool, std::string prefix, std::uint64_t max_length)
      : pool_(std::move(pool)), prefix_(std::move(prefix)), max_length_(max_length) {}

  /// Acknowledgement of a written event; refusals of Redis are in it. Errors: those of
  /// redis::Pool::ask.
  [[nodiscard]] Result<messages::EventAck> write(const messages::WriteEventArgs& args,
                                                 SteadyTime deadline) const;
  /// Read in pages, so that neither side holds more than the answer. Errors: those of
  /// redis::Pool::ask, provider_failed with the text of Redis, limit when it fits no message.
  [[nodiscard]] Result<messages::EventList> query(const messages::StreamQuery& query,
                                                  SteadyTime deadline) const;

  /// The key in Redis.
  [[nodiscard]] std::string key_of(std::string_view stream) const {
    return prefix_ + std::string(stream);
  }
  [[nodiscard]] redis::Pool& pool() const noexcept { return *pool_; }

 private:
  std::shared_ptr<redis::Pool> pool_;
  std::string prefix_;
  std::uint64_t max_length_;  ///< 0: no limit
};

}  // namespace trellis::providers::eventstreams_redis
