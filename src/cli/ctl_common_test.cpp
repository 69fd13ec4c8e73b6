#include "cli/ctl_common.hpp"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "cli/context_fixture.hpp"

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;
using Servers = std::vector<std::string>;

/// Parses a command line with an environment of its own.
struct CtlOptionsOf : testing::Test, ContextFixture {
  Result<ClientOptions> read(const Servers& words) {
    CommandLine line("test");
    CtlFlags flags;
    add_ctl_options(line.root(), flags);
    if (auto parsed = line.parse(words); !parsed) return pass(parsed);
    return client_options(context, flags);
  }
  ClientOptions options(const Servers& words) {
    auto made = read(words);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : ClientOptions{};
  }
  std::string refusal(const Servers& words) {
    const auto made = read(words);
    return made ? "accepted" : made.error().message;
  }
};

TEST_F(CtlOptionsOf, NothingMeansThisMachine) {
  const auto made = options({});
  EXPECT_EQ(made.rpc.servers, Servers{"nats://127.0.0.1:4222"});
  EXPECT_FALSE(made.control);
  EXPECT_EQ(made.ns, "default");
  EXPECT_EQ(made.rpc_timeout, milliseconds(2000));
  EXPECT_EQ(made.control_timeout, milliseconds(2000));
  EXPECT_EQ(made.window, milliseconds(1000));
}

TEST_F(CtlOptionsOf, OptionsWinOverNewVariablesOverOldOnes) {
  environment = {{"WASH_RPC_HOST", "old"},
                 {"WASH_RPC_PORT", "1"},
                 {"WASH_RPC_NSPREFIX", "oldspace"},
                 {"WASH_RPC_TIMEOUT", "3"}};
  EXPECT_EQ(options({}).rpc.servers, Servers{"nats://old:1"});
  EXPECT_EQ(options({}).ns, "oldspace");
  EXPECT_EQ(options({}).rpc_timeout, milliseconds(3000));
  environment["WASMCLOUD_RPC_HOST"] = "new";
  environment["WASMCLOUD_LATTICE_PREFIX"] = "newspace";
  environment["WASMCLOUD_RPC_TIMEOUT_MS"] = "250";
  environment["WASMCLOUD_CTL_TIMEOUT_MS"] = "750";
  EXPECT_EQ(options({}).rpc.servers, Servers{"nats://new:1"});
  EXPECT_EQ(options({}).ns, "newspace");
  EXPECT_EQ(options({}).rpc_timeout, milliseconds(250));
  EXPECT_EQ(options({}).control_timeout, milliseconds(750));
  const auto made = options({"-r", "given", "-n", "space", "-t", "5", "--timeout", "6"});
  EXPECT_EQ(made.rpc.servers, Servers{"nats://given:1"});
  EXPECT_EQ(made.ns, "space");
  EXPECT_EQ(made.rpc_timeout, milliseconds(5000));
  EXPECT_EQ(made.control_timeout, milliseconds(6000));
  EXPECT_EQ(made.window, milliseconds(6000));
  EXPECT_EQ(options({"-t", "300ms"}).rpc_timeout, milliseconds(300));
  EXPECT_EQ(options({"--timeout", "1m"}).control_timeout, milliseconds(60'000));
}

TEST_F(CtlOptionsOf, AnythingThatDiffersMakesControlAConnectionOfItsOwn) {
  EXPECT_FALSE(options({"--ctl-port", "4222"}).control);
  EXPECT_EQ(options({"--ctl-port", "9"}).control->servers, Servers{"nats://127.0.0.1:9"});
  EXPECT_TRUE(options({"--ctl-tls"}).control->tls.required);
  EXPECT_EQ(options({"--ctl-tls-ca", "ca.pem"}).control->tls.ca_file, "ca.pem");
  const auto other = options({"--rpc-user", "u", "--rpc-password", "a", "--ctl-password", "b"});
  EXPECT_EQ(other.rpc.password, "a");
  EXPECT_EQ(other.control->user, "u");
  EXPECT_EQ(other.control->password, "b");
  environment = {{"WASMCLOUD_CTL_JWT", "j"}, {"WASMCLOUD_CTL_SEED", "s"}};
  EXPECT_EQ(options({}).control->jwt, "j");
}

TEST_F(CtlOptionsOf, AnOwnLoginReplacesTheOther) {
  const auto made = options({"--rpc-jwt", "j", "--rpc-seed", "s", "--rpc-tls-ca", "ca.pem",
                             "--ctl-user", "u", "--ctl-password", "p"});
  EXPECT_EQ(made.rpc.seed, "s");
  ASSERT_TRUE(made.control);
  EXPECT_EQ(made.control->jwt, "");
  EXPECT_EQ(made.control->seed, "");
  EXPECT_EQ(made.control->user, "u");
  EXPECT_EQ(made.control->tls.ca_file, "ca.pem");
}

TEST_F(CtlOptionsOf, WrongValuesAreNamed) {
  EXPECT_EQ(refusal({"-p", "70000"}),
            "'70000' is no port (--rpc-port, WASMCLOUD_RPC_PORT, WASH_RPC_PORT)");
  environment = {{"WASMCLOUD_RPC_TIMEOUT_MS", "soon"}};
  EXPECT_EQ(refusal({}), "WASMCLOUD_RPC_TIMEOUT_MS is 'soon'");
  environment = {{"WASH_RPC_TIMEOUT", "-1"}};
  EXPECT_EQ(refusal({}), "WASH_RPC_TIMEOUT is '-1'");
  environment = {{"WASMCLOUD_CTL_TIMEOUT_MS", "nan"}};
  EXPECT_EQ(refusal({}), "WASMCLOUD_CTL_TIMEOUT_MS is 'nan'");
}

}  // namespace
}  // namespace trellis::cli
