// tests/vectors/oci-pull.json: what the first-party host asks a registry for, and what it takes.
// The same answers are given to our client; where it asks or decides otherwise on purpose,
// tests/deviations.json has its way. Not compared: names of cache files, which are our own
// (identity.md 6.5), and headers no registry looks at (user agent, Referer).
#include <gmock/gmock.h>

#include <map>

#include "base/call_limits.hpp"
#include "base/text.hpp"
#include "package/oci_manifest.hpp"
#include "package/registry_client.hpp"
#include "support/scripted_server.hpp"
#include "support/temp_dir.hpp"
#include "support/vectors.hpp"

namespace trellis::package {
namespace {

using nlohmann::json;
using test::text_of;
using Replacements = std::vector<std::pair<std::string, std::string>>;

std::string replaced(std::string text, const Replacements& replacements) {
  for (const auto& [old, now] : replacements) {
    for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size())) {
      text.replace(at, old.size(), now);
    }
  }
  return text;
}

std::string sha256_of(std::string_view bytes) {
  return digest_of(DigestAlgorithm::sha256, as_bytes(bytes)).text();
}

bool is_manifest(const json& exchange) {
  return text_of(exchange.at("path")).contains("/manifests/") &&
         exchange.at("response").at("status").get<int>() == 200;
}

/// Bytes for a layer whose own the file does not carry: they begin as a module and differ with
/// the digest they stand for.
std::string stand_in(const std::string& digest, std::size_t size) {
  std::string bytes("\0asm\1\0\0\0", 8);
  while (bytes.size() < size) bytes += digest;
  bytes.resize(size);
  return bytes;
}

/// A request in the words that ours and theirs are compared in. Ours asks for one manifest type
/// more (6.3, 6.4 (3)), everywhere; that is taken off here instead of listed for each case.
std::string described(const std::string& method, const std::string& path, std::string accept,
                      const std::string& authorization) {
  const std::string_view index_too = ",application/vnd.oci.image.index.v1+json";
  if (accept.ends_with(index_too)) accept.resize(accept.size() - index_too.size());
  std::string_view shown = "accepts what it does not say";
  if (accept == "*/*") shown = "accepts anything";
  const auto ours = accepted_manifest_types.substr(0, accepted_manifest_types.rfind(','));
  if (accept == ours) shown = "accepts manifests";
  return method + ' ' + path + ", " + std::string(shown) +
         (authorization.empty() ? "" : ", " + authorization) + "; ";
}

/// Bytes for the layers of all cases, and what follows from them: other digests of layers and of
/// manifests, wherever a case has them. Not changed after it is made.
struct StandIns {
  explicit StandIns(const json& cases) {
    for (const auto& vector : cases) {
      for (const auto& exchange : vector.at("http")) {
        if (is_manifest(exchange)) add(text_of(exchange.at("response").at("body")));
      }
    }
  }

  std::map<std::string, std::string> blobs;  ///< by the digest of the stand-in
  Replacements digests;                      ///< theirs, and those of the stand-ins

 private:
  void add(const std::string& manifest) {
    Replacements layers;
    const auto document = json::parse(manifest);
    for (const auto& layer : document.at("layers")) {
      const auto named = text_of(layer.at("digest"));
      auto bytes = stand_in(named, layer.at("size"));
      layers.emplace_back(named, sha256_of(bytes));
      blobs[layers.back().second] = std::move(bytes);
    }
    digests.insert(digests.end(), layers.begin(), layers.end());
    digests.emplace_back(sha256_of(manifest), sha256_of(replaced(manifest, layers)));
  }
};

/// One case at a registry of its own. What the first-party host did not ask for there, because it
/// gave up before, is answered as in the other cases.
class Script {
 public:
  Script(const json& vector, const json& cases, const StandIns& stand_ins)
      : vector_(vector), cases_(cases), stand_ins_(stand_ins), texts_(stand_ins.digests) {}

  void set_registry(const std::string& host, const std::string& port) {
    texts_.emplace_back("service=REGISTRY", "service=" + host + "%3A" + port);  // in a query
    texts_.emplace_back("REGISTRY", host + ':' + port);
  }
  [[nodiscard]] std::string reference() const {
    return replaced(text_of(vector_.at("ref")), texts_);
  }

  /// The whole answer to a request for this path.
  [[nodiscard]] std::string answer(const std::string& path) const {
    if (const auto found = answer_of_case(vector_, path)) return *found;
    for (const auto& other : cases_) {
      if (const auto found = answer_of_case(other, path)) return *found;
    }
    const auto blob = stand_ins_.blobs.find(path.substr(path.rfind('/') + 1));
    return blob == stand_ins_.blobs.end() ? made(404, "", "{}") : made(200, "", blob->second);
  }
  /// A text with the digests and the name of the registry that the case has.
  [[nodiscard]] std::string in_its_words(const std::string& text) const {
    Replacements back;
    for (const auto& [old, now] : texts_) back.emplace_back(now, old);
    return replaced(text, back);
  }

