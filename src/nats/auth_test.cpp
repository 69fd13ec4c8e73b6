// Each kind of credentials, accepted and refused (host.md 12.3).
#include <gtest/gtest.h>

#include <fstream>

#include "nats/nats_fixture.hpp"
#include "support/nats_accounts.hpp"

namespace trellis::nats {
namespace {

using identity::KeyType;
using test::NatsAccounts;

class AuthTest : public NatsTest {
 protected:
  void expect_accepted(const NatsOptions& options) const {
    const auto transport = connected(options);
    EXPECT_TRUE(transport->flush(far()));
  }
  void expect_rejected(const NatsOptions& options) const {
    const auto before = logged("the server refuses these credentials");
    const auto transport = connect(options);
    EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::disconnected; }));
    EXPECT_EQ(transport->publish("a", {}, {}).error().code, ErrorCode::unavailable);
    EXPECT_GT(logged("the server refuses these credentials"), before);
    EXPECT_GT(logged("or credentials file, and whether they expired"), 0U);
  }
  void expect_invalid(const NatsOptions& options, std::string_view why) const {
    const auto made = connect_nats(options, log());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::invalid_argument) << made.error().message;
    EXPECT_NE(made.error().message.find(why), std::string::npos) << made.error().message;
    EXPECT_NE(made.error().remedy, "");
  }
  static std::string write(const NatsServer& server, std::string_view name, std::string_view text) {
    const auto path = server.folder() / name;
    std::ofstream(path) << text;
    return path.string();
  }
};

TEST_F(AuthTest, UserAndPassword) {
  // The quotes must not end the JSON text of CONNECT.
  const NatsServer server(R"(authorization { user: "al\"ice", password: "s\\e\"cret" })");
  auto options = server.options();
  options.user = "al\"ice";
  options.password = "s\\e\"cret";
  expect_accepted(options);
  options.password = "wrong";
  expect_rejected(options);
  expect_rejected(server.options());
  EXPECT_EQ(logged("wrong"), 0U) << "a password was logged";
}

TEST_F(AuthTest, UserAndPasswordInTheAddress) {
  const NatsServer server(R"(authorization { user: alice, password: hidden })");
  auto options = server.options();
  options.servers = {"nats://alice:hidden@" + server.address()};
  expect_accepted(options);
  options.servers = {"nats://alice:hidden2@" + server.address()};
  expect_rejected(options);
  EXPECT_EQ(logged("hidden"), 0U) << "a password was logged";
}

TEST_F(AuthTest, ALoginInTheAddressIsPercentEncoded) {
  const NatsServer server(R"(authorization { user: "al@ice", password: "s:e/c\"r%et" })");
  auto options = server.options();
  options.servers = {"nats://al%40ice:s%3Ae%2Fc%22r%25et@" + server.address()};
  expect_accepted(options);
  options.servers = {"nats://other:x@127.0.0.1:1", options.servers[0]};
  expect_invalid(options, "different users or passwords");
  const NatsServer token_server(R"(authorization { token: "t@ken" })");
  options.servers = {"nats://t%40ken@" + token_server.address()};
  expect_accepted(options);
}

/// Permissions of a user.
constexpr auto permissions = R"(authorization { users: [ { user: app, password: pw, permissions: {
  publish: ["allowed", "_INBOX.>", "own.>"], subscribe: ["allowed", "own.>"] } } ] })";

