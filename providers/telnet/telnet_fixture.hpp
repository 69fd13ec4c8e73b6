// Fixture of the tests of the telnet server: a fake host, the provider, an actor, a client.
#pragma once

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/message.hpp"
#include "codec/messages/telnet.hpp"
#include "providers/telnet/telnet.hpp"
#include "support/listening_provider.hpp"
#include "support/tcp_client.hpp"

namespace trellis::test {

/// Belongs to one thread.
class TelnetClient : public TcpClient {
 public:
  using TcpClient::TcpClient;
  /// Says that the terminal is an xterm, as clients do.
  void be_ansi() { send(std::string_view("\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0", 14)); }
};

class TelnetTest : public ListeningProviderTest {
 protected:
  using Result = codec::telnet::TelnetResult;
  using TextArgs = codec::telnet::TextArgs;
  struct Told {
    std::string actor;
    std::string operation;
    std::string session;
    std::string text;
  };

  TelnetTest() : TelnetTest(*providers::telnet::table()) {}
  explicit TelnetTest(const trellis_provider_table& table) : ListeningProviderTest(table) {
    answer_with([](const Told&) { return Result{true, {}}; });
  }

  /// Every message is kept; `answer` says what the actor returns.
  void answer_with(std::function<Result(const Told&)> answer) {
    host_.set_actor([heard = heard_, answer](std::string_view who, std::string_view operation,
                                             ByteView payload) -> FakeHost::Reply {
      Told told{std::string(who), std::string(operation), "", ""};
      if (operation == "SessionStarted") {
        const auto args = codec::decode<codec::telnet::SessionStartedArgs>(payload);
        if (!args) return {TRELLIS_ERROR, to_bytes(args.error().message)};
        told.session = args->session;
      } else {
        const auto args = codec::decode<TextArgs>(payload);
        if (!args) return {TRELLIS_ERROR, to_bytes(args.error().message)};
        told.session = args->session;
        told.text = args->text;
      }
      {
        const std::scoped_lock lock(heard->mutex);
        heard->told.push_back(told);
        heard->changed.notify_all();
      }
      return {TRELLIS_OK, codec::encode(answer(told))};
    });
  }
  /// The message of that number, from 0; an empty one when it does not come.
  Told told(std::size_t number) {
    std::unique_lock lock(heard_->mutex);
    const auto& all = heard_->told;
    heard_->changed.wait_for(lock, std::chrono::seconds(20), [&] { return all.size() > number; });
    return all.size() > number ? all[number] : Told{};
  }
  std::size_t count() {
    const std::scoped_lock lock(heard_->mutex);
    return heard_->told.size();
  }

  trellis::Result<Result> send_text(const std::string& session, std::string text,
                                    std::string_view who = actor) {
    return provider_.ask<Result>(who, "SendText", TextArgs{session, std::move(text)});
  }
  std::string health() {
    const auto answer = provider_.call("system", "HealthRequest", to_bytes("\x80"));
    if (!answer) return answer.error().message;
    const auto decoded = codec::decode<codec::core::HealthResponse>(*answer);
    return decoded ? decoded->message : decoded.error().message;
  }

 private:
  /// Record of what the actor heard; the instance may tell it something until its end.
  struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Told> told;
  };
  const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

}  // namespace trellis::test