 private:
  [[nodiscard]] std::optional<std::string> answer_of_case(const json& vector,
                                                          const std::string& path) const {
    for (const auto& exchange : vector.at("http")) {
      if (replaced(text_of(exchange.at("path")), texts_) == path) return answer_of(exchange);
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string answer_of(const json& exchange) const {
    const auto& response = exchange.at("response");
    std::string headers;
    for (const auto& [name, value] : response.at("headers").items()) {
      headers += name + ": " + replaced(text_of(value), texts_) + "\r\n";
    }
    return made(response.at("status"), headers, body_of(exchange));
  }
  [[nodiscard]] std::string body_of(const json& exchange) const {
    const auto& response = exchange.at("response");
    const auto path = replaced(text_of(exchange.at("path")), texts_);
    const auto blob = stand_ins_.blobs.find(path.substr(path.rfind('/') + 1));
    if (blob == stand_ins_.blobs.end() || response.at("body_len").get<int>() == 0) {
      return replaced(response.value("body", ""), texts_);
    }
    // A body of another length than its layer's is the case in which the bytes are wrong.
    return blob->second.substr(0, response.at("body_len"));
  }
  static std::string made(int status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " As the case says\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
           body;
  }

  const json& vector_;
  const json& cases_;
  const StandIns& stand_ins_;
  Replacements texts_;  ///< digests, and the registry's address
};

/// What the first-party host asked for in a case, and whether it started what it got.
std::string expected(const json& vector) {
  std::string told;
  for (const auto& exchange : vector.at("http")) {
    const auto& headers = exchange.at("headers");
    told += described(text_of(exchange.at("method")), text_of(exchange.at("path")),
                      headers.value("accept", ""), headers.value("authorization", ""));
  }
  return told + (vector.at("events_after_start").empty() ? "refused" : "taken");
}

/// Answers as a script says and notes what it was asked.
class Registry {
 public:
  explicit Registry(Script& script)
      : script_(script), server_([this](int socket) { serve(socket); }) {
    const auto port = std::to_string(server_.port());
    address_ = "127.0.0.1:" + port;
    script_.set_registry("127.0.0.1", port);
  }
  [[nodiscard]] const std::string& address() const { return address_; }
  /// After the client is done: nothing is asked any more.
  [[nodiscard]] std::string asked() const {
    const std::scoped_lock lock(mutex_);
    return script_.in_its_words(asked_);
  }

 private:
  void serve(int socket) {
    std::string request;
    while (!request.contains("\r\n\r\n")) {
      char bytes[4096];
      const auto count = ::recv(socket, bytes, sizeof bytes, 0);
      if (count <= 0 || bytes[0] == '\x16') return;  // the greeting of TLS
      request.append(bytes, static_cast<std::size_t>(count));
    }
    const auto path = request.substr(4, request.find(" HTTP/") - 4);
    {
      const std::scoped_lock lock(mutex_);
      asked_ += described(request.substr(0, 3), path, header(request, "accept"),
                          header(request, "authorization"));
    }
    test::ScriptedServer::say(socket, script_.answer(path));
  }
  static std::string header(const std::string& request, const std::string& name) {
    const auto at = to_lower_ascii(request).find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 4;
    return request.substr(from, request.find("\r\n", from) - from);
  }

  Script& script_;
  mutable std::mutex mutex_;
  std::string asked_;  // under mutex_
  std::string address_;
  test::ScriptedServer server_;
};

/// Part of what our client says where it takes nothing; each refused case has one.
const std::map<std::string, std::string> reasons = {
    {"plain, no tag", "`latest`"},
    {"plain, insecure not allowed (https attempted)", "no encrypted connection"},
    {"bearer, token response is an empty object", "an answer without a token"},
    {"basic challenge, credentials set", "UNAUTHORIZED: authentication required"},
    {"layer media type octet-stream",
     "incompatible layer media type: application/octet-stream (taken are "},
    {"two layers (concatenated)", "the image has 2 layers; actors and providers have one"},
    {"wrong Docker-Content-Digest header", "the registry names the digest sha256:000000"},
    {"blob bytes do not match the layer digest", "381432"},
    {"schemaVersion 1", "unsupported schema version: 1"},
    {"unknown repository", "NAME_UNKNOWN: repository name not known to registry"},
};

class PullVectors : public ::testing::Test {
 protected:
  std::string pulled(const std::string& name, Script script) {
    Registry registry(script);
    const test::TempDir cache;
    RegistrySettings settings{.cache_folder = cache.path(), .retry = {.attempts = 1}};
    if (!name.contains("insecure not allowed")) settings.insecure = {registry.address()};
    if (name.contains("USER/PASSWORD set") || name.contains("credentials set")) {
      settings.credentials = RegistryCredentials{"u", "p"};
    }
    const auto reference = parse_reference(script.reference());
    if (!reference) return "no reference: " + reference.error().message;
    const auto image = RegistryClient(settings, clock_, random_).pull(*reference, {});
    check_reason(name, image);
    return registry.asked() + (image ? "taken" : "refused");
  }
  static void check_reason(const std::string& name, const Result<PulledImage>& image) {
    const auto reason = reasons.find(name);
    EXPECT_EQ(!image, reason != reasons.end()) << name << ": " << (image ? "taken" : "refused");
    if (image || reason == reasons.end()) return;
    EXPECT_THAT(image.error().message, ::testing::HasSubstr(reason->second)) << name;
  }

  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(PullVectors, RequestsAndWhatIsTaken) {
  test::VectorRun run("oci-pull.json");
  EXPECT_EQ(run.cases().size(), 21U);
  const StandIns stand_ins(run.cases());
  for (const auto& vector : run.cases()) {
    const auto name = text_of(vector.at("name"));
    run.compare(name, expected(vector), pulled(name, {vector, run.cases(), stand_ins}));
  }
  run.finish();
}

/// What ours takes and what first-party hosts take is one list, but for types of later tools.
TEST_F(PullVectors, LayerTypes) {
  const auto document = test::load_json("tests/vectors/oci-pull.json");
  const auto& types = document.at("accepted_layer_media_types");
  EXPECT_EQ(types.size(), 3U);
  for (const auto& type : types) EXPECT_TRUE(is_accepted_layer_type(text_of(type))) << type;
}

}  // namespace
}  // namespace trellis::package
