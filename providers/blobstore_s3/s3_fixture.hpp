// A blob store provider over a real S3 server (s3rver, from npm), for the conformance tests.
#pragma once

#include "providers/blobstore/blobstore_fixture.hpp"

namespace trellis::providers {

/// On a free port; ends with the test.
class S3Server {
 public:
  S3Server() {
    const std::string program = TRELLIS_S3_SERVER;
    if (!std::filesystem::exists(program)) {
      ADD_FAILURE() << "the S3 server is missing (" << program << "): run scripts/setup.sh test";
      return;
    }
    std::filesystem::create_directory(folder_.path() / "data");
    EXPECT_TRUE(process_.start(
        {TRELLIS_NODE_PROGRAM, program, "-d", (folder_.path() / "data").string(), "-a", "127.0.0.1",
         "-p", std::to_string(port_), "--silent", "--no-vhost-buckets"},
        [this] { return test::is_listening(port_); }))
        << "s3rver does not start";
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  const test::TempDir folder_;
  const std::uint16_t port_ = test::free_port();
  test::ServerProcess process_;
};

/// Its keys are those that s3rver knows.
inline codec::StringMap s3_values(std::string endpoint) {
  return {{"ENDPOINT", std::move(endpoint)},
          {"AWS_ACCESS_KEY", "S3RVER"},
          {"AWS_SECRET_ACCESS_KEY", "S3RVER"}};
}

class S3Backend final : public BlobBackend {
 public:
  explicit S3Backend(bool library) : library_(library) {}
  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-blobstore_s3.so")
                    : *find_builtin("builtin:blobstore-s3");
  }
  [[nodiscard]] codec::StringMap link_values() const override { return s3_values(server_.url()); }

 private:
  bool library_;
  S3Server server_;
};

}  // namespace trellis::providers
