// A real server program for one test: loopback, a free port, gone when the test ends.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {

/// What is the same for each of them. One thread.
class LoopbackServer {
 public:
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  /// The machine it runs on loses power.
  void kill() { process_.end_with(SIGKILL); }
  /// It hangs: connections stay, nothing is read or answered.
  void freeze() const { process_.freeze(); }
  void thaw() const { process_.thaw(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_path()).rdbuf();
    return text.str();
  }

 protected:
  /// `binary`: as find_server has it, empty for one that is missing, which fails the test.
  LoopbackServer(std::string name, std::string binary)
      : name_(std::move(name)), binary_(std::move(binary)), port_(free_port()) {
    if (binary_.empty()) ADD_FAILURE() << name_ << " is not installed: run scripts/setup.sh test";
  }
  ~LoopbackServer() {
    kill();
    if (testing::Test::HasFailure()) std::cerr << "--- " << name_ << "\n" << log() << "---\n";
  }

  /// Runs it until it answers, if it does not run.
  void launch(std::vector<std::string> arguments, const std::function<bool()>& answers) {
    if (binary_.empty() || process_.running()) return;
    arguments.insert(arguments.begin(), binary_);
    EXPECT_TRUE(process_.start(std::move(arguments), answers)) << name_ << " does not start:\n"
                                                               << log();
  }
  void send(int signal) const { process_.send(signal); }
  void end_with(int signal) { process_.end_with(signal); }
  [[nodiscard]] std::string log_path() const { return (folder() / "server.log").string(); }

 private:
  const TempDir folder_;
  const std::string name_;
  const std::string binary_;
  const std::uint16_t port_;
  ServerProcess process_;
};

}  // namespace trellis::test
