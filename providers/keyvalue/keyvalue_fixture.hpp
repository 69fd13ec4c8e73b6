// Tools of tests of key-value providers: backends to run them against, and a fixture that speaks
// the contract.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "codec/messages/keyvalue.hpp"
#include "providers/builtin.hpp"
#include "support/provider_harness.hpp"

namespace trellis::providers {

using namespace codec::keyvalue;
using namespace std::chrono_literals;
using test::FakeHost;
using test::ProviderInstance;

using Strings = std::vector<std::string>;

/// One implementation of the contract, ready to be linked.
class KeyValueBackend {
 public:
  virtual ~KeyValueBackend() = default;
  [[nodiscard]] virtual const trellis_provider_table& table() const = 0;
  /// Values that each link to it needs.
  [[nodiscard]] virtual codec::StringMap link_values() const { return {}; }
  /// Lets time pass for what expires.
  virtual void advance(FakeHost& host, std::chrono::seconds time) { host.advance(time); }
};

/// In memory, built in or as the library.
class MemoryBackend final : public KeyValueBackend {
 public:
  explicit MemoryBackend(bool library) : library_(library) {}
  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-keyvalue.so")
                    : *find_builtin("builtin:keyvalue");
  }

 private:
  bool library_;
};

/// A provider instance with the actor MA linked, and its operations as functions.
class KeyValueTest : public ::testing::Test {
 protected:
  explicit KeyValueTest(std::unique_ptr<KeyValueBackend> backend) : backend_(std::move(backend)) {}
  void SetUp() override { ASSERT_TRUE(bind("MA")); }
  void TearDown() override { EXPECT_EQ(host_.bad_completions(), 0); }

  /// With the values that the backend needs, and these over them.
  Result<Bytes> bind(std::string_view actor, codec::StringMap values = {}) {
    values.merge(backend_->link_values());
    return kv_.bind(actor, std::move(values));
  }
  void advance(std::chrono::seconds time) { backend_->advance(host_, time); }

  std::string set(std::string_view key, std::string_view value, std::int32_t expires = 0) {
    return text(
        kv_.ask<SetResponse>(actor_, "Set", SetArgs{std::string(key), std::string(value), expires}),
        &SetResponse::value);
  }
  std::string get(std::string_view key) {
    const auto answer = kv_.ask<GetResponse>(actor_, "Get", GetArgs{std::string(key)});
    if (!answer) return "error: " + answer.error().message;
    return answer->exists ? answer->value : "(none)";
  }
  bool exists(std::string_view key) {
    const auto answer = kv_.ask<GetResponse>(actor_, "KeyExists", KeyExistsArgs{std::string(key)});
    EXPECT_TRUE(answer);
    EXPECT_EQ(answer->value, "");
    return answer->exists;
  }
  std::string add(std::string_view key, std::int32_t value) {
    const auto answer = kv_.ask<AddResponse>(actor_, "Add", AddArgs{std::string(key), value});
    return answer ? std::to_string(answer->value) : "error: " + answer.error().message;
  }
  std::string del(std::string_view key) {
    return text(kv_.ask<DelResponse>(actor_, "Del", DelArgs{std::string(key)}), &DelResponse::key);
  }
  int push(std::string_view key, std::string_view value) {
    return count(
        kv_.ask<ListResponse>(actor_, "Push", PushArgs{std::string(key), std::string(value)}));
  }
  int remove_item(std::string_view key, std::string_view value) {
    return count(kv_.ask<ListResponse>(actor_, "ListItemDelete",
                                       ListItemDeleteArgs{std::string(key), std::string(value)}));
  }
  Strings range(std::string_view key, std::int32_t start, std::int32_t stop) {
    return list(
        kv_.ask<ListRangeResponse>(actor_, "Range", RangeArgs{std::string(key), start, stop}));
  }
  int set_add(std::string_view key, std::string_view value) {
    return count(kv_.ask<SetOperationResponse>(actor_, "SetAdd",
                                               SetAddArgs{std::string(key), std::string(value)}));
  }
  int set_remove(std::string_view key, std::string_view value) {
    return count(kv_.ask<SetOperationResponse>(
        actor_, "SetRemove", SetRemoveArgs{std::string(key), std::string(value)}));
  }
  Strings members(std::string_view key) {
    return list(kv_.ask<SetQueryResponse>(actor_, "SetQuery", SetQueryArgs{std::string(key)}));
  }
  Strings set_union(Strings keys) {
    return list(kv_.ask<SetQueryResponse>(actor_, "SetUnion", SetUnionArgs{std::move(keys)}));
  }
  Strings intersection(Strings keys) {
    return list(
        kv_.ask<SetQueryResponse>(actor_, "SetIntersection", SetIntersectionArgs{std::move(keys)}));
  }
  std::string error(std::string_view operation, std::string_view payload_hex) {
    const auto answer = kv_.call(actor_, operation, from_hex(payload_hex).value());
    return answer ? "" : answer.error().message;
  }

  const std::unique_ptr<KeyValueBackend> backend_;
  FakeHost host_;
  ProviderInstance kv_{host_, backend_->table()};
  std::string_view actor_ = "MA";

 private:
  template <class Answer, class Member>
  static std::string text(const Result<Answer>& answer, Member member) {
    return answer ? (*answer).*member : "error: " + answer.error().message;
  }
  template <class Answer>
  static int count(const Result<Answer>& answer) {
    return answer ? answer->new_count : -1;
  }
  /// In order, because the contract gives sets none; a failure is a list with its text.
  template <class Answer>
  static Strings list(Result<Answer> answer) {
    if (!answer) return {"error: " + answer.error().message};
    return answer->values;
  }
};

inline Strings sorted(Strings values) {
  std::ranges::sort(values);
  return values;
}

}  // namespace trellis::providers