TEST_F(AuthTest, WhatTheServerDoesNotPermitReachesWhoAsked) {
  const NatsServer server(permissions);
  auto options = server.options();
  options.user = "app";
  options.password = "pw";
  options.inbox_prefix = "own.inbox";
  const auto transport = connected(options);
  const auto sender = transport->new_inbox();
  EXPECT_TRUE(sender.starts_with("own.inbox.")) << sender;
  auto echo = transport->subscribe("allowed", {}, [&](const Message& message) {
    ASSERT_TRUE(transport->publish(message.reply, message.payload, {}));
  });
  ASSERT_TRUE(echo && transport->flush(far()));
  const auto answer = request_and_wait(*transport, "allowed", as_bytes("x"), far());
  ASSERT_TRUE(answer) << answer.error().message;
  const auto denied = request_and_wait(*transport, "forbidden", as_bytes("x"), far());
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::denied);
  EXPECT_EQ(denied.error().message,
            "the NATS server does not permit this user to publish to forbidden");
  EXPECT_FALSE(denied.error().remedy.empty());
  const auto deaf = transport->subscribe("secret.>", {}, [](const Message&) {});
  ASSERT_TRUE(deaf);
  EXPECT_TRUE(eventually([&] { return transport->refusal("secret.>").has_value(); }));
  EXPECT_FALSE(transport->refusal("allowed"));
}

TEST_F(AuthTest, WhoMayNotHaveAnswersIsToldAtOnce) {
  const NatsServer server(permissions);
  auto options = server.options();
  options.user = "app";
  options.password = "pw";
  const auto transport = connected(options);
  const auto denied = request_and_wait(*transport, "allowed", as_bytes("x"), far());
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::denied);
  EXPECT_TRUE(denied.error().remedy.contains("--inbox-prefix")) << denied.error().remedy;
  options.inbox_prefix = "bad prefix";
  expect_invalid(options, "inbox prefix");
}

TEST_F(AuthTest, Token) {
  const NatsServer server(R"(authorization { token: "t0ken" })");
  auto options = server.options();
  options.token = "t0ken";
  expect_accepted(options);
  options.token = "other";
  expect_rejected(options);
}

TEST_F(AuthTest, NkeySeedAlone) {
  const auto user = NatsAccounts::make(KeyType::user);
  const NatsServer server("authorization { users: [ { nkey: " + user.public_key().text() +
                          " } ] }");
  auto options = server.options();
  options.seed = "  " + user.seed_text() + "\n";
  expect_accepted(options);
  options.seed = NatsAccounts::make(KeyType::user).seed_text();
  expect_rejected(options);
  EXPECT_EQ(logged(options.seed), 0U) << "a seed was logged";
}

TEST_F(AuthTest, AServerWithoutKeysSendsNoNonce) {
  const NatsServer server;
  auto options = server.options();
  options.seed = NatsAccounts::make(KeyType::user).seed_text();
  const auto transport = connect(options);
  EXPECT_NE(transport->state(), TransportState::connected);
  EXPECT_GE(logged("the server sent no nonce"), 1U);
}

