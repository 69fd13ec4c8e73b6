// Server and client together, over real sockets in a folder of the test's own.
#include "control/server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <semaphore>
#include <thread>

#include "control/client.hpp"
#include "control/frame.hpp"
#include "control/socket_folder.hpp"
#include "support/temp_dir.hpp"

namespace trellis::control {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

Outcome echo(const Request& request) {
  if (request.operation == "ping") return json{{"host_id", "NTEST"}, {"uptime", 7}};
  if (request.operation == "throw") throw std::runtime_error("oops");
  return request.arguments;
}

class ControlServer : public testing::Test {
 protected:
  [[nodiscard]] ServerOptions options() const {
    return {.folder = folder_, .uid = ::geteuid(), .pid = ::getpid()};
  }
  [[nodiscard]] Result<Client> connect(const Server& server) const {
    return Client::connect(server.path(), ::geteuid());
  }

  test::TempDir temp_;
  fs::path folder_ = temp_.path() / "trellis";
};

TEST_F(ControlServer, AnswersRequestsInOrder) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server) << server.error().message;
  auto client = connect(*server);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->pid(), ::getpid());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client->request({"echo", {{"i", i}}}, 10s);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(*answer, json({{"i", i}}));
  }
}

TEST_F(ControlServer, FolderAndSocketAreForTheOwnerOnly) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  struct stat status{};
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  ASSERT_EQ(::stat(server->path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(ControlServer, AHandlerThatThrowsIsAnInternalError) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  auto client = connect(*server);
  ASSERT_TRUE(client);
  const auto answer = client->request({"throw", json::object()}, 10s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::internal);
  EXPECT_TRUE(client->request({"echo", json::object()}, 10s)) << "the connection goes on";
}

TEST_F(ControlServer, GarbageIsAnsweredWithAnError) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  const auto socket = connect_socket(server->path());
  ASSERT_TRUE(socket);
  ASSERT_TRUE(write_frame(socket->get(), "not json", 10s));
  const auto frame = read_frame(socket->get(), {10000, 10s, 10s});
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ(decode_response(**frame).error().code, ErrorCode::malformed);
}

TEST_F(ControlServer, AFrameTooLongIsRefusedAndTheConnectionClosed) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  const auto socket = connect_socket(server->path());
  ASSERT_TRUE(socket);
  ASSERT_EQ(::send(socket->get(), "\xff\xff\xff\xff", 4, MSG_NOSIGNAL), 4);
  const auto frame = read_frame(socket->get(), {10000, 10s, 10s});
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ(decode_response(**frame).error().code, ErrorCode::limit);
  const auto next = read_frame(socket->get(), {10000, 10s, 10s});
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
}

TEST_F(ControlServer, SilentConnectionsAreClosed) {
  auto impatient = options();
  impatient.idle = 1ms;
  const auto server = Server::start(impatient, echo, {});
  ASSERT_TRUE(server);
  const auto socket = connect_socket(server->path());
  ASSERT_TRUE(socket);
  const auto end = read_frame(socket->get(), {10000, 10s, 10s});
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST_F(ControlServer, OneConnectionTooManyIsToldSo) {
  auto small = options();
  small.connections = 2;
  const auto server = Server::start(small, echo, {});
  ASSERT_TRUE(server);
  auto first = connect(*server);
  auto second = connect(*server);
  ASSERT_TRUE(first->request({"echo", json::object()}, 10s));
  ASSERT_TRUE(second->request({"echo", json::object()}, 10s));
  auto third = connect(*server);
  const auto refused = third->request({"echo", json::object()}, 10s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::busy) << refused.error().message;
}

TEST_F(ControlServer, AnAnswerUnderWaySurvivesClose) {
  std::binary_semaphore entered(0);
  std::binary_semaphore leave(0);
  auto server = Server::start(options(),
                              [&](const Request&) -> Outcome {
                                entered.release();
                                leave.acquire();
                                return json("done");
                              },
                              {});
  ASSERT_TRUE(server);
  auto client = connect(*server);
  Outcome answer;
  std::thread asking([&] { answer = client->request({"slow", json::object()}, 10s); });
  entered.acquire();
  server->close();
  EXPECT_FALSE(fs::exists(server->path()));
  leave.release();
  asking.join();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, json("done"));
  EXPECT_FALSE(client->request({"slow", json::object()}, 10s)) << "closed to new requests";
}

