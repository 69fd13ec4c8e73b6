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
  return parse(text, Format::yaml, {"demo.yaml", strict, false});
}
Result<Manifest> json(std::string_view text, bool strict = false) {
  return parse(text, Format::json, {"demo.json", strict, false});
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
  EXPECT_EQ(result->actors[0].at.line, 5);
  EXPECT_EQ(result->actors[1].at.line, 6);
  EXPECT_EQ(result->capabilities[0].at.line, 12);
  EXPECT_EQ(result->links[0].at.line, 15);
}

TEST(Manifest, TheSameInJson) {
  const auto result = json(R"({"labels": {"zone": "a"},
    "actors": ["a.wasm",
      {"ref": "b.wasm", "instances": {"max": 3}}],
    "links": [{"actor": "M", "contract_id": "c", "provider_id": "V", "link_name": null,
               "values": {"a": "b"}}]})");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->actors[1].instances->max, 3U);
  EXPECT_EQ(result->actors[1].at.line, 3);
  EXPECT_EQ(result->links[0].link_name, "default");
  EXPECT_EQ(result->links[0].at.line, 4);
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
            "demo.yaml:2:5: links[0].provider_id: missing"},
           {"actors:\n  - a\n  - ${X\n  -\nlinks: []\n",
            "demo.yaml:4:4: actors[2]: expected a text, found an empty one"},
           {"actors:\n  - ~\n", "demo.yaml:2:5: actors[0]: expected a text, found an empty one"},
           {"actors:\n  - \"\"\n", "demo.yaml:2:5: actors[0]: expected a text, found an empty one"},
           {"actors: a\n", "demo.yaml:1:9: actors: expected a list, found a text"},
           {"actors:\n  - [a]\n", "demo.yaml:2:5: actors[0]: expected a text, found a list"},
           {"- a\n", "demo.yaml:1:1: expected a map, found a list"},
           {"capabilities:\n  - link_name: x\n",
            "demo.yaml:2:5: capabilities[0].image_ref: missing"},
           {"capabilities:\n  - image_ref: a\n    link_name: \"a b\"\n",
            "demo.yaml:3:16: capabilities[0].link_name: expected a name without blanks, '*' and "
            "'>', found 'a b'"},
           {"links:\n  - {actor: M, provider_id: V,\n     contract_id: 'a*'}\n",
            "demo.yaml:3:19: links[0].contract_id: expected a name without blanks, '*' and '>', "
            "found 'a*'"},
           {"links:\n  - {actor: M, provider_id: V, contract_id: \"a\\tb\"}\n",
            "demo.yaml:2:45: links[0].contract_id: expected a text without control characters"},
           {"links:\n  - {actor: M, provider_id: V, contract_id: c, values: [1]}\n",
            "demo.yaml:2:56: links[0].values: expected a map, found a list"},
           {"labels: {a: [1]}\n", "demo.yaml:1:13: labels.a: expected a text, found a list"},
           {"labels:\n  a: 1\n  a: 2\n", "demo.yaml:3:3: key 'a' is given twice"},
           {"labels:\n  ? [a]\n  : 1\n", "demo.yaml:2:5: a key must be plain text"},
           {"actors:\n  - ref: a\n    instances: two\n",
            "demo.yaml:3:16: actors[0].instances: expected `serial` or a map"},
           {"actors:\n  - ref: a\n    instances: {max: 0}\n",
            "demo.yaml:3:22: actors[0].instances.max: expected a whole number from 1 to 1000"},
           {"actors:\n  - ref: a\n    instances: {min: 4, max: 3}\n",
            "demo.yaml:3:16: actors[0].instances: expected min up to max, found 4 and 3"},
           {"actors:\n  - ref: a\n    limits: {memory_mb: 1e3}\n",
            "demo.yaml:3:25: actors[0].limits.memory_mb: expected a whole number"},
           {"actors:\n  - ref: a\n    limits: {call_timeout_ms: 99999999999}\n",
            "demo.yaml:3:31: actors[0].limits.call_timeout_ms: expected a whole number"},
           {"actors:\n - a\n  - b\n\t- c\n", "demo.yaml:"},
           {"a: [1\n", "demo.yaml:"},
           {"---\na: 1\n---\nb: 2\n", "demo.yaml:3:1: more than one YAML document"},
           {"a: \x04 b\n", "demo.yaml:1:4: holds a control character"},
           {"a: \xff\n", "demo.yaml: not valid UTF-8"},
       }) {
    EXPECT_THAT(refusal(yaml(text)), testing::StartsWith(std::string(message))) << text;
  }
}

