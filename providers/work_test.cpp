// What operations cost, by the size of what is asked: at most a constant per byte, whatever the
// shape (docs/decisions.md). Each case runs at n and at 4n; the fastest of a few runs
// counts, so that a busy machine changes nothing.
#include <gtest/gtest.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/message.hpp"
#include "codec/messages/blobstore.hpp"
#include "codec/messages/eventstreams.hpp"
#include "codec/messages/extras.hpp"
#include "codec/messages/httpclient.hpp"
#include "codec/messages/keyvalue.hpp"
#include "codec/messages/logging.hpp"
#include "codec/messages/messaging.hpp"
#include "codec/messages/telnet.hpp"
#include "providers/builtin.hpp"
#include "support/nats_server.hpp"
#include "support/provider_harness.hpp"
#include "support/redis_server.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {
namespace {

using Strings = std::vector<std::string>;
namespace kv = codec::keyvalue;
namespace blob = codec::blobstore;

constexpr std::string_view caller = "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
/// Growth that is allowed from n to 4n: four times, and what caches and hash tables add.
constexpr double max_growth = 6;
/// Below this nobody waits, whatever the growth.
constexpr double too_short_to_judge = 0.01;

std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + part.size());
  while (text.size() < bytes && !part.empty()) text += part;
  return text;
}

/// Names that cleaners and parsers have most to do with.
std::vector<std::string> hostile_names(std::size_t bytes) {
  std::vector<std::string> names;
  for (const std::string_view part :
       {"a",    ".",  "..", "/", "../", "a..", "./", "a/", "%2e", "\xc3\xa4",
        "\xff", "*.", ">",  " ", "\t",  "\n",  ":",  "@",  "[",   "=,"}) {
    names.push_back(repeated(part, bytes));
  }
  return names;
}

struct Step {
  std::string operation;
  Bytes payload;
};

/// Servers that providers speak to, started when a case needs one. What they cost is not counted:
/// processes of their own.
class Servers {
 public:
  /// The value of a link with the places of folder and server filled in.
  std::string filled(const std::string& value, const TempDir& folder) {
    if (value == "FOLDER") return folder.path().string();
    if (value == "REDIS") {
      if (!redis_) redis_ = std::make_unique<RedisServer>();
      redis_->ask({"FLUSHALL"});
      return redis_->url();
    }
    if (value == "NATS") {
      if (!nats_) nats_ = std::make_unique<NatsServer>();
      return "nats://" + nats_->address();
    }
    return value;
  }

 private:
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<NatsServer> nats_;
};

struct Case {
  std::string name;
  std::string provider;
  codec::StringMap values;                               ///< of the link
  std::function<std::vector<Step>(std::size_t)> before;  ///< not measured
  std::function<std::vector<Step>(std::size_t)> asked;   ///< measured together
  std::size_t n = 0;
};

void PrintTo(const Case& each, std::ostream* out) {
  *out << each.name;
}

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Runs a case on a fresh provider: what comes before, and then `measured` with the steps.
void run(const Case& each, Servers& servers, std::size_t n,
         const std::function<void(ProviderInstance&, const std::vector<Step>&)>& measured) {
  FakeHost host;
  TempDir folder;
  auto values = each.values;
  for (auto& [key, value] : values) value = servers.filled(value, folder);
  ProviderInstance provider(host, *providers::find_builtin(each.provider));
  const auto bound = provider.bind(caller, values);
  EXPECT_TRUE(bound) << (bound ? "" : bound.error().message);
  for (const auto& step : each.before(n)) {
    static_cast<void>(provider.call(caller, step.operation, step.payload));
  }
  measured(provider, each.asked(n));
}

double cost(const Case& each, Servers& servers, std::size_t n) {
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < 3; ++round) {
    run(each, servers, n, [&](ProviderInstance& provider, const std::vector<Step>& steps) {
      const auto started = cpu_seconds();
      for (const auto& step : steps) {
        static_cast<void>(provider.call(caller, step.operation, step.payload));
      }
      best = std::min(best, cpu_seconds() - started);
    });
  }
  return best;
}

class WorkIsLinear : public ::testing::TestWithParam<Case> {};

TEST_P(WorkIsLinear, FromNTo4N) {
  const auto& each = GetParam();
  Servers servers;
  double small = 0;
  double large = 0;
  // Growth is what every look finds: processor time is dearer while others use the caches.
  for (int look = 0; look < 5; ++look) {
    small = cost(each, servers, each.n);
    large = cost(each, servers, 4 * each.n);
    if (large < too_short_to_judge || large <= max_growth * small) return;
  }
  EXPECT_LE(large / small, max_growth)
      << small << " s at " << each.n << ", " << large << " s at 4n";
}

