#include "manifest/manifest.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/limits.hpp"
#include "support/temp_dir.hpp"

namespace trellis::manifest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Result<Manifest> yaml(std::string_view text, bool strict = false) {
  return parse(text, Format::yaml, {"demo.yaml", strict});
}
Result<Manifest> json(std::string_view text, bool strict = false) {
  return parse(text, Format::json, {"demo.json", strict});
}
std::string refusal(const Result<Manifest>& result) {
  if (result) return "accepted";
  EXPECT_FALSE(result.error().remedy.empty()) << result.error().message;
  return result.error().message;
}

constexpr std::string_view full = R"(labels:
  zone: "a"
  n: 5
actors:
  - "./modules/echo.wasm"
  - ref: registry.example/kv:1
    instances: {min: 1, max: 8}
    limits: {memory_mb: 64, call_timeout_ms: 2500}
  - ref: b.wasm
    instances: serial
capabilities:
  - image_ref: builtin:httpserver
    link_name: web
links:
  - actor: ./modules/echo.wasm
    provider_id: builtin:httpserver
    contract_id: "wasmcloud:httpserver"
    values:
      PORT: 8080
      EMPTY:
      NULL_: ~
)";

TEST(Manifest, ReadsEveryPart) {
  const auto result = yaml(full);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->labels, ElementsAre(Pair("zone", "a"), Pair("n", "5")));
  ASSERT_EQ(result->actors.size(), 3U);
  EXPECT_EQ(result->actors[0].ref, "./modules/echo.wasm");
  EXPECT_FALSE(result->actors[0].instances);
  EXPECT_EQ(result->actors[1].instances->min, 1U);
  EXPECT_EQ(result->actors[1].instances->max, 8U);
  EXPECT_EQ(result->actors[1].memory_mb, 64U);
  EXPECT_EQ(result->actors[1].call_timeout, std::chrono::milliseconds(2500));
  EXPECT_TRUE(result->actors[2].instances->serial);
  ASSERT_EQ(result->capabilities.size(), 1U);
  EXPECT_EQ(result->capabilities[0].link_name, "web");
  ASSERT_EQ(result->links.size(), 1U);
  EXPECT_EQ(result->links[0].link_name, "default");
  EXPECT_THAT(result->links[0].values,
              ElementsAre(Pair("EMPTY", ""), Pair("NULL_", "~"), Pair("PORT", "8080")));
  EXPECT_THAT(result->warnings, IsEmpty());
}

TEST(Manifest, ItemsKnowTheirLines) {
  const auto result = yaml(full);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->actors[0].line, 5);
  EXPECT_EQ(result->actors[1].line, 6);
  EXPECT_EQ(result->capabilities[0].line, 12);
  EXPECT_EQ(result->links[0].line, 15);
}

TEST(Manifest, TheSameInJson) {
  const auto result = json(R"({"labels": {"zone": "a"},
    "actors": ["a.wasm",
      {"ref": "b.wasm", "instances": {"max": 3}}],
    "links": [{"actor": "M", "contract_id": "c", "provider_id": "V", "link_name": null,
               "values": {"a": "b"}}]})");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->actors[1].instances->max, 3U);
  EXPECT_EQ(result->actors[1].line, 3);
  EXPECT_EQ(result->links[0].link_name, "default");
  EXPECT_EQ(result->links[0].line, 4);
}

TEST(Manifest, EmptyIsAManifest) {
  for (const std::string_view text : {"", "\n", "# only a comment\n", "{}", "---\n", "~"}) {
    EXPECT_TRUE(yaml(text)) << text;
  }
  EXPECT_TRUE(json(" \n"));
  EXPECT_TRUE(json("{}"));
  EXPECT_TRUE(yaml("actors:\nlinks: ~\nlabels: {}\ncapabilities: []\n"));
}