TEST(Manifest, JsonRefusalsNameTheLineOfTheValue) {
  EXPECT_EQ(
      refusal(json("{\"links\": [\n{\"actor\": \"M\", \"contract_id\": \"c\",\n"
                   "\"provider_id\": \"V\",\n\"values\": {\"a\": \"b\",\n\"PORT\": 8080\n}}]}")),
      "demo.json:5:9: links[0].values.PORT: expected a text, found a number");
  EXPECT_EQ(refusal(json("{\"actors\":\n[\nnull]}")),
            "demo.json:3:1: actors[0]: expected a text, found nothing (null)");
  EXPECT_EQ(refusal(json("{\"labels\": {\"a\": \"1\",\n \"a\": \"2\"}}")),
            "demo.json:2:2: key 'a' is given twice");
  EXPECT_THAT(refusal(json("{\"actors\": [\"a\",\n \"b\"\n \"c\"]}")),
              HasSubstr("demo.json:3:2: not valid JSON near '"));
  EXPECT_THAT(refusal(json("actors:\n  - a\n")), HasSubstr("demo.json:1:"));
  EXPECT_THAT(refusal(json("{} {}")), HasSubstr("demo.json:1:"));
  EXPECT_THAT(refusal(json("{\"actors\": [\"a\"")), HasSubstr("demo.json:1:"));
  EXPECT_THAT(refusal(json("{\"actors\": [{\"ref\": \"a\", \"instances\": {\"max\": \"3\"}}]}")),
              HasSubstr("expected a whole number"));
}

TEST(Manifest, UnknownKeysOfItemsAreErrorsThatSayWhatWasMeant) {
  struct Row {
    std::string_view text;
    std::string_view message;
  };
  for (const auto& [text, message] : std::initializer_list<Row>{
           {"links:\n  - actor: M\n    contract_id: c\n    provider_id: V\n    value: {PORT: 1}\n",
            "demo.yaml:5:5: links[0].value: unknown key; did you mean `values`?"},
           {"links:\n  - {actor: M, contract: c}\n",
            "demo.yaml:2:16: links[0].contract: unknown key; did you mean `contract_id`?"},
           {"actors:\n  - ref: a\n    size: 2\n", "demo.yaml:3:5: actors[0].size: unknown key"},
           {"actors:\n  - {ref: a, instances: {mx: 2}}\n",
            "demo.yaml:2:26: actors[0].instances.mx: unknown key; did you mean `max`?"},
           {"actors:\n  - {ref: a, limits: {memory: 2}}\n",
            "demo.yaml:2:23: actors[0].limits.memory: unknown key; did you mean `memory_mb`?"},
           {"capabilities:\n  - ref: builtin:keyvalue\n",
            "demo.yaml:2:5: capabilities[0].ref: unknown key; did you mean `image_ref`?"},
           {"actors:\n  - {ref: a, links: [{contract: c, provider_id: V}]}\n",
            "demo.yaml:2:36: actors[0].links[0].provider_id: unknown key; did you mean "
            "`provider`?"},
       }) {
    EXPECT_EQ(refusal(yaml(text)), message) << text;
    const auto lenient = parse(text, Format::yaml, {"demo.yaml", false, true});
    if (lenient) {
      EXPECT_THAT(lenient->warnings, ElementsAre(std::string(message) + " (ignored)"));
    }
  }
  const auto lenient =
      parse("actors:\n  - ref: a\n    size: 2\n", Format::yaml, {"demo.yaml", false, true});
  EXPECT_TRUE(lenient) << "as first-party hosts read it";
}

