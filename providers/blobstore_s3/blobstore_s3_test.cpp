// Behaviour of the blob store on S3 beyond the contract: signatures, parts, servers that misbehave.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <mutex>

#include "base/text.hpp"
#include "providers/blobstore_s3/credentials.hpp"
#include "providers/blobstore_s3/s3_client.hpp"
#include "providers/blobstore_s3/s3_fixture.hpp"
#include "providers/blobstore_s3/sigv4.hpp"
#include "providers/blobstore_s3/xml.hpp"
#include "support/scripted_server.hpp"

namespace trellis::providers {
namespace {

using namespace blobstore_s3;

// The examples of the Amazon S3 API reference ("Signature Calculations for the Authorization
// Header"): its access key and secret are published there.
const Credentials example = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             ""};

std::string signature(std::string_view method, std::string_view path, std::string_view query,
                      std::map<std::string, std::string> headers, std::string_view body = {}) {
  const auto hash = sha256_hex(as_bytes(body));
  headers["host"] = "examplebucket.s3.amazonaws.com";
  headers["x-amz-content-sha256"] = hash;
  headers["x-amz-date"] = "20130524T000000Z";
  const auto text = authorization({method, path, query, std::move(headers), hash}, example,
                                  "us-east-1", "s3", "20130524T000000Z");
  return text.substr(text.find("Signature=") + 10);
}

TEST(SigV4, AgreesWithThePublishedExamples) {
  EXPECT_EQ(signature("GET", "/test.txt", "", {{"range", "bytes=0-9"}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(signature("PUT", "/test%24file.text", "",
                      {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                      "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(signature("GET", "/", "lifecycle=", {}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature("GET", "/", "max-keys=2&prefix=J", {}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, EncodesAsTheSignatureWants) {
  EXPECT_EQ(uri_encode("a b/ü~-_.", true), "a%20b/%C3%BC~-_.");
  EXPECT_EQ(uri_encode("a/b", false), "a%2Fb");
  EXPECT_EQ(amz_date(WallTime(std::chrono::seconds(1369353600))), "20130524T000000Z");
}

TEST(S3Xml, ListingsAreRead) {
  const auto listing = parse_listing(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;k</NextContinuationToken>"
      "<Contents><Key>a&lt;b</Key><Size>12</Size><Owner><ID>1</ID></Owner></Contents>"
      "<Contents><Size>0</Size><Key>c</Key></Contents></ListBucketResult>");
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_TRUE(listing->truncated);
  EXPECT_EQ(listing->next, "t&k");
  ASSERT_EQ(listing->objects.size(), 2U);
  EXPECT_EQ(listing->objects[0].key, "a<b");
  EXPECT_EQ(listing->objects[0].size, 12U);
  EXPECT_EQ(listing->objects[1].key, "c");
}

TEST(S3Xml, WhatIsNoneIsRefused) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (const std::string& text :
       {std::string(), std::string("no xml"), std::string("<a><b></a>"), deep,
        std::string("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"),
        std::string("<L><Contents><Key>a</Key><Size>-1</Size></Contents></L>"),
        std::string("<L><IsTruncated>true</IsTruncated></L>"),
        "<L><Name>" + std::string(100'000, 'x') + "</Name></L>"}) {
    EXPECT_FALSE(parse_listing(text)) << text.substr(0, 40);
    EXPECT_FALSE(parse_upload_id(text)) << text.substr(0, 40);
    EXPECT_EQ(parse_problem(text).code, "") << text.substr(0, 40);
  }
}

class S3Blobs : public BlobTest {
 protected:
  S3Blobs() : BlobTest(std::make_unique<S3Backend>(false)) {}
};

TEST_F(S3Blobs, LargeObjectsGoInParts) {
  create("box");
  std::string content;
  for (std::size_t i = 0; content.size() < 20'000'000; ++i) content += std::to_string(i * 7919);
  ASSERT_EQ(put("box", "big", content, 3'000'000), "ok");
  EXPECT_EQ(info("box", "big").byte_size, content.size());
  EXPECT_TRUE(get("box", "big", 5'000'000) == content);
}

TEST_F(S3Blobs, KeysAreAnyText) {
  create("box");
  for (const auto key : {"a/b/c", "with blank", "ü", "a+b&c=d?e#f", "%41", "..."}) {
    ASSERT_EQ(put("box", key, "content"), "ok") << key;
    EXPECT_EQ(get("box", key), "content") << key;
    EXPECT_EQ(remove("box", key), "ok") << key;
  }
  for (const auto key : {"", "a/../b", "..", "./a", "a\nb"}) {
    EXPECT_EQ(put("box", key, "content").substr(0, 4), "no: ") << key;
  }
  for (const auto bucket : {"", "a", "../x", "a/b", "a b"}) {
    EXPECT_EQ(create(bucket).substr(0, 7), "error: ") << bucket;
  }
}

// A stub, because s3rver answers 500 for buckets of more than a thousand objects.
TEST_F(S3Blobs, ListsGoOnFromPageToPage) {
  const auto page = [](std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  };
  const test::ScriptedServer stub([&](int socket) {
    for (int number = 0; test::ScriptedServer::wait_for_bytes(socket); ++number) {
      std::string objects;
      for (int i = 0; i < 1000; ++i) {
        objects += "<Contents><Key>object" + std::to_string(10'000 + number * 1000 + i) +
                   "</Key><Size>7</Size></Contents>";
      }
      const bool more = number < 2;
      test::ScriptedServer::say(
          socket, page("<L>" + objects +
                       (more ? "<IsTruncated>true</IsTruncated>"
                               "<NextContinuationToken>a/b+c=</NextContinuationToken></L>"
                             : "</L>")));
    }
  });
  const auto values = s3_values("http://127.0.0.1:" + std::to_string(stub.port()));
  ASSERT_TRUE(provider_.bind("MA", values));
  const auto all = list("box");
  ASSERT_EQ(all.size(), 3000U) << all.at(0).first;
  EXPECT_EQ(all.front().first, "object10000");
  EXPECT_EQ(all.back().first, "object12999");
  auto few = values;
  few["MAX_OBJECTS"] = "1000";
  ASSERT_TRUE(provider_.bind("MA", few));
  EXPECT_NE(list("box").at(0).first.find("more than 1000"), std::string::npos);
}

// The server of the tests knows access keys but does not check signatures of version 4: that they
// are right is shown by the published examples above.
TEST_F(S3Blobs, WrongKeysAreDenied) {
  ASSERT_TRUE(bind("MA", {{"AWS_ACCESS_KEY", "WRONG"}}));
  EXPECT_NE(create("box").find("403"), std::string::npos) << create("box");
}

TEST_F(S3Blobs, ServersThatMisbehaveAreErrors) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  for (const std::string& answer :
       {head + "7\r\n\r\nno xml!", head + "100\r\n\r\n<L><Contents>",
        std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                    "Content-Length: 0\r\n\r\n"),
        head + "41\r\n\r\n<L><IsTruncated>true</IsTruncated></L>...",
        std::string("garbage\r\n\r\n")}) {
    const test::ScriptedServer stub(answer);
    auto values = s3_values("http://127.0.0.1:" + std::to_string(stub.port()));
    values["TIMEOUT_MS"] = "500";
    ASSERT_TRUE(provider_.bind("MA", values));
    EXPECT_EQ(list("box").at(0).first.substr(0, 7), "error: ") << answer;
    static_cast<void>(start_download("box", "a", 10));  // to a HEAD such an answer can be right
  }
}

/// Requests that a server got: "GET /bucket?list-type=2", and the host.
struct Asked {
  std::mutex mutex;
  std::string line;
  std::string host;
};

TEST_F(S3Blobs, EndpointsHavePathsAndBucketsMayBeHosts) {
  Asked asked;
  const test::ScriptedServer server([&](int socket) {
    char bytes[8192];
    const auto size = ::recv(socket, bytes, sizeof bytes, 0);
    const std::string head(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    {
      const std::scoped_lock lock(asked.mutex);
      asked.line = head.substr(0, head.find_first_of("?\r"));
      const auto host = head.find("Host: ") + 6;
      asked.host = head.substr(host, head.find('\r', host) - host);
    }
    test::ScriptedServer::say(socket,
                              "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n");
  });
  const auto port = std::to_string(server.port());
  const auto seen = [&](codec::StringMap more) {
    auto values = s3_values(more.at("ENDPOINT"));
    for (auto& [key, value] : more) values[key] = value;
    const auto bound = provider_.bind("MA", values);
    EXPECT_TRUE(bound) << bound.error().message;
    static_cast<void>(list("box"));
    const std::scoped_lock lock(asked.mutex);
    return asked.host + " " + asked.line;
  };
  const auto host = "127.0.0.1:" + port;
  EXPECT_EQ(seen({{"ENDPOINT", "http://" + host}}), host + " GET /box");
  EXPECT_EQ(seen({{"ENDPOINT", "http://" + host + "/store/s3/"}}), host + " GET /store/s3/box");
  // localhost has all names below it.
  EXPECT_EQ(seen({{"ENDPOINT", "http://localhost:" + port + "/x"}, {"ADDRESSING", "virtual"}}),
            "box.localhost:" + port + " GET /x");
  ASSERT_TRUE(provider_.bind("MA", [&] {
    auto values = s3_values("http://localhost:" + port);
    values["ADDRESSING"] = "virtual";
    return values;
  }()));
  EXPECT_NE(list("under_score").at(0).first.find("cannot be part of a host's name"),
            std::string::npos)
      << list("under_score").at(0).first;
}

TEST_F(S3Blobs, ATokenEndsWhenItsTimeIsOver) {
  auto values = backend_->link_values();
  values["TOKEN_VALID_FOR"] = "60";
  EXPECT_NE(provider_.bind("MB", values).error().message.find("TOKEN_VALID_FOR"),
            std::string::npos);
  values["AWS_TOKEN"] = "session";
  EXPECT_TRUE(provider_.bind("MB", values));
  const auto no_variables = [](const char*) { return std::optional<std::string>(); };
  auto options = read_options(values, no_variables);
  ASSERT_TRUE(options && options->token_ends);
  options->token_ends = std::chrono::steady_clock::now();
  S3Client client(*options, {});
  const auto late = client.send({.method = "GET", .bucket = "box"},
                                std::chrono::steady_clock::now() + std::chrono::seconds(5));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::denied);
}

TEST(S3Credentials, ComeFromLinkEnvironmentOrProfile) {
  const test::TempDir folder;
  const auto file = (folder.path() / "credentials").string();
  std::ofstream(file) << "# comment\n[default]\naws_access_key_id = A\naws_secret_access_key=S\n"
                         "[ other ]\nAWS_ACCESS_KEY_ID=B\naws_secret_access_key = T=\n"
                         "aws_session_token = K\n[broken]\naws_access_key_id=C\n";
  codec::StringMap variables{{"AWS_SHARED_CREDENTIALS_FILE", file}};
  const auto environment = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const auto read = [&](codec::StringMap values) {
    const auto made = read_credentials(values, environment);
    return made ? made->access_key + "/" + made->secret + "/" + made->token
                : "error: " + made.error().message;
  };
  EXPECT_EQ(read({{"AWS_ACCESS_KEY", "L"}, {"AWS_SECRET_ACCESS_KEY", "M"}}), "L/M/");
  EXPECT_EQ(
      read({}),
      "error: the link (AWS_ACCESS_KEY, AWS_SECRET_ACCESS_KEY) has no access key with its secret");
  EXPECT_EQ(read({{"KEYS_FROM", "profile"}}), "A/S/");
  EXPECT_EQ(read({{"KEYS_FROM", "profile:other"}}), "B/T=/K");
  EXPECT_EQ(read({{"KEYS_FROM", "profile:broken"}}),
            "error: " + file + ": no profile \"broken\" with an access key and its secret");
  variables["AWS_PROFILE"] = "other";
  EXPECT_EQ(read({{"KEYS_FROM", "profile"}}), "B/T=/K");
  EXPECT_TRUE(read({{"KEYS_FROM", "environment"}}).starts_with("error: the environment"));
  variables["AWS_ACCESS_KEY_ID"] = "E";
  variables["AWS_SECRET_ACCESS_KEY"] = "F";
  EXPECT_EQ(read({{"KEYS_FROM", "environment"}}), "E/F/");
  EXPECT_TRUE(read({{"KEYS_FROM", "else"}}).contains("not known"));
  EXPECT_TRUE(read({{"KEYS_FROM", "environment"}, {"AWS_ACCESS_KEY", "L"}}).contains("no use"));
  variables["AWS_SHARED_CREDENTIALS_FILE"] = "/nowhere/credentials";
  EXPECT_TRUE(read({{"KEYS_FROM", "profile"}}).contains("/nowhere/credentials"));
}

TEST_F(S3Blobs, BadLinkValuesAreNamed) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"AWS_ACCESS_KEY", ""},
                                                        {"ENDPOINT", "ftp://x"},
                                                        {"TIMEOUT_MS", "1"},
                                                        {"CA_FILE", "/none/such"},
                                                        {"ENDPOINT", "https://host/?a=b"},
                                                        {"ADDRESSING", "both"},
                                                        {"HTTP_PROXY", "ftp://S3RVER:S3RVER@proxy"},
                                                        {"REGIONS", "x"}}) {
    const auto bound = bind("MB", {{key, value}});
    ASSERT_FALSE(bound) << key;
    EXPECT_NE(bound.error().message.find(key), std::string::npos) << bound.error().message;
    EXPECT_EQ(bound.error().message.find("S3RVER"), std::string::npos) << "no secrets";
  }
}

}  // namespace
}  // namespace trellis::providers