TEST(Manifest, RefusalsNameFileLineAndKey) {
  struct Row {
    std::string_view text;
    std::string_view message;
  };
  for (const auto& [text, message] : std::initializer_list<Row>{
           {"links:\n  - actor: M\n    contract_id: c\n",
            "demo.yaml:2: links[0].provider_id: missing"},
           {"actors:\n  - a\n  - ${X\n  -\nlinks: []\n", "demo.yaml:4: actors[2]: empty"},
           {"actors:\n  - ~\n", "demo.yaml:2: actors[0]: empty"},
           {"actors:\n  - \"\"\n", "demo.yaml:2: actors[0]: empty"},
           {"actors: a\n", "demo.yaml:1: actors: expected a list, found a text"},
           {"actors:\n  - [a]\n", "demo.yaml:2: actors[0]: expected a text, found a list"},
           {"- a\n", "demo.yaml:1: expected a map, found a list"},
           {"capabilities:\n  - link_name: x\n", "demo.yaml:2: capabilities[0].image_ref: missing"},
           {"capabilities:\n  - image_ref: a\n    link_name: \"a b\"\n",
            "demo.yaml:3: capabilities[0].link_name: holds a blank, '*' or '>'"},
           {"links:\n  - {actor: M, provider_id: V,\n     contract_id: 'a*'}\n",
            "demo.yaml:3: links[0].contract_id: holds a blank, '*' or '>'"},
           {"links:\n  - {actor: M, provider_id: V, contract_id: \"a\\tb\"}\n",
            "demo.yaml:2: links[0].contract_id: holds a control character"},
           {"links:\n  - {actor: M, provider_id: V, contract_id: c, values: [1]}\n",
            "demo.yaml:2: links[0].values: expected a map, found a list"},
           {"labels: {a: [1]}\n", "demo.yaml:1: labels.a: expected a text, found a list"},
           {"labels:\n  a: 1\n  a: 2\n", "demo.yaml:3: key 'a' is given twice"},
           {"labels:\n  ? [a]\n  : 1\n", "demo.yaml:2: a key must be plain text"},
           {"actors:\n  - ref: a\n    instances: two\n",
            "demo.yaml:3: actors[0].instances: expected `serial` or a map"},
           {"actors:\n  - ref: a\n    instances: {max: 0}\n",
            "demo.yaml:3: actors[0].instances.max: expected a whole number from 1 to 1000"},
           {"actors:\n  - ref: a\n    instances: {min: 4, max: 3}\n",
            "demo.yaml:3: actors[0].instances: min is above max"},
           {"actors:\n  - ref: a\n    limits: {memory_mb: 1e3}\n",
            "demo.yaml:3: actors[0].limits.memory_mb: expected a whole number"},
           {"actors:\n  - ref: a\n    limits: {call_timeout_ms: 99999999999}\n",
            "demo.yaml:3: actors[0].limits.call_timeout_ms: expected a whole number"},
           {"actors:\n - a\n  - b\n\t- c\n", "demo.yaml:"},
           {"a: [1\n", "demo.yaml:"},
           {"---\na: 1\n---\nb: 2\n", "demo.yaml:3: more than one YAML document"},
           {"a: \x04 b\n", "demo.yaml:1: holds a control character"},
           {"a: \xff\n", "demo.yaml: not valid UTF-8"},
       }) {
    EXPECT_THAT(refusal(yaml(text)), testing::StartsWith(std::string(message))) << text;
  }
}

TEST(Manifest, JsonRefusalsNameTheLineOfTheValue) {
  EXPECT_EQ(
      refusal(json("{\"links\": [\n{\"actor\": \"M\", \"contract_id\": \"c\",\n"
                   "\"provider_id\": \"V\",\n\"values\": {\"a\": \"b\",\n\"PORT\": 8080\n}}]}")),
      "demo.json:5: links[0].values.PORT: expected a text, found a number");
  EXPECT_EQ(refusal(json("{\"actors\":\n[\nnull]}")),
            "demo.json:3: actors[0]: expected a text, found nothing (null)");
  EXPECT_EQ(refusal(json("{\"labels\": {\"a\": \"1\",\n \"a\": \"2\"}}")),
            "demo.json:2: key 'a' is given twice");
  EXPECT_THAT(refusal(json("{\"actors\": [\"a\",\n \"b\"\n \"c\"]}")),
              HasSubstr("demo.json:3: not valid JSON near '"));
  EXPECT_THAT(refusal(json("actors:\n  - a\n")), HasSubstr("demo.json:1: not valid JSON"));
  EXPECT_THAT(refusal(json("{} {}")), HasSubstr("demo.json:1: not valid JSON"));
  EXPECT_THAT(refusal(json("{\"actors\": [\"a\"")), HasSubstr("demo.json:1: not valid JSON"));
  EXPECT_THAT(refusal(json("{\"actors\": [{\"ref\": \"a\", \"instances\": {\"max\": \"3\"}}]}")),
              HasSubstr("expected a whole number"));
}

TEST(Manifest, UnknownKeysAreWarningsUnlessStrict) {
  constexpr std::string_view text = "foo: 1\nactors:\n  - ref: a\n    size: 2\n";
  const auto result = yaml(text);
  ASSERT_TRUE(result);
  EXPECT_THAT(result->warnings, ElementsAre("demo.yaml:1: foo: unknown key, ignored",
                                            "demo.yaml:4: actors[0].size: unknown key, ignored"));
  EXPECT_EQ(refusal(yaml(text, true)), "demo.yaml:1: foo: unknown key, ignored");
  const auto in_json = json("{\n\"foo\": {\n\"bar\": 1}}");
  ASSERT_TRUE(in_json);
  EXPECT_THAT(in_json->warnings, ElementsAre("demo.json:2: foo: unknown key, ignored"));
}

TEST(Manifest, RepeatedItemsAreWarnings) {
  const auto result = yaml(
      "actors: [a, b, a]\nlinks:\n  - {actor: M, contract_id: c, provider_id: V}\n"
      "  - {actor: M, contract_id: c, provider_id: W}\n"
      "  - {actor: M, contract_id: c, provider_id: V, link_name: x}\n");
  ASSERT_TRUE(result);
  EXPECT_THAT(
      result->warnings,
      ElementsAre("demo.yaml:1: actors[2]: 'a' is listed twice",
                  "demo.yaml:4: links[1]: actor, contract and link name are linked already"));
}