// host.md 11: what a first-party host ignores there is of no concern to ours.
TEST(Manifest, UnknownPartsAreWarningsUnlessStrict) {
  constexpr std::string_view text = "foo: 1\nactor: [a]\nx-common: &c {a: b}\n";
  const auto result = yaml(text);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(result->warnings,
              ElementsAre("demo.yaml:1:1: foo: unknown key, ignored",
                          "demo.yaml:2:1: actor: unknown key, ignored; did you mean `actors`?"));
  EXPECT_EQ(refusal(yaml(text, true)), "demo.yaml:1:1: foo: unknown key, ignored");
  const auto in_json = json("{\n\"foo\": {\n\"bar\": 1}}");
  ASSERT_TRUE(in_json);
  EXPECT_THAT(in_json->warnings, ElementsAre("demo.json:2:1: foo: unknown key, ignored"));
}

std::optional<std::string> some_variables(std::string_view name) {
  if (name == "PORT") return "8080";
  if (name == "LINES") return "a\nb: c";
  if (name == "BRACE") return "a}b";
  if (name == "LONG") return std::string(200, 'x');
  return std::nullopt;
}

std::string read_refusal(std::string_view text, Format format = Format::yaml,
                         bool lenient = false) {
  return refusal(read(text, format, some_variables, {"demo.yaml", false, lenient}));
}

TEST(Manifest, AVariableThatIsNotSetIsOneErrorAtItsPlace) {
  EXPECT_EQ(
      read_refusal("labels:\n  a: 1\n  # ${COMMENTED}\n  b: \"x${OTHER_PORT}\"\n"),
      "demo.yaml:4:8: expected a value for ${OTHER_PORT}, found none: the variable is not set");
  EXPECT_EQ(
      read_refusal("labels: {a: ${ONE}, b: 2}\nlinks:\n- actor: ${TWO:?say who}\n"),
      "demo.yaml:1:13: expected a value for ${ONE}, found none: the variable is not set; nor is "
      "TWO (line 3)");
  EXPECT_EQ(
      read_refusal("labels: {a: '${TWO:?say who}'}"),
      "demo.yaml:1:14: expected a value for ${TWO}, found none: the variable is not set: say who");
  EXPECT_EQ(read_refusal("{\"labels\":\n {\"a\": ${NONE}}}", Format::json),
            "demo.yaml:2:8: expected a value for ${NONE}, found none: the variable is not set");
  EXPECT_EQ(read_refusal("labels: {a: ${NONE:-d}, b: ${PORT}, c: ${X:-${PORT}}}\n# ${NONE}\n"),
            "accepted");
  EXPECT_EQ(read_refusal("labels: {a: '${NONE}'}", Format::yaml, true), "accepted");
}

TEST(Manifest, PlacesAreThoseOfTheSource) {
  EXPECT_EQ(read_refusal("labels: {a: ${LONG}, b: [1]}"),
            "demo.yaml:1:25: labels.b: expected a text, found a list");
  EXPECT_EQ(read_refusal("labels:\n  a: ${LINES}\nlinks: x\n").substr(0, 15), "demo.yaml:3:8: ");
  EXPECT_EQ(read_refusal("labels:\n  \"\u00e9\u00e9\": [1]\n").substr(0, 15), "demo.yaml:2:9: ");
  EXPECT_EQ(read_refusal("\xef\xbb\xbflinks: x\n").substr(0, 15), "demo.yaml:1:8: ");
}

TEST(Manifest, SyntaxErrorsSayWhatToDo) {
  const auto remedy = [](std::string_view text) {
    const auto result = read(text, Format::yaml, some_variables, {"demo.yaml", false, false});
    return result ? "accepted" : result.error().message + "|" + result.error().remedy;
  };
  EXPECT_THAT(remedy("labels: {a: ${BRACE}}\n"),
              HasSubstr("the value of BRACE is part of that line: put ${…} in quotes"));
  EXPECT_THAT(remedy("labels: {a: ${ x }}\n"), HasSubstr("begins no variable"));
  EXPECT_THAT(
      remedy("links:\n\t- actor: x\n"),
      testing::StartsWith("demo.yaml:2:1: expected blanks for the indentation, found a tab|"));
  EXPECT_THAT(remedy("actors:\n  - a\n  -\tref: b\n\t  limits: {}\n"),
              testing::StartsWith("demo.yaml:3:4: expected blanks"));
}

