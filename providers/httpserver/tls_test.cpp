// HTTPS with a certificate that openssl makes for the test.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "providers/httpserver/http_fixture.hpp"

namespace trellis::test {
namespace {

namespace net = boost::asio;

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trellis-tls-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class HttpTlsTest : public HttpServerTest {
 protected:
  void SetUp() override {
    const auto command = fmt::format(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        "-subj /CN=localhost -keyout {} -out {} >/dev/null 2>&1",
        key(), cert());
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "the openssl program is missing";
  }
  [[nodiscard]] std::string key() const { return folder_.file("key.pem"); }
  [[nodiscard]] std::string cert() const { return folder_.file("cert.pem"); }
  [[nodiscard]] codec::StringMap tls() const { return {{"TLS_CERT", cert()}, {"TLS_KEY", key()}}; }

  Folder folder_;
};

/// A blocking TLS client. Throws what goes wrong.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int max_version = 0)
      : context_(net::ssl::context::tls_client) {
    if (max_version != 0) {
      ::SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_VERSION);
      ::SSL_CTX_set_max_proto_version(context_.native_handle(), max_version);
      context_.set_options(0);
      ::SSL_CTX_set_security_level(context_.native_handle(), 0);
    }
    stream_.emplace(io_, context_);
    stream_->next_layer().connect({net::ip::address_v4::loopback(), port});
    stream_->handshake(net::ssl::stream_base::client);
  }
  std::string ask(std::string_view request, std::string_view end) {
    net::write(*stream_, net::buffer(request));
    while (input_.find(end) == std::string::npos) {
      std::array<char, 4096> piece{};
      boost::system::error_code error;
      const auto count = stream_->read_some(net::buffer(piece), error);
      input_.append(piece.data(), count);
      if (error) break;
    }
    return std::exchange(input_, {});
  }

 private:
  net::io_context io_;
  net::ssl::context context_;
  std::optional<net::ssl::stream<net::ip::tcp::socket>> stream_;
  std::string input_;
};

TEST_F(HttpTlsTest, Serves) {
  const auto port = bind(tls());
  EXPECT_TRUE(logged(fmt::format("listening on https://127.0.0.1:{}", port)));
  TlsClient client(port);
  for (int i = 0; i < 3; ++i) {
    const auto answer =
        client.ask("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello", "hello");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello")) << answer;
  }
  const std::string large(300'000, 'x');
  const auto answer =
      client.ask(fmt::format("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}",
                             large.size() + 3, large + "END"),
                 "END");
  EXPECT_TRUE(answer.ends_with(large + "END"));
  EXPECT_NE(client.ask("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "\r\n\r\nNEVER")
                .find("connection: close"),
            std::string::npos);
}

TEST_F(HttpTlsTest, OldVersionsAreRefused) {
  const auto port = bind(tls());
  EXPECT_THROW(TlsClient(port, TLS1_1_VERSION), boost::system::system_error);
  TlsClient modern(port, TLS1_2_VERSION);
  EXPECT_TRUE(
      modern.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "host=t").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpTlsTest, PlainTextAndSilenceAreClosed) {
  auto values = tls();
  values["HEADER_TIMEOUT_MS"] = "100";
  const auto port = bind(values);
  HttpClient plain(port);
  plain.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(plain.closed());
  HttpClient silent(port);
  EXPECT_TRUE(silent.closed());
  TlsClient client(port);
  EXPECT_TRUE(
      client.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "host=t").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpTlsTest, UnusableFilesAreNamed) {
  EXPECT_NE(bind_error({{"TLS_CERT", "/nowhere"}, {"TLS_KEY", key()}}).find("TLS_CERT"),
            std::string::npos);
  EXPECT_NE(bind_error({{"TLS_CERT", cert()}, {"TLS_KEY", "/nowhere"}}).find("/nowhere"),
            std::string::npos);
  std::ofstream(folder_.file("bad.pem")) << "no key";
  EXPECT_NE(
      bind_error({{"TLS_CERT", cert()}, {"TLS_KEY", folder_.file("bad.pem")}}).find("TLS_KEY"),
      std::string::npos);
}

TEST_F(HttpTlsTest, LinksOnOneAddressHaveTheSameCertificate) {
  auto values = tls();
  values["HOSTS"] = "a.example";
  const auto port = bind(values);
  values["BIND"] = fmt::format("127.0.0.1:{}", port);
  values["HOSTS"] = "b.example";
  ASSERT_TRUE(provider_.bind(other, values));
  TlsClient client(port);
  for (const auto* host : {"a.example", "b.example"}) {
    const auto request = fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", host);
    EXPECT_TRUE(client.ask(request, std::string("host=") + host).starts_with("HTTP/1.1 200"));
  }
  // Going away does not read the files again.
  std::filesystem::remove(cert());
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_TRUE(client.ask("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n", "host=b.example")
                  .starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(client.ask("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "here\n")
                  .starts_with("HTTP/1.1 404"));
  const auto text =
      bind_error({{"BIND", fmt::format("127.0.0.1:{}", port)}, {"HOSTS", "c.example"}});
  EXPECT_NE(text.find("TLS_CERT"), std::string::npos) << text;
}

TEST_F(HttpTlsTest, RemovingAndStoppingWithOpenConnections) {
  const auto port = bind(tls());
  TlsClient client(port);
  client.ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "host=t");
  ASSERT_TRUE(provider_.remove(actor));
  EXPECT_FALSE(HttpClient(port).connected());
  EXPECT_EQ(client.ask("", "NEVER"), "");
}

}  // namespace
}  // namespace trellis::test