TEST(Manifest, WarningsAreBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += fmt::format("key{}: 1\n", i);
  const auto result = yaml(text);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->warnings.size(), limits::manifest_warnings);
}

TEST(Manifest, PlainScalarsKeepTheirText) {
  const auto result = yaml("labels: {a: true, b: 1.50, c: 0x10, d: ~, e: null, f: 'null', g: }\n");
  ASSERT_TRUE(result);
  EXPECT_THAT(result->labels,
              ElementsAre(Pair("a", "true"), Pair("b", "1.50"), Pair("c", "0x10"), Pair("d", "~"),
                          Pair("e", "null"), Pair("f", "null"), Pair("g", "")));
}

// yaml-cpp reports an empty value at the place of the next key, whose text may look like a null.
TEST(Manifest, AnEmptyValueBeforeAKeyNamedNullIsEmpty) {
  const auto result = yaml("labels:\n  a:\n  null: x\n  b: ~ # c\n  ~: y\n  c:\n  null z: w\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->labels, ElementsAre(Pair("a", ""), Pair("null", "x"), Pair("b", "~"),
                                          Pair("~", "y"), Pair("c", ""), Pair("null z", "w")));
}

TEST(Manifest, AliasesAreCopied) {
  const auto result = yaml(
      "links:\n  - {actor: &me M, contract_id: c, provider_id: V, values: &v {A: &t ~, B: *me}}\n"
      "  - {actor: *me, contract_id: d, provider_id: V, values: *v}\n"
      "labels: {t: *t}\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->links[1].actor, "M");
  EXPECT_EQ(result->links[1].line, 3);
  EXPECT_THAT(result->links[1].values, ElementsAre(Pair("A", "~"), Pair("B", "M")));
  EXPECT_THAT(result->labels, ElementsAre(Pair("t", "~")));
}

TEST(Manifest, AliasBombsAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i,
                        i - 1);
  }
  EXPECT_THAT(refusal(yaml(text)), HasSubstr("aliases counted each time"));

  std::string wide = "a: &a " + std::string(100000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) wide += "*a,";
  EXPECT_THAT(refusal(yaml(wide + "]\n")), HasSubstr("aliases counted each time"));
  EXPECT_THAT(refusal(yaml("a: &a [1, *a]\n")), HasSubstr("inside the value it names"));
}

TEST(Manifest, DeepNestingIsRefused) {
  const auto repeat = [](std::string_view piece, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += piece;
    return out;
  };
  for (const int depth : {40, 900, 200000}) {
    EXPECT_FALSE(yaml("a: " + repeat("[", depth)));
    EXPECT_FALSE(yaml("a: " + repeat("{a: ", depth)));
    EXPECT_FALSE(yaml(repeat("- ", depth) + "a"));
    EXPECT_FALSE(yaml(repeat("? ", depth) + "a"));
    EXPECT_FALSE(json("{\"a\": " + repeat("[", depth) + repeat("]", depth) + "}"));
    EXPECT_FALSE(json(repeat("{\"a\": ", depth)));
  }
  EXPECT_TRUE(json("{\"a\": " + repeat("[", 20) + repeat("]", 20) + "}"));
}

TEST(Manifest, SizesAreBounded) {
  EXPECT_EQ(yaml(std::string(limits::manifest_bytes + 1, '#')).error().code, ErrorCode::limit);
  const std::string name(limits::name_bytes + 1, 'n');
  EXPECT_EQ(yaml("labels: {" + name + ": x}").error().code, ErrorCode::limit);
  const std::string ref(limits::reference_bytes + 1, 'r');
  EXPECT_EQ(yaml("actors: [" + ref + "]").error().code, ErrorCode::limit);
  std::string values = "labels:\n";
  for (std::size_t i = 0; i <= limits::link_values; ++i) values += fmt::format("  k{}: v\n", i);
  EXPECT_EQ(yaml(values).error().code, ErrorCode::limit);
}

TEST(Manifest, FormatFollowsTheExtension) {
  for (const auto* path : {"a.yaml", "a.YML", "manifest", "dir.json/manifest"}) {
    EXPECT_EQ(format_of(path), Format::yaml) << path;
  }
  for (const auto* path : {"a.json", "a.toml", "a.yaml.txt"}) {
    EXPECT_EQ(format_of(path), Format::json) << path;
  }
}

TEST(Manifest, LoadExpandsAndNamesTheFile) {
  const test::TempDir dir;
  const auto path = dir.path() / "host.yaml";
  std::ofstream(path) << "actors:\n  - ${REF:a.wasm}\n  - ${OTHER:}\n";
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    return name == "OTHER" ? std::optional<std::string>("b.wasm") : std::nullopt;
  };
  const auto result = load(path, lookup);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->actors[0].ref, "a.wasm");
  EXPECT_EQ(result->actors[1].ref, "b.wasm");
  const auto refused = load(path, [](std::string_view) { return std::nullopt; });
  EXPECT_EQ(refusal(refused), path.string() + ":3: actors[1]: empty");
  EXPECT_EQ(load(dir.path() / "none.yaml", lookup).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace trellis::manifest
