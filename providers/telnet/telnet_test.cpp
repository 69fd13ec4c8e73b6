// The telnet contract through the provider ABI: sessions, lines, text, links, and clients nobody
// asked for.
#include <atomic>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "providers/telnet/telnet_fixture.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr auto opening = "\xff\xfd\x1f\xff\xfb\x03\xff\xfb\x01\xff\xfd\x18"sv;

std::string in(const TempDir& folder, std::string_view name) {
  return (folder.path() / name).string();
}

/// Waits until `done`, for at most 20 s.
template <class Done>
bool eventually(Done done) {
  for (int i = 0; i < 2000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST_F(TelnetTest, ASessionFromBeginningToEnd) {
  const auto port = bind({{"MOTD", "Welcome\nto the well\n"}});
  TelnetClient client(port);
  EXPECT_EQ(client.until(opening), opening);
  client.be_ansi();
  EXPECT_EQ(client.until("well\n\r"), "\xff\xfa\x18\x01\xff\xf0Welcome\n\rto the well\n\r"sv);
  const auto started = told(0);
  EXPECT_EQ(started.operation, "SessionStarted");
  EXPECT_EQ(started.actor, actor);
  EXPECT_EQ(started.session.size(), 36U);
  client.send("hello w\x7f\x7f\r\0"sv);
  const auto line = told(1);
  EXPECT_EQ(line.operation, "ReceiveText");
  EXPECT_EQ(line.session, started.session);
  EXPECT_EQ(line.text, "hello");
  EXPECT_EQ(client.until("\r\n"), "hello w\b \b\b \b\r\n");
  const auto sent = send_text(started.session, "answer\r\n");
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_TRUE(sent->success);
  EXPECT_EQ(sent->error, std::nullopt);
  EXPECT_EQ(client.until("answer\r\n"), "answer\r\n");
  client.end();
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(eventually([&] { return !send_text(started.session, "x"); }));
}

/// contracts.md 3.9 gives these bytes.
TEST_F(TelnetTest, TheBytesOfTheContract) {
  EXPECT_EQ(to_hex_lower(codec::encode(TextArgs{"x", "hi"})),
            "82a773657373696f6ea178a474657874a26869");
  EXPECT_EQ(to_hex_lower(codec::encode(Result{true, {}})), "82a773756363657373c3a56572726f72c0");
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  TelnetClient client(port);
  const auto args = TextArgs{told(0).session, "hi"};
  const auto answer = provider_.call(actor, "SendText", codec::encode(args));
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_hex_lower(*answer), "82a773756363657373c3a56572726f72c0");
}

TEST_F(TelnetTest, UnknownSessionsAndOperationsAreErrors) {
  bind();
  EXPECT_EQ(send_text("nobody", "x").error().message, "Socket is not present for session nobody");
  EXPECT_EQ(provider_.call(actor, "Nonsense", {}).error().message, "bad dispatch");
  EXPECT_TRUE(provider_.call(actor, "SendText", to_bytes("\x80"))
                  .error()
                  .message.starts_with("Failed to de-serialize: "));
  EXPECT_FALSE(send_text("nobody", "x", other)) << "not linked";
}

TEST_F(TelnetTest, ASessionBelongsToItsActor) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  bind({{"REQUIRE_ANSI", "false"}}, other);
  TelnetClient client(port);
  const auto session = told(0).session;
  EXPECT_EQ(send_text(session, "x", other).error().message,
            "Socket is not present for session " + session);
  EXPECT_TRUE(send_text(session, "x"));
}

TEST_F(TelnetTest, TheActorMayAnswerWhileItHandlesALine) {
  answer_with([this](const Told& told) {
    if (told.operation == "ReceiveText") {
      EXPECT_TRUE(send_text(told.session, "<" + told.text + ">\r\n"));
    }
    return Result{true, {}};
  });
  const auto port = bind();
  TelnetClient client(port);
  client.send("typed ahead\r");
  client.be_ansi();
  EXPECT_NE(client.until("<typed ahead>\r\n"), "");
  for (int i = 0; i < 50; ++i) client.send(fmt::format("line {}\r\n", i));
  EXPECT_NE(client.until("<line 49>\r\n"), "");
  EXPECT_EQ(count(), 52U);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(told(i + 2).text, fmt::format("line {}", i));
}