/// The longest that a call worked beyond its deadline, in time of the processor, since others use
/// this machine too; the best of a few runs. One that waits is given longer.
TEST_P(WorkIsLinear, NoCallOutlastsItsDeadline) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  constexpr auto deadline = milliseconds(20);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr auto grace = milliseconds(1000);  // everything costs several times as much
#else
  constexpr auto grace = milliseconds(100);
#endif
  constexpr auto longest_wait = std::chrono::seconds(5);
  const auto& each = GetParam();
  Servers servers;
  auto best = steady_clock::duration::max();
  std::string which;
  for (int round = 0; round < 3 && best > grace; ++round) {
    run(each, servers, 4 * each.n, [&](ProviderInstance& provider, const std::vector<Step>& steps) {
      auto longest = steady_clock::duration::min();
      std::string slowest;
      for (const auto& step : steps) {
        const auto started = steady_clock::now();
        const auto worked = cpu_seconds();
        static_cast<void>(provider.call(caller, step.operation, step.payload, deadline));
        EXPECT_LT(steady_clock::now() - started, longest_wait) << step.operation;
        const auto late = std::chrono::duration_cast<steady_clock::duration>(
                              std::chrono::duration<double>(cpu_seconds() - worked)) -
                          deadline;
        if (late > longest) slowest = step.operation;
        longest = std::max(longest, late);
      }
      if (longest < best) which = slowest;
      best = std::min(best, longest);
    });
  }
  EXPECT_LE(best, grace) << which << " worked "
                         << std::chrono::duration_cast<milliseconds>(best).count()
                         << " ms beyond its deadline";
}

std::vector<Step> nothing(std::size_t) {
  return {};
}

template <class Args>
Step step(std::string_view operation, const Args& args) {
  return {std::string(operation), codec::encode(args)};
}

/// Every operation that has names, with each hostile one in each place; and payloads that are no
/// messages at all.
template <class Make>
std::function<std::vector<Step>(std::size_t)> with_names(Make make) {
  return [make](std::size_t n) {
    std::vector<Step> steps;
    for (const auto& name : hostile_names(n)) {
      for (auto& each : make(name)) steps.push_back(std::move(each));
    }
    return steps;
  };
}

std::vector<Step> garbage_for(const std::vector<std::string_view>& operations, std::size_t n) {
  std::vector<Step> steps;
  for (const auto operation : operations) {
    for (const std::string_view part :
         {"\xc0", "\x91", "\x81\xa1k", "\xdf\xff\xff\xff\xff", "\xa1", "\xc6"}) {
      steps.push_back({std::string(operation), to_bytes(repeated(part, n))});
    }
  }
  return steps;
}

std::vector<Step> set_of(std::string_view key, std::size_t n, std::string_view prefix = "") {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < n; ++i) {
    steps.push_back(
        step(kv::operation::set_add,
             kv::SetAddArgs{std::string(key), std::string(prefix) + std::to_string(i)}));
  }
  return steps;
}

std::vector<Step> list_of(std::string_view key, std::size_t n) {
  std::vector<Step> steps;
  for (std::size_t i = 0; i < n; ++i) {
    steps.push_back(
        step(kv::operation::push, kv::PushArgs{std::string(key), std::to_string(i % 2)}));
  }
  return steps;
}