TEST(Manifest, MergeKeysTakeWhatIsNotSaid) {
  const auto result = yaml(
      "x-web: &web {provider_id: V, contract_id: http, values: {PORT: 1}}\n"
      "x-name: &name {link_name: n, contract_id: other}\n"
      "links:\n  - {<<: *web, actor: A}\n  - {actor: B, <<: [*web, *name], values: {PORT: 2}}\n"
      "labels: {'<<': text}\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->links[0].provider_id, "V");
  EXPECT_THAT(result->links[0].values, ElementsAre(Pair("PORT", "1")));
  EXPECT_EQ(result->links[1].contract_id, "http");
  EXPECT_EQ(result->links[1].link_name, "n");
  EXPECT_THAT(result->links[1].values, ElementsAre(Pair("PORT", "2")));
  EXPECT_THAT(result->labels, ElementsAre(Pair("<<", "text")));
  EXPECT_THAT(refusal(yaml("labels: {<<: text}")), HasSubstr("demo.yaml:1:14: `<<` merges a map"));
  EXPECT_THAT(refusal(yaml("labels: {<<: [text]}")), HasSubstr("`<<` merges maps only"));
}

TEST(Manifest, ShortFormsOfLinksAndProviders) {
  const auto result = yaml(R"(actors:
  - ref: a.wasm
    links:
      httpserver: {BIND: "127.0.0.1:1"}
      keyvalue:
  - ref: b.wasm
    links:
      - acme:store
      - {contract: keyvalue, provider: ./kv.so, link_name: second, values: {A: 1}}
capabilities: ["builtin:keyvalue"]
)");
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->links.size(), 4U);
  EXPECT_EQ(result->links[0].actor, "a.wasm");
  EXPECT_EQ(result->links[0].contract_id, "wasmcloud:httpserver");
  EXPECT_EQ(result->links[0].provider_id, "");
  EXPECT_THAT(result->links[0].values, ElementsAre(Pair("BIND", "127.0.0.1:1")));
  EXPECT_EQ(result->links[0].at.line, 4);
  EXPECT_EQ(result->links[1].contract_id, "wasmcloud:keyvalue");
  EXPECT_EQ(result->links[2].contract_id, "acme:store");
  EXPECT_EQ(result->links[3].provider_id, "./kv.so");
  EXPECT_EQ(result->links[3].link_name, "second");
  EXPECT_EQ(result->links[3].provider_at.line, 9);
  EXPECT_EQ(result->capabilities[0].image_ref, "builtin:keyvalue");
  EXPECT_THAT(refusal(yaml("actors: [{ref: a, links: keyvalue}]")),
              HasSubstr("actors[0].links: expected contracts with their values"));
  EXPECT_THAT(refusal(yaml("actors: [{ref: a, links: {keyvalue: x}}]")),
              HasSubstr("actors[0].links.keyvalue: expected a map, found a text"));
}

TEST(Manifest, RepeatedItemsAreWarnings) {
  const auto result = yaml(
      "actors: [a, b, a]\nlinks:\n  - {actor: M, contract_id: c, provider_id: V}\n"
      "  - {actor: M, contract_id: c, provider_id: W}\n"
      "  - {actor: M, contract_id: c, provider_id: V, link_name: x}\n");
  ASSERT_TRUE(result);
  EXPECT_THAT(
      result->warnings,
      ElementsAre("demo.yaml:1:16: actors[2]: 'a' is listed twice",
                  "demo.yaml:4:5: links[1]: actor, contract and link name are linked already"));
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
  EXPECT_EQ(result->links[1].at.line, 3);
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
  EXPECT_EQ(refusal(refused),
            path.string() + ":3:4: actors[1]: expected a text, found an empty one");
  EXPECT_EQ(load(dir.path() / "none.yaml", lookup).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace trellis::manifest