TEST_F(TelnetTest, OtherTerminalsGetOneLine) {
  const auto port = bind();
  TelnetClient dumb(port);
  dumb.send("\xff\xfc\x18"sv);
  EXPECT_NE(dumb.until("ANSI escape sequences.\r\n"), "");
  EXPECT_TRUE(dumb.closed());
  EXPECT_EQ(dumb.unread(), "");
  bind({{"TERMINAL_TIMEOUT_MS", "50"}});
  TelnetClient silent(port);
  silent.send("typed\r");
  EXPECT_NE(silent.until("ANSI escape sequences.\r\n"), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(count(), 0U) << "the actor hears nothing of either";
}

TEST_F(TelnetTest, WithoutTheDemandAnyClientWillDo) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}, {"MOTD", "hi"}});
  TelnetClient client(port);
  client.send("plain\n");
  EXPECT_EQ(told(1).text, "plain");
  EXPECT_EQ(client.until("plain\r\n"), std::string(opening) + "hiplain\r\n");
}

TEST_F(TelnetTest, TheActorMayRefuseASession) {
  answer_with([](const Told&) { return Result{false, "not you"}; });
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  TelnetClient client(port);
  EXPECT_NE(client.until("could not be started.\r\n"), "");
  EXPECT_TRUE(client.closed());
  host_.set_actor([](auto, auto, auto) -> FakeHost::Reply { return {TRELLIS_ERROR, {}}; });
  TelnetClient again(port);
  EXPECT_NE(again.until("could not be started.\r\n"), "");
  EXPECT_TRUE(again.closed());
}

TEST_F(TelnetTest, AFailedLineDoesNotEndTheSession) {
  answer_with([](const Told& told) { return Result{told.text != "bad", "because"}; });
  const auto port = bind({{"REQUIRE_ANSI", "false"}, {"TIMEOUT_MS", "1234"}});
  TelnetClient client(port);
  client.send("bad\rgood\r");
  EXPECT_NE(client.until("could not be handled.\r\n"), "");
  EXPECT_EQ(told(2).text, "good");
  EXPECT_EQ(host_.last_timeout(), 1234ms);
  host_.set_actor(
      [](auto, auto, auto) -> FakeHost::Reply { return {TRELLIS_OK, to_bytes("\xc1")}; });
  client.send("garbled\r");
  EXPECT_NE(client.until("could not be handled.\r\n"), "");
}

TEST_F(TelnetTest, SessionsEndWhenTheLinkGoes) {
  const auto port = bind();
  TelnetClient talking(port);
  talking.be_ansi();
  const auto session = told(0).session;
  TelnetClient silent(port);
  EXPECT_EQ(silent.until(opening), opening);
  EXPECT_EQ(health(), fmt::format("listening on 127.0.0.1:{}; 2 sessions", port));
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_FALSE(TelnetClient(port).connected());
  EXPECT_TRUE(talking.closed());
  EXPECT_TRUE(talking.unread().ends_with("The session is closed.\r\n"));
  EXPECT_TRUE(silent.closed());
  EXPECT_FALSE(send_text(session, "x"));
  EXPECT_EQ(health(), "no actor is linked");
  ASSERT_TRUE(provider_.remove(actor)) << "a second time";
  const auto again = bind({{"BIND", fmt::format("127.0.0.1:{}", port)}});
  EXPECT_TRUE(TelnetClient(again).connected());
}

TEST_F(TelnetTest, ChangedValuesKeepSessions) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  TelnetClient client(port);
  const auto session = told(0).session;
  EXPECT_EQ(bind({{"REQUIRE_ANSI", "false"}, {"__wasmcloud_expires", "5"}}), port);
  const auto moved = bind({{"BIND", "[::1]:0"}, {"REQUIRE_ANSI", "false"}, {"MOTD", "new"}});
  EXPECT_NE(moved, port);
  EXPECT_FALSE(TelnetClient(port).connected());
  EXPECT_TRUE(send_text(session, "still here"));
  EXPECT_NE(client.until("still here"), "");
}

TEST_F(TelnetTest, ATakenPortIsAnErrorAndTheOldStateStays) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  const auto taken = bind({}, other);
  const auto text = bind_error({{"BIND", fmt::format("127.0.0.1:{}", taken)}});
  EXPECT_NE(text.find("in use"), std::string::npos) << text;
  TelnetClient client(port);
  EXPECT_EQ(told(0).operation, "SessionStarted") << "still as it was: no terminal type asked for";
}

