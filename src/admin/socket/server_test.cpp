// Server and client together, over real sockets in a folder of the test's own.
#include "admin/socket/server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <semaphore>
#include <thread>

#include "admin/socket/client.hpp"
#include "admin/socket/frame.hpp"
#include "admin/socket/socket_folder.hpp"
#include "support/temp_dir.hpp"

namespace trellis::admin {
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
    return {.place = place_, .audience = {.owner = ::geteuid()}, .pid = ::getpid()};
  }
  [[nodiscard]] Result<Client> connect(const Server& server) const {
    return Client::connect(server.path(), ::geteuid());
  }

  [[nodiscard]] static std::string socket_name() { return std::to_string(::getpid()) + ".sock"; }

  test::TempDir temp_;
  fs::path folder_ = temp_.path() / "trellis";
  Place place_{.folder = folder_};
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

TEST_F(ControlServer, AnAnswerUnderWaySurvivesTheEnd) {
  std::binary_semaphore entered(0);
  std::optional<Server> server;
  {
    auto started = Server::start(options(),
                                 [&](const Request&) -> Outcome {
                                   entered.release();
                                   while (fs::exists(place_.folder / socket_name())) {
                                     std::this_thread::yield();
                                   }
                                   std::this_thread::sleep_for(50ms);  // the end is under way
                                   return json("done");
                                 },
                                 {});
    ASSERT_TRUE(started);
    server.emplace(std::move(*started));
  }
  auto client = connect(*server);
  ASSERT_TRUE(client);
  Outcome answer;
  std::thread asking([&] { answer = client->request({"stop", json::object()}, 10s); });
  entered.acquire();
  server.reset();
  asking.join();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, json("done"));
}

TEST_F(ControlServer, ClientsFindItAndStaleSocketsGo) {
  const auto server = Server::start(options(), echo, {});
  ASSERT_TRUE(server);
  const auto stale = folder_ / "999999999.sock";
  {
    const auto left = Listener::open(folder_ / "999999999.sock", {.owner = ::geteuid()});
    ASSERT_TRUE(left);
    fs::create_hard_link(left->path(), folder_ / "x");
  }
  fs::rename(folder_ / "x", stale);  // a socket whose listener is gone
  std::ofstream(folder_ / "notes.txt") << "not ours to remove";
  const auto hosts = find_hosts({place_}, ::geteuid());
  ASSERT_TRUE(hosts) << hosts.error().message;
  ASSERT_EQ(hosts->running.size(), 1U);
  EXPECT_EQ(hosts->running.front().pid, ::getpid());
  EXPECT_EQ(hosts->running.front().id, "NTEST");
  EXPECT_EQ(hosts->running.front().uptime, 7s);
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(ControlServer, ALeftOverOfTheSameProcessIdIsReplaced) {
  fs::create_directory(folder_);
  fs::permissions(folder_, fs::perms::owner_all);
  {
    const auto left = Listener::open(folder_ / "x.sock", {.owner = ::geteuid()});
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
  const auto prepare = [](const fs::path& folder, uid_t uid) {
    return prepare_place({.folder = folder}, {.owner = uid});
  };
  ASSERT_TRUE(prepare(own, ::geteuid()));
  EXPECT_TRUE(prepare(own, ::geteuid())) << "twice is fine";
  fs::create_directory_symlink(own, temp.path() / "link");
  std::ofstream(temp.path() / "file") << "x";
  for (const char* name : {"link", "file"}) {
    const auto refused = prepare(temp.path() / name, ::geteuid());
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
  }
  const auto foreign = prepare(own, ::geteuid() + 1);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::denied);
  fs::permissions(own, fs::perms::group_exec, fs::perm_options::add);
  const auto open = prepare(own, ::geteuid());
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

TEST(SocketFolder, NamesTooLongForASocketAreAnError) {
  const auto refused = connect_socket("/tmp/" + std::string(200, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST(ChooseHost, TheOnlyOneOrTheOneAskedFor) {
  const RunningHost a{.pid = 12, .id = "NAAA"};
  const RunningHost b{.pid = 123, .id = "NAAB"};
  const auto choose = [](std::vector<RunningHost> running, std::string_view wanted) {
    return choose_host({.running = std::move(running), .unreachable = {}}, wanted);
  };
  EXPECT_EQ(choose({a}, "")->pid, 12);
  EXPECT_EQ(choose({a, b}, "12")->pid, 12) << "a process id is whole or not at all";
  EXPECT_EQ(choose({a, b}, "NAAB")->pid, 123);
  EXPECT_EQ(choose({}, "").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose({a}, "99").error().code, ErrorCode::not_found);
  EXPECT_EQ(choose({a, b}, "").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(choose({a, b}, "NAA").error().code, ErrorCode::invalid_argument);
}

TEST(ChooseHost, ByNameAndLabel) {
  const RunningHost a{.pid = 12, .id = "NAAA", .labels = {{"hostcore.hostname", "cellar"}}};
  const RunningHost b{
      .pid = 13, .id = "NBBB", .labels = {{"hostcore.hostname", "attic"}, {"zone", "up"}}};
  const Hosts both{.running = {a, b}, .unreachable = {}};
  EXPECT_EQ(choose_host(both, "cellar")->pid, 12);
  EXPECT_EQ(choose_host(both, "zone=up")->pid, 13);
  EXPECT_NE(choose_host(both, "nobody").error().remedy.find("cellar"), std::string::npos);
  const Hosts twins{.running = {a, a}, .unreachable = {}};
  EXPECT_EQ(choose_host(twins, "cellar").error().code, ErrorCode::invalid_argument);
}

TEST(ChooseHost, OneOutOfReachIsNotTheSameAsNone) {
  const Error denied{ErrorCode::denied, "cannot reach the host", "join"};
  EXPECT_EQ(choose_host({.running = {}, .unreachable = {denied}}, "").error().code,
            ErrorCode::denied);
  const RunningHost own{.pid = 12, .id = "NAAA"};
  EXPECT_EQ(choose_host({.running = {own}, .unreachable = {denied}}, "")->pid, 12);
  EXPECT_EQ(choose_host({.running = {own}, .unreachable = {denied}}, "13").error().code,
            ErrorCode::denied);
}

}  // namespace
}  // namespace trellis::admin