void add_keyvalue(std::vector<Case>& cases, const std::string& provider,
                  const codec::StringMap& values, std::size_t scale) {
  const auto add = [&](std::string name, auto before, auto asked, std::size_t n) {
    cases.push_back({provider + " " + name, provider, values, before, asked, n / scale});
  };
  add("names", nothing, with_names([](const std::string& name) {
        return std::vector<Step>{step(kv::operation::get, kv::GetArgs{name}),
                                 step(kv::operation::set, kv::SetArgs{name, name, 0}),
                                 step(kv::operation::add, kv::AddArgs{name, 1}),
                                 step(kv::operation::push, kv::PushArgs{name, name}),
                                 step(kv::operation::set_add, kv::SetAddArgs{name, name}),
                                 step(kv::operation::set_remove, kv::SetRemoveArgs{name, name}),
                                 step(kv::operation::key_exists, kv::KeyExistsArgs{name}),
                                 step(kv::operation::del, kv::DelArgs{name})};
      }),
      20'000);
  add(
      "garbage", nothing,
      [](std::size_t n) {
        return garbage_for({kv::operation::get, kv::operation::set_union, kv::operation::range}, n);
      },
      200'000);
  const auto before = [](std::size_t n) {
    auto steps = set_of("s", n);
    for (auto& each : set_of("t", n, "t")) steps.push_back(std::move(each));
    for (auto& each : list_of("l", n)) steps.push_back(std::move(each));
    return steps;
  };
  add(
      "one key many times", before,
      [](std::size_t n) {
        const Strings keys(n, "s");
        return std::vector<Step>{
            step(kv::operation::set_union, kv::SetUnionArgs{keys}),
            step(kv::operation::set_intersection, kv::SetIntersectionArgs{keys})};
      },
      5'000);
  add(
      "absent keys and one large set many times", before,
      [](std::size_t n) {
        Strings keys(n, "s");
        for (std::size_t i = 0; i < n; ++i) keys.push_back("absent" + std::to_string(i));
        return std::vector<Step>{
            step(kv::operation::set_union, kv::SetUnionArgs{keys}),
            step(kv::operation::set_intersection, kv::SetIntersectionArgs{keys})};
      },
      5'000);
  add(
      "two sets", before,
      [](std::size_t) {
        const Strings keys = {"s", "t", "s", "t"};
        return std::vector<Step>{
            step(kv::operation::set_union, kv::SetUnionArgs{keys}),
            step(kv::operation::set_intersection, kv::SetIntersectionArgs{keys}),
            step(kv::operation::set_query, kv::SetQueryArgs{"s"})};
      },
      10'000);
  add(
      "a long list", before,
      [](std::size_t) {
        return std::vector<Step>{
            step(kv::operation::range, kv::RangeArgs{"l", 0, -1}),
            step(kv::operation::list_item_delete, kv::ListItemDeleteArgs{"l", "1"}),
            step(kv::operation::range, kv::RangeArgs{"l", -1, -1}),
            step(kv::operation::clear, kv::ClearArgs{"l"})};
      },
      20'000);
}

std::vector<Case> blob_names(const std::string& provider, const codec::StringMap& values) {
  return {{provider + " names", provider, values, nothing, with_names([](const std::string& name) {
             blob::FileChunk chunk;
             chunk.container.id = name;
             chunk.id = name;
             chunk.chunk_size = 1;
             chunk.chunk_bytes = to_bytes("x");
             return std::vector<Step>{
                 step(blob::operation::create_container, blob::ContainerArgs{name}),
                 step(blob::operation::remove_object, blob::RemoveObjectArgs{name, name}),
                 step(blob::operation::list_objects, blob::ListObjectsArgs{name}),
                 step(blob::operation::get_object_info, blob::GetObjectInfoArgs{name, name}),
                 step(blob::operation::start_upload, blob::ChunkArgs{chunk}),
                 step(blob::operation::upload_chunk, blob::ChunkArgs{chunk}),
                 step(blob::operation::remove_container, blob::ContainerArgs{name})};
           }),
           50'000}};
}

void add_messaging(std::vector<Case>& cases) {
  namespace messages = codec::messaging;
  const auto provider = std::string("builtin:messaging-nats");
  const codec::StringMap values = {{"URL", "NATS"}};
  cases.push_back(
      {provider + " subjects", provider, values, nothing, with_names([](const std::string& name) {
         return std::vector<Step>{
             step(messages::operation::publish, messages::BrokerMessage{name, "", to_bytes(name)}),
             step(messages::operation::publish, messages::BrokerMessage{"s", name, {}}),
             step(messages::operation::request, messages::RequestArgs{name, to_bytes(name), 1})};
       }),
       20'000});
  cases.push_back({provider + " many", provider, values, nothing,
                   [](std::size_t n) {
                     std::vector<Step> steps;
                     for (std::size_t i = 0; i < n; ++i) {
                       steps.push_back(step(messages::operation::publish,
                                            messages::BrokerMessage{"a.b", "", to_bytes("x")}));
                     }
                     return steps;
                   },
                   500});
}

void add_eventstreams(std::vector<Case>& cases) {
  namespace messages = codec::eventstreams;
  const auto provider = std::string("builtin:eventstreams-redis");
  const codec::StringMap values = {{"URL", "REDIS"}};
  cases.push_back(
      {provider + " names", provider, values, nothing, with_names([](const std::string& name) {
         return std::vector<Step>{
             step(messages::operation::write_event, messages::WriteEventArgs{name, {{"k", name}}}),
             step(messages::operation::write_event, messages::WriteEventArgs{"s", {{name, "v"}}}),
             step(messages::operation::query_stream, messages::StreamQuery{name, std::nullopt, 0})};
       }),
       20'000});
  cases.push_back(
      {provider + " a long stream", provider, values,
       [](std::size_t n) {
         std::vector<Step> steps;
         for (std::size_t i = 0; i < n; ++i) {
           steps.push_back(step(messages::operation::write_event,
                                messages::WriteEventArgs{"s", {{"k", std::to_string(i)}}}));
         }
         return steps;
       },
       [](std::size_t) {
         return std::vector<Step>{
             step(messages::operation::query_stream, messages::StreamQuery{"s", std::nullopt, 0})};
       },
       1'000});
  cases.push_back({provider + " many values", provider, values, nothing,
                   [](std::size_t n) {
                     codec::StringMap event;
                     for (std::size_t i = 0; i < n; ++i) event["k" + std::to_string(i)] = "v";
                     return std::vector<Step>{step(messages::operation::write_event,
                                                   messages::WriteEventArgs{"s", event})};
                   },
                   10'000});
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_keyvalue(cases, "builtin:keyvalue", {}, 1);
  add_keyvalue(cases, "builtin:keyvalue-file", {{"DIRECTORY", "FOLDER"}}, 10);
  add_keyvalue(cases, "builtin:keyvalue-redis", {{"URL", "REDIS"}}, 10);
  add_messaging(cases);
  add_eventstreams(cases);
  for (auto& each : blob_names("builtin:blobstore-s3", {{"ENDPOINT", "http://127.0.0.1:1"},
                                                        {"AWS_ACCESS_KEY", "key"},
                                                        {"AWS_SECRET_ACCESS_KEY", "secret"}})) {
    cases.push_back(std::move(each));
  }
  cases.push_back(
      {"logging",
       "builtin:logging",
       {},
       nothing,
       with_names([](const std::string& name) {
         return std::vector<Step>{
             step(codec::logging::write_log, codec::logging::WriteLogArgs{name, "info", name}),
             step(codec::logging::write_log, codec::logging::WriteLogArgs{"t", name, "x"})};
       }),
       50'000});
  cases.push_back({"extras",
                   "builtin:extras",
                   {},
                   nothing,
                   [](std::size_t n) {
                     return garbage_for(
                         {codec::extras::operation::guid, codec::extras::operation::random,
                          codec::extras::operation::sequence},
                         n);
                   },
                   200'000});
  for (auto& each : blob_names("builtin:blobstore-fs", {{"ROOT", "FOLDER"}})) {
    cases.push_back(std::move(each));
  }
  cases.push_back({"blobstore-fs many objects",
                   "builtin:blobstore-fs",
                   {{"ROOT", "FOLDER"}},
                   [](std::size_t n) {
                     std::vector<Step> steps = {
                         step(blob::operation::create_container, blob::ContainerArgs{"box"})};
                     for (std::size_t i = 0; i < n; ++i) {
                       blob::FileChunk chunk{0, {"box"},      std::to_string(i), 1,
                                             1, std::nullopt, to_bytes("x")};
                       steps.push_back(step(blob::operation::start_upload, blob::ChunkArgs{chunk}));
                     }
                     return steps;
                   },
                   [](std::size_t) {
                     return std::vector<Step>{
                         step(blob::operation::list_objects, blob::ListObjectsArgs{"box"})};
                   },
                   200});
  cases.push_back(
      {"httpclient",
       "builtin:httpclient",
       {},
       nothing,
       with_names([](const std::string& name) {
         using codec::httpclient::RequestArgs;
         return std::vector<Step>{
             step("Request", RequestArgs{"GET", name, {}, {}}),
             step("Request", RequestArgs{"GET", "http://127.0.0.1:1/" + name, {}, {}}),
             step("Request", RequestArgs{"GET", "http://" + name + "/", {}, {}}),
             step("Request", RequestArgs{name, "http://127.0.0.1:1/", {}, {}}),
             step("Request", RequestArgs{"GET", "http://127.0.0.1:1/", {{name, name}}, {}})};
       }),
       20'000});
  cases.push_back({"httpclient many headers",
                   "builtin:httpclient",
                   {},
                   nothing,
                   [](std::size_t n) {
                     codec::httpclient::RequestArgs args{"GET", "http://127.0.0.1:1/", {}, {}};
                     for (std::size_t i = 0; i < n; ++i)
                       args.headers["h" + std::to_string(i)] = "v";
                     return std::vector<Step>{step("Request", args)};
                   },
                   5'000});
  cases.push_back({"telnet",
                   "builtin:telnet",
                   {{"BIND", "127.0.0.1:0"}},
                   nothing,
                   with_names([](const std::string& name) {
                     return std::vector<Step>{
                         step("SendText", codec::telnet::TextArgs{name, name})};
                   }),
                   50'000});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Providers, WorkIsLinear, ::testing::ValuesIn(all_cases()),
                         [](const auto& each) {
                           std::string name;
                           for (const char c : each.param.name)
                             name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace trellis::test
