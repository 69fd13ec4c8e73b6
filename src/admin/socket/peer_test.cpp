// Users who may command a host, or are believed to run one. They and groups are numbers here:
// nothing is asked of the machine's own. Changing owners needs root; those tests say when they did
// not run.
#include "admin/socket/peer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "admin/socket/client.hpp"
#include "admin/socket/server.hpp"
#include "support/temp_dir.hpp"

namespace trellis::admin {
namespace {

namespace fs = std::filesystem;

constexpr uid_t somebody = 54321;
constexpr gid_t some_group = 54322;

TEST(Peer, OwnerRootAndMembersMaySpeak) {
  const Audience alone{.owner = 1000};
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 1000, .gid = 5}, alone));
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 0, .gid = 0}, alone));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 1001, .gid = 5}, alone));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 1000, .gid = 5}, {.owner = 0}));
  const Audience shared{.owner = 1000, .group = 7};
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 1001, .gid = 7}, shared)) << "its main group";
  EXPECT_TRUE(may_speak({.pid = 1, .uid = 1001, .gid = 5, .groups = {6, 7}}, shared));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 1001, .gid = 5, .groups = {6, 8}}, shared));
  EXPECT_FALSE(may_speak({.pid = 1, .uid = 7, .gid = 5}, shared)) << "a user of the same number";
}

TEST(Peer, CredentialsAreThoseOfTheKernel) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor one(ends[0]);
  const Descriptor two(ends[1]);
  const auto peer = peer_of(one.get());
  ASSERT_TRUE(peer) << peer.error().message;
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->gid, ::getegid());
  std::vector<gid_t> own(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  ASSERT_EQ(::getgroups(static_cast<int>(own.size()), own.data()), static_cast<int>(own.size()));
  auto told = peer->groups;
  std::ranges::sort(own);
  std::ranges::sort(told);
  EXPECT_EQ(told, own);
}

TEST(Peer, AGroupWithoutANameIsANumber) {
  EXPECT_EQ(group_name(0), "root");
  EXPECT_EQ(group_name(some_group), std::to_string(some_group));
}

class Believed : public testing::Test {
 protected:
  fs::path make(const char* name, mode_t mode) const {
    const auto folder = temp_.path() / name;
    fs::create_directories(folder);
    ::chmod(folder.c_str(), mode);
    return folder;
  }
  static bool holds(const Result<std::vector<uid_t>>& users, uid_t user) {
    return users && std::ranges::find(*users, user) != users->end();
  }
  test::TempDir temp_;
};

TEST_F(Believed, CallerRootAndTheOwnerOfAFolder) {
  const auto folder = make("a", 0755);
  const auto users = believed_users(folder, ::geteuid());
  ASSERT_TRUE(users) << users.error().message;
  EXPECT_TRUE(holds(users, ::geteuid()));
  EXPECT_TRUE(holds(users, 0));
  EXPECT_FALSE(holds(users, somebody));
  EXPECT_EQ(believed_users(temp_.path() / "none", 0).error().code, ErrorCode::not_found);
}

TEST_F(Believed, NobodyInAFolderThatAllMayChange) {
  const auto open = make("open", 0777);
  const auto refused = believed_users(open, ::geteuid());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  const auto below = make("open/below", 0700);
  EXPECT_FALSE(believed_users(below, ::geteuid())) << "it could be exchanged";
}

TEST_F(Believed, ItsOwnerIsNotWhereAllMayMakeSockets) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make files of other users";
  const auto sticky = make("sticky", 01777);
  ASSERT_EQ(::chown(sticky.c_str(), somebody, some_group), 0);
  EXPECT_FALSE(holds(believed_users(sticky, 0), somebody));
}