TEST_F(AuthTest, JwtAndSeed) {
  const NatsAccounts accounts;
  const auto user = NatsAccounts::make(KeyType::user);
  const NatsServer server(accounts.config());
  auto options = server.options();
  options.jwt = "\n" + accounts.user_jwt(user) + " \n";
  options.seed = user.seed_text() + "\n";
  expect_accepted(options);
  options.seed = NatsAccounts::make(KeyType::user).seed_text();
  expect_rejected(options);
  options.seed = user.seed_text();
  options.jwt = accounts.user_jwt(user, 1'000'000'000);
  expect_rejected(options);
  options.jwt = NatsAccounts().user_jwt(user);
  expect_rejected(options);
}

TEST_F(AuthTest, CredentialsFile) {
  const NatsAccounts accounts;
  const auto user = NatsAccounts::make(KeyType::user);
  const NatsServer server(accounts.config());
  auto options = server.options();
  options.creds_file = write(server, "user.creds",
                             NatsAccounts::creds_file(accounts.user_jwt(user), user.seed_text()));
  expect_accepted(options);
  options.creds_file = write(server, "no.creds", "nothing of the kind");
  expect_invalid(options, "not a NATS credentials file");
  options.creds_file = server.folder() / "absent";
  const auto absent = connect_nats(options, log());
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
}

TEST_F(AuthTest, ACredentialsFileIsReadByLines) {
  const NatsAccounts accounts;
  // A token is base64url: hyphens may stand anywhere in it.
  auto user = NatsAccounts::make(KeyType::user);
  auto jwt = accounts.user_jwt(user);
  for (int i = 0; i < 100'000 && !jwt.contains("---"); ++i) {
    user = NatsAccounts::make(KeyType::user);
    jwt = accounts.user_jwt(user);
  }
  ASSERT_TRUE(jwt.contains("---"));
  const NatsServer server(accounts.config());
  auto options = server.options();
  const auto seed = user.seed_text();
  for (const auto& text :
       {NatsAccounts::creds_file(jwt, seed), "-----BEGIN USER JWT-----\r\n" + jwt +
                                                 "\r\n-----END USER JWT-----\r\n\r\n" +
                                                 "---SEED---\r\n" + seed + "\r\n---END---\r\n"}) {
    options.creds_file = write(server, "user.creds", text);
    expect_accepted(options);
  }
  for (const auto& text :
       {"-----BEGIN X-----\n" + jwt + "\n", "-----BEGIN X-----\n" + jwt + "\n-----END X-----\n",
        jwt + "\n" + seed, std::string("---\n---\n")}) {
    options.creds_file = write(server, "bad.creds", text);
    expect_invalid(options, "not a NATS credentials file");
  }
}

TEST_F(AuthTest, ARenewedCredentialsFileEndsARejection) {
  const NatsAccounts accounts;
  const auto user = NatsAccounts::make(KeyType::user);
  const NatsServer server(accounts.config());
  auto options = server.options();
  const auto expired = accounts.user_jwt(user, 1'000'000'000);
  options.creds_file =
      write(server, "user.creds", NatsAccounts::creds_file(expired, user.seed_text()));
  const auto transport = connect(options);
  EXPECT_EQ(transport->state(), TransportState::disconnected);
  write(server, "user.creds", NatsAccounts::creds_file(accounts.user_jwt(user), user.seed_text()));
  EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
}

TEST_F(AuthTest, CredentialsThatExpireEndTheConnectionNotTheTrying) {
  const NatsAccounts accounts;
  const auto user = NatsAccounts::make(KeyType::user);
  const NatsServer server(accounts.config());
  auto options = server.options();
  const auto soon = std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count() +
                    3;
  options.jwt = accounts.user_jwt(user, soon);
  options.seed = user.seed_text();
  const auto transport = connected(options);
  EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::disconnected; }));
  EXPECT_TRUE(eventually([&] { return logged("the server refuses these credentials") > 0; }));
}

TEST_F(AuthTest, RejectionsAreRetriedForEver) {
  NatsServer server(R"(authorization { token: "new" })");
  auto options = server.options();
  options.token = "old";
  const auto transport = connect(options);
  EXPECT_TRUE(eventually([&] {
    const auto text = server.log();
    std::size_t refusals = 0;
    for (auto at = text.find("authentication error"); at != std::string::npos;
         at = text.find("authentication error", at + 1)) {
      ++refusals;
    }
    return refusals >= 4;
  }));
  server.configure(R"(authorization { token: "old" })");
  server.restart();
  EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
}

TEST_F(AuthTest, HalfOfAPairIsRefused) {
  NatsOptions options;
  options.jwt = "a.b.c";
  expect_invalid(options, "without its seed");
  options = {};
  options.password = "x";
  expect_invalid(options, "without a user");
  options = {};
  options.seed = "x";
  options.creds_file = "/nowhere";
  expect_invalid(options, "without its JWT");
}

TEST_F(AuthTest, TextsThatAreNoneAreRefusedWithoutQuotingThem) {
  NatsOptions options;
  options.seed = "SUAsecret";
  expect_invalid(options, "seed is not usable");
  options.seed = NatsAccounts::make(KeyType::account).seed_text();
  expect_invalid(options, "not user");
  options.seed = NatsAccounts::make(KeyType::user).seed_text();
  options.jwt = R"(x","pass":"y)";
  expect_invalid(options, "JWT is no token");
  const auto made = connect_nats(options, log());
  EXPECT_EQ(made.error().message.find(options.seed), std::string::npos);
}

}  // namespace
}  // namespace trellis::nats
