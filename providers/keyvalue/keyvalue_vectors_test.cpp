// tests/vectors/cache-ops.json: what the first-party cache, a key-value provider in memory, answers
// to a row of operations. Where ours answers otherwise tests/deviations.json has its answer.
#include "providers/keyvalue/keyvalue_fixture.hpp"
#include "support/vectors.hpp"

namespace trellis::providers {
namespace {

using nlohmann::json;
using test::text_of;

struct KeyValueVectors : KeyValueTest {
  KeyValueVectors() : KeyValueTest(std::make_unique<MemoryBackend>(false)) {}

  std::string answer(const json& input) {
    const auto payload = test::from_hex_or_fail(text_of(input.at("args_hex")));
    const auto made = kv_.call("MA", text_of(input.at("operation")), payload);
    return made ? to_hex_lower(*made) : "error: " + made.error().message;
  }
};

TEST_F(KeyValueVectors, OperationsInTheirOrder) {
  test::VectorRun run("cache-ops.json");
  for (const auto& vector : run.cases()) {
    const auto& result = vector.at("result");
    run.compare(text_of(vector.at("name")),
                result.contains("ok_hex") ? text_of(result.at("ok_hex"))
                                          : "error: " + text_of(result.at("error")),
                answer(vector.at("input")));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::providers
