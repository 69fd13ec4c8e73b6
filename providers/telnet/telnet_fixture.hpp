// What the tests of the telnet server share: a fake host, the provider, an actor, a client.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/message.hpp"
#include "codec/messages/telnet.hpp"
#include "providers/telnet/telnet.hpp"
#include "support/provider_harness.hpp"

namespace trellis::test {

/// One TCP connection to 127.0.0.1. Every wait ends after 20 s. Belongs to one thread.
class TelnetClient {
 public:
  explicit TelnetClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~TelnetClient() { ::close(socket_); }
  TelnetClient(const TelnetClient&) = delete;
  TelnetClient& operator=(const TelnetClient&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  /// False when the peer no longer reads.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Says that the terminal is an xterm, as clients do.
  void be_ansi() { send(std::string_view("\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0", 14)); }
  /// Reads until `text` came, and takes everything up to its end; empty when it did not come.
  std::string until(std::string_view text) {
    std::size_t at = 0;
    while ((at = input_.find(text)) == std::string::npos) {
      if (!read_more()) return {};
    }
    auto taken = input_.substr(0, at + text.size());
    input_.erase(0, at + text.size());
    return taken;
  }
  /// Reads to the end: true when the server closed (and did not merely fall silent).
  [[nodiscard]] bool closed() {
    while (read_more()) {
    }
    return ended_;
  }
  [[nodiscard]] const std::string& unread() const noexcept { return input_; }
  void end() { ::shutdown(socket_, SHUT_WR); }

 private:
  bool read_more() {
    char buffer[16 * 1024];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count > 0) input_.append(buffer, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    return count > 0;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

class TelnetTest : public ::testing::Test {
 protected:
  using Result = codec::telnet::TelnetResult;
  using TextArgs = codec::telnet::TextArgs;
  struct Told {
    std::string actor;
    std::string operation;
    std::string session;
    std::string text;
  };
  static constexpr std::string_view actor =
      "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  static constexpr std::string_view other =
      "MCFMFDWFHGKELOXPCNCDXKK5OFLHBVEWRAOXR5JSQUD2TOFRE3DFPM7E";

  TelnetTest() : TelnetTest(*providers::telnet::table()) {}
  explicit TelnetTest(const trellis_provider_table& table) : provider_(host_, table) {
    answer_with([](const Told&) { return Result{true, {}}; });
  }

  /// Every message is kept; `answer` says what the actor returns.
  void answer_with(std::function<Result(const Told&)> answer) {
    host_.set_actor([this, answer](std::string_view who, std::string_view operation,
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
        const std::scoped_lock lock(mutex_);
        told_.push_back(told);
        changed_.notify_all();
      }
      return {TRELLIS_OK, codec::encode(answer(told))};
    });
  }
  /// The message of that number, from 0; an empty one when it does not come.
  Told told(std::size_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return told_.size() > number; });
    return told_.size() > number ? told_[number] : Told{};
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return told_.size();
  }

  std::uint16_t bind(codec::StringMap values = {}, std::string_view who = actor) {
    values.try_emplace("BIND", "127.0.0.1:0");
    const auto bound = provider_.bind(who, values);
    EXPECT_TRUE(bound) << (bound ? "" : bound.error().message);
    return last_port();
  }
  std::string bind_error(const codec::StringMap& values, std::string_view who = actor) {
    const auto bound = provider_.bind(who, values);
    EXPECT_FALSE(bound);
    return bound ? "" : bound.error().message;
  }
  std::uint16_t last_port() const {
    std::string port;
    for (const auto& line : host_.logs()) {
      if (!line.text.starts_with("listening on ")) continue;
      const auto address = line.text.substr(0, line.text.find(" for "));
      port = address.substr(address.rfind(':') + 1);
    }
    return port.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoul(port));
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

  FakeHost host_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;
  ProviderInstance provider_;
};

}  // namespace trellis::test
