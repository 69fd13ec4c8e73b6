// TLS with throw-away certificates.
#include <gtest/gtest.h>

#include <cstdlib>

#include "nats/nats_fixture.hpp"
#include "support/temp_dir.hpp"

namespace trellis::nats {
namespace {

class TlsTest : public NatsTest {
 protected:
  void SetUp() override {
    const auto folder = folder_.path().string();
    // Two authorities; a server's certificate for loopback, one for another name, one of a client.
    const auto script = "cd '" + folder + R"(' && exec >openssl.log 2>&1 </dev/null && set -e
key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
authority() { key $1; openssl req -x509 -new -key $1.key -subj /CN=$1 -days 2 -out $1.pem; }
signed() { key $1; echo "subjectAltName=$2" >$1.ext
  openssl req -new -key $1.key -subj /CN=$1 -out $1.csr
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile $1.ext -out $1.pem; }
authority ca; authority other
signed server IP:127.0.0.1,DNS:localhost; signed stranger DNS:elsewhere.example; signed client DNS:client
)";
    ASSERT_EQ(std::system(script.c_str()), 0) << "openssl failed; see openssl.log";
  }
  [[nodiscard]] std::string file(std::string_view name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] std::string config(std::string_view name, std::string_view more = {}) const {
    return "tls { cert_file: \"" + file(std::string(name) + ".pem") + "\", key_file: \"" +
           file(std::string(name) + ".key") + "\" " + std::string(more) + " }";
  }
  [[nodiscard]] std::string mutual() const {
    return config("server", ", ca_file: \"" + file("ca.pem") + "\", verify: true");
  }
  void expect_works(const NatsOptions& options) const {
    EXPECT_TRUE(connected(options)->flush(far()));
  }
  void expect_fails(const NatsOptions& options, std::string_view why) const {
    const auto before = logged(why);
    const auto transport = connect(options);
    EXPECT_TRUE(eventually([&] { return logged(why) > before; })) << why;
    EXPECT_NE(transport->state(), TransportState::connected);
  }

  test::TempDir folder_;
};

TEST_F(TlsTest, TheAuthorityDecides) {
  const NatsServer server(config("server"));
  auto options = server.options();
  options.tls.ca_file = file("ca.pem");
  expect_works(options);
  options.tls.required = true;
  expect_works(options);
  options.tls.ca_file = file("other.pem");
  expect_fails(options, "TLS fails");
  options.tls.ca_file.clear();
  expect_fails(options, "check the certificate authority");
  options.tls.skip_verification = true;
  expect_works(options);
}

TEST_F(TlsTest, TheSchemeAsksForTls) {
  const NatsServer server(config("server"));
  auto options = server.options();
  options.servers = {"tls://localhost:" + std::to_string(server.port())};
  options.tls.ca_file = file("ca.pem");
  expect_works(options);
}

TEST_F(TlsTest, ACertificateForAnotherNameIsRefused) {
  const NatsServer server(config("stranger"));
  auto options = server.options();
  options.tls.ca_file = file("ca.pem");
  expect_fails(options, "TLS fails");
}

TEST_F(TlsTest, TlsIsNotGivenUpWhenRequired) {
  const NatsServer plain;
  auto options = plain.options();
  options.tls.required = true;
  expect_fails(options, "the server does not offer it");
}

TEST_F(TlsTest, TheServerMayWantAClientCertificate) {
  const NatsServer server(mutual());
  auto options = server.options();
  options.tls.ca_file = file("ca.pem");
  const auto without = connect(options);
  EXPECT_NE(without->state(), TransportState::connected);
  options.tls.cert_file = file("client.pem");
  options.tls.key_file = file("client.key");
  expect_works(options);
}

TEST_F(TlsTest, SubscriptionsSurviveAReconnect) {
  NatsServer server(config("server"));
  auto options = server.options();
  options.tls.ca_file = file("ca.pem");
  const auto transport = connected(options);
  const auto echo = echo_on(*transport, "echo");
  server.restart();
  EXPECT_TRUE(
      eventually([&] { return request_and_wait(*transport, "echo", {}, far()).has_value(); }));
}

TEST_F(TlsTest, FilesThatAreNoneAreRefused) {
  NatsOptions options;
  options.tls.ca_file = file("absent.pem");
  auto made = connect_nats(options, log());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(made.error().message.find("absent.pem"), std::string::npos);
  options.tls.ca_file.clear();
  options.tls.cert_file = file("client.pem");
  made = connect_nats(options, log());
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("needs its key"), std::string::npos);
  options.tls.key_file = file("server.key");  // not its key
  EXPECT_FALSE(connect_nats(options, log()));
}

}  // namespace
}  // namespace trellis::nats