TEST_F(ControlServer, ClientsFindItAndStaleSocketsGo) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  const auto stale = folder_ / "999999999.sock";
  {
    const auto left = Listener::open(folder_, 999999999);
    ASSERT_TRUE(left);
    fs::create_hard_link(left->path(), folder_ / "x");
  }
  fs::rename(folder_ / "x", stale);  // a socket whose listener is gone
  std::ofstream(folder_ / "notes.txt") << "not ours to remove";
  const auto hosts = running_hosts(folder_, ::geteuid());
  ASSERT_TRUE(hosts) << hosts.error().message;
  ASSERT_EQ(hosts->size(), 1U);
  EXPECT_EQ(hosts->front().pid, ::getpid());
  EXPECT_EQ(hosts->front().id, "NTEST");
  EXPECT_EQ(hosts->front().uptime, 7s);
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(ControlServer, ALeftOverOfTheSameProcessIdIsReplaced) {
  fs::create_directory(folder_);
  fs::permissions(folder_, fs::perms::owner_all);
  {
    const auto left = Listener::open(folder_, ::getpid());
    ASSERT_TRUE(left);
    fs::create_hard_link(left->path(), folder_ / "x");
  }
  fs::rename(folder_ / "x", folder_ / (std::to_string(::getpid()) + ".sock"));
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE(connect(*server));
  EXPECT_FALSE(Server::start(options(), echo, {})) << "but a living one is not";
}

TEST(SocketFolder, RefusesLinksFilesAndFoldersOfOthers) {
  const test::TempDir temp;
  const auto own = temp.path() / "own";
  ASSERT_TRUE(prepare_folder(own, ::geteuid()));
  EXPECT_TRUE(prepare_folder(own, ::geteuid())) << "twice is fine";
  fs::create_directory_symlink(own, temp.path() / "link");
  std::ofstream(temp.path() / "file") << "x";
  for (const char* name : {"link", "file"}) {
    const auto refused = prepare_folder(temp.path() / name, ::geteuid());
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
  }
  const auto foreign = prepare_folder(own, ::geteuid() + 1);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::denied);
  fs::permissions(own, fs::perms::group_exec, fs::perm_options::add);
  const auto open = prepare_folder(own, ::geteuid());
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().remedy.find("chmod 700"), std::string::npos);
}

TEST(SocketFolder, FollowsTheEnvironmentOnlyToOurOwnFolder) {
  const test::TempDir temp;
  EXPECT_EQ(socket_folder(temp.path(), ::geteuid()), temp.path() / "trellis");
  const auto uid = ::geteuid() + 1;
  const fs::path common = "/tmp/trellis-" + std::to_string(uid);
  EXPECT_EQ(socket_folder(temp.path(), uid), common);
  EXPECT_EQ(socket_folder("relative", uid), common);
  EXPECT_EQ(socket_folder(std::nullopt, uid), common);
}

TEST(SocketFolder, OnlyTheOwnerAndRootMaySpeak) {
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 1000}, 1000));
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 0}, 1000));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 1001}, 1000));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 1000}, 0));
}

TEST(SocketFolder, NamesTooLongForASocketAreAnError) {
  const auto refused = connect_socket("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST(ChooseHost, TheOnlyOneOrTheOneAskedFor) {
  const RunningHost a{.pid = 12, .id = "NAAA"};
  const RunningHost b{.pid = 123, .id = "NAAB"};
  EXPECT_EQ(choose_host({a}, "")->pid, 12);
  EXPECT_EQ(choose_host({a, b}, "12")->pid, 12) << "a process id is whole or not at all";
  EXPECT_EQ(choose_host({a, b}, "NAAB")->pid, 123);
  EXPECT_EQ(choose_host({}, "").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose_host({a}, "99").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose_host({a, b}, "").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(choose_host({a, b}, "NAA").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace trellis::control
