// What the blob store on S3 does beyond the contract: signatures, parts, servers that misbehave.
#include <gtest/gtest.h>

#include "base/text.hpp"
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

TEST_F(S3Blobs, BadLinkValuesAreNamed) {
  for (const auto& [key, value] : codec::StringMap{{"AWS_ACCESS_KEY", ""},
                                                   {"ENDPOINT", "ftp://x"},
                                                   {"TIMEOUT_MS", "1"},
                                                   {"CA_FILE", "/none/such"},
                                                   {"REGIONS", "x"}}) {
    const auto bound = bind("MB", {{key, value}});
    ASSERT_FALSE(bound) << key;
    EXPECT_NE(bound.error().message.find(key), std::string::npos) << bound.error().message;
    EXPECT_EQ(bound.error().message.find("S3RVER"), std::string::npos) << "no secrets";
  }
}

}  // namespace
}  // namespace trellis::providers