TEST_F(TelnetTest, BadValuesAreRefused) {
  const TempDir folder;
  std::ofstream(in(folder, "latin1")) << "gr\xfcn";
  std::ofstream(in(folder, "long")) << std::string(70'000, 'x');
  const std::vector<std::pair<codec::StringMap, std::string>> cases = {
      {{{"PORT", "x"}}, "PORT"},
      {{{"MODT", "x"}}, "MODT"},
      {{{"REQUIRE_ANSI", "yes"}}, "REQUIRE_ANSI"},
      {{{"MAX_SESSIONS", "0"}}, "MAX_SESSIONS"},
      {{{"MAX_LINE_BYTES", "1"}}, "MAX_LINE_BYTES"},
      {{{"MAX_PENDING_BYTES", "1"}}, "MAX_PENDING_BYTES"},
      {{{"IDLE_TIMEOUT_MS", "0"}}, "IDLE_TIMEOUT_MS"},
      {{{"MOTD_FILE", in(folder, "none")}}, "none"},
      {{{"MOTD_FILE", folder.path()}}, "MOTD_FILE"},
      {{{"MOTD_FILE", in(folder, "latin1")}}, "UTF-8"},
      {{{"MOTD_FILE", in(folder, "long")}}, "65536"},
      {{{"MOTD_FILE", in(folder, "latin1")}, {"MOTD", "x"}}, "only one"},
  };
  for (auto [values, part] : cases) {
    values.try_emplace("BIND", "127.0.0.1:0");
    const auto text = bind_error(values);
    EXPECT_NE(text.find(part), std::string::npos) << text << " / " << part;
  }
  EXPECT_EQ(health(), "no actor is linked");
}

TEST_F(TelnetTest, TheBannerMayBeAFile) {
  const TempDir folder;
  std::ofstream(in(folder, "motd")) << "  /\\_/\\\r\n  drawing\n";
  const auto port = bind({{"MOTD_FILE", in(folder, "motd")}, {"REQUIRE_ANSI", "false"}});
  TelnetClient client(port);
  EXPECT_EQ(client.until("drawing\n\r"), std::string(opening) + "  /\\_/\\\n\r  drawing\n\r");
}

TEST_F(TelnetTest, TooManySessions) {
  const auto port = bind({{"MAX_SESSIONS", "2"}, {"REQUIRE_ANSI", "false"}});
  TelnetClient first(port);
  auto second = std::make_unique<TelnetClient>(port);
  told(1);
  TelnetClient third(port);
  EXPECT_EQ(third.until("\r\n"), "Too many sessions\r\n");
  EXPECT_TRUE(third.closed());
  second.reset();
  // A place is free once the session is noticed to be gone.
  EXPECT_TRUE(eventually([&] {
    TelnetClient next(port);
    next.send("here\r");
    return !next.until("here").empty();
  }));
  EXPECT_TRUE(first.send("x"));
}

TEST_F(TelnetTest, IdleSessionsEnd) {
  const auto port = bind({{"IDLE_TIMEOUT_MS", "150"}, {"REQUIRE_ANSI", "false"}});
  TelnetClient client(port);
  EXPECT_NE(client.until("too long.\r\n"), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(TelnetTest, AClientThatDoesNotReadIsBoundedAndCutOff) {
  const auto port = bind(
      {{"MAX_PENDING_BYTES", "65536"}, {"REQUIRE_ANSI", "false"}, {"WRITE_TIMEOUT_MS", "300"}});
  TelnetClient client(port, 4096);
  const auto session = told(0).session;
  std::string refused;
  std::size_t accepted = 0;
  // The kernel takes a few megabytes at most.
  for (int i = 0; i < 2000 && refused.empty(); ++i) {
    const auto sent = send_text(session, std::string(16'384, 'x'));
    ASSERT_TRUE(sent) << sent.error().message;
    if (sent->success) ++accepted;
    if (!sent->success) refused = sent->error.value_or("");
  }
  EXPECT_NE(refused.find("65536"), std::string::npos) << refused;
  EXPECT_GT(accepted, 0U);
  // A refusal may come before the kernel's buffers are full: more is sent until they are.
  EXPECT_TRUE(eventually([&] { return !send_text(session, std::string(16'384, 'x')); }))
      << "cut off";
}

TEST_F(TelnetTest, AClientThatTypesWithoutReadingIsNotReadFrom) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}, {"WRITE_TIMEOUT_MS", "300"}});
  TelnetClient client(port, 4096);
  told(0);
  std::string lines;
  while (lines.size() < 1'000'000) lines += std::string(70, 'y') + "\r";
  bool taken = true;
  for (int i = 0; i < 100 && taken; ++i) taken = client.send(lines);
  EXPECT_FALSE(taken) << "the connection was cut";
  // Clients beside it are not hurt.
  TelnetClient good(port);
  good.send("hello\r");
  EXPECT_NE(good.until("hello"), "");
}

TEST_F(TelnetTest, EndlessLinesAndNegotiationsEndTheSession) {
  const auto port = bind({{"REQUIRE_ANSI", "false"}});
  for (const auto piece : {"xxxxxxxxxxxxxxxx"sv, "\xff\xfb\x22"sv, "\xff\xfa\x18xxxxxxxxxxxxx"sv}) {
    TelnetClient client(port);
    std::string flood;
    while (flood.size() < 200'000) flood += piece;
    client.send(flood);
    EXPECT_TRUE(client.closed());
    EXPECT_EQ(client.unread().find("\r\r"), std::string::npos);
  }
}

TEST_F(TelnetTest, ADialogueSplitAtEveryByte) {
  const auto bytes =
      "\xff\xfb\x1f\xff\xfb\x18\xff\xfa\x1f\x00\x50\x00\xff\xff\xff\xf0\xff\xfa\x18\x00"
      "ansi\xff\xf0gr\xc3\xbc\x7fn\r\n"sv;
  const auto port = bind();
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    TelnetClient client(port);
    client.send(bytes.substr(0, cut));
    std::this_thread::sleep_for(1ms);
    client.send(bytes.substr(cut));
    ASSERT_NE(client.until("n\r\n"), "") << cut;
    EXPECT_EQ(told(2 * cut - 1).text, "grn") << cut;
  }
}

TEST_F(TelnetTest, ManyClientsComeAndGoWhileLinksDo) {
  std::atomic<bool> ended{false};
  std::atomic<int> served{0};
  std::atomic<std::uint16_t> port{bind({{"REQUIRE_ANSI", "false"}})};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!ended) {
        TelnetClient client(port);
        if (!client.connected()) continue;
        client.send("a\rb\r");
        served += !client.until("b\r\n").empty();
      }
    });
  }
  for (int round = 0; round < 10; ++round) {
    served = 0;
    EXPECT_TRUE(eventually([&] { return served >= 8; }));
    ASSERT_TRUE(provider_.remove(actor));
    port = bind({{"REQUIRE_ANSI", "false"}});
  }
  ended = true;
  for (auto& client : clients) client.join();
}

TEST_F(TelnetTest, NoThreadsToBeHad) {
  host_.set_most_threads(0);
  EXPECT_NE(bind_error({{"BIND", "127.0.0.1:0"}}).find("thread"), std::string::npos);
  host_.set_most_threads(100);
  EXPECT_TRUE(TelnetClient(bind()).connected());
}

TEST(TelnetStop, EndsSessionsAndThreads) {
  FakeHost host;
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool open = false;
  host.set_actor([&](auto, std::string_view operation, auto) -> FakeHost::Reply {
    if (operation == "ReceiveText") {
      const BlockingScope waiting;
      std::unique_lock lock(mutex);
      inside = true;
      changed.notify_all();
      changed.wait_for(lock, 20s, [&] { return open; });
    }
    return {TRELLIS_OK, codec::encode(codec::telnet::TelnetResult{true, {}})};
  });
  auto provider = std::make_unique<ProviderInstance>(host, *providers::telnet::table());
  const std::string actor = "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  ASSERT_TRUE(provider->bind(actor, {{"BIND", "127.0.0.1:0"}, {"REQUIRE_ANSI", "false"}}));
  std::uint16_t port = 0;
  for (const auto& line : host.logs()) {
    if (!line.text.starts_with("listening on ")) continue;
    port = static_cast<std::uint16_t>(std::stoul(line.text.substr(line.text.find("0.1:") + 4)));
  }
  TelnetClient busy(port);
  TelnetClient idle(port);
  busy.send("x\r");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 20s, [&] { return inside; }));
  }
  std::thread stopping([&] { provider.reset(); });
  EXPECT_TRUE(idle.closed());
  {
    const std::scoped_lock lock(mutex);
    open = true;
    changed.notify_all();
  }
  EXPECT_TRUE(busy.closed());
  stopping.join();
  EXPECT_EQ(host.live_buffers(), 0);
  EXPECT_EQ(host.bad_completions(), 0);
}

/// Provider under test as a library of its own.
class TelnetModuleTest : public TelnetTest {
 protected:
  TelnetModuleTest() : TelnetTest(open_module(TRELLIS_LIBRARIES "/trellis-telnet.so")) {}
};

TEST_F(TelnetModuleTest, TheModuleIsTheSameProvider) {
  EXPECT_STREQ(open_module(TRELLIS_LIBRARIES "/trellis-telnet.so").contract_id, "wasmcloud:telnet");
  const auto port = bind();
  TelnetClient client(port);
  client.be_ansi();
  client.send("module\r");
  EXPECT_EQ(told(1).text, "module");
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace trellis::test