TEST_F(Believed, AStrangersFolderThatAnybodyCouldHaveMadeIsNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to make files of other users";
  make("tmp", 01777);
  const auto planted = make("tmp/trellis-1000", 0700);
  ASSERT_EQ(::chown(planted.c_str(), somebody, some_group), 0);
  const auto refused = believed_users(planted, 1000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_NE(refused.error().message.find("user 54321"), std::string::npos);
  EXPECT_TRUE(holds(believed_users(planted, somebody), somebody)) << "it is the caller's";
  EXPECT_TRUE(holds(believed_users(planted, 0), somebody)) << "root named it";
  make("run", 0755);
  const auto given = make("run/trellis", 0750);
  ASSERT_EQ(::chown(given.c_str(), somebody, some_group), 0);
  EXPECT_TRUE(holds(believed_users(given, 1000), somebody)) << "root alone can have made it so";
}

class SharedServer : public testing::Test {
 protected:
  void SetUp() override { fs::permissions(temp_.path(), fs::perms(0755)); }
  [[nodiscard]] Result<Server> start(const Place& place, Audience audience) const {
    return Server::start({.place = place, .audience = audience, .pid = ::getpid()},
                         [](const Request&) -> Outcome {
                           return nlohmann::json{{"host_id", "NTEST"}, {"uptime", 1}};
                         },
                         {});
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  static gid_t group_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_gid;
  }

  test::TempDir temp_;
  Place place_{.kind = Place::Kind::shared, .folder = temp_.path() / "trellis"};
};

TEST_F(SharedServer, FolderAndSocketBelongToTheGroup) {
  const gid_t group = ::geteuid() == 0 ? some_group : ::getegid();
  const auto server = start(place_, {.owner = ::geteuid(), .group = group});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(mode_of(place_.folder), 0750U);
  EXPECT_EQ(group_of(place_.folder), group);
  EXPECT_EQ(mode_of(server->path()), 0660U);
  EXPECT_EQ(group_of(server->path()), group);
  const auto hosts = find_hosts({place_}, ::geteuid());
  ASSERT_TRUE(hosts);
  EXPECT_EQ(hosts->running.size(), 1U);
}

TEST_F(SharedServer, WithoutAGroupOthersMayLookButNotConnect) {
  fs::create_directory(place_.folder);
  fs::permissions(place_.folder, fs::perms(0755));
  const auto server = start(place_, {.owner = ::geteuid()});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(mode_of(place_.folder), 0755U);
  EXPECT_EQ(mode_of(server->path()), 0600U);
}

TEST_F(SharedServer, AFolderOthersMayWriteToIsRefused) {
  fs::create_directory(place_.folder);
  fs::permissions(place_.folder, fs::perms(0770));
  const auto refused = start(place_, {.owner = ::geteuid()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_NE(refused.error().remedy.find("chmod go-w"), std::string::npos);
}

TEST_F(SharedServer, TheSocketNamedIsTheSocketMade) {
  const auto path = temp_.path() / "my.sock";
  const auto server = start(named_place(path), {.owner = ::geteuid()});
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->path(), path);
  EXPECT_TRUE(Client::connect(path, ::geteuid()));
  const auto second = start(named_place(path), {.owner = ::geteuid()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::already_exists);
}

TEST_F(SharedServer, ANamedFileThatIsNoSocketIsKept) {
  const auto path = temp_.path() / "precious";
  {
    const auto made = fs::create_directory(path);
    ASSERT_TRUE(made);
  }
  const auto refused = start(named_place(path), {.owner = ::geteuid()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(start(named_place(temp_.path() / "none" / "x"), {.owner = ::geteuid()}).error().code,
            ErrorCode::not_found);
}

TEST_F(SharedServer, ALinkIsNotFollowed) {
  const auto server = start(named_place(temp_.path() / "a.sock"), {.owner = ::geteuid()});
  ASSERT_TRUE(server);
  fs::create_symlink(server->path(), temp_.path() / "7.sock");
  EXPECT_EQ(Client::connect(temp_.path() / "7.sock", ::geteuid()).error().code,
            ErrorCode::invalid_argument);
  const auto hosts =
      find_hosts({{.kind = Place::Kind::shared, .folder = temp_.path()}}, ::geteuid());
  ASSERT_TRUE(hosts);
  EXPECT_TRUE(hosts->running.empty());
  EXPECT_TRUE(fs::is_symlink(temp_.path() / "7.sock"));
}

}  // namespace
}  // namespace trellis::admin
