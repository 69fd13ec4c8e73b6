#include "nats/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "base/binary_text.hpp"
#include "base/files.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json_string.hpp"

namespace trellis::nats {
namespace {

std::unexpected<Error> refuse(std::string message, std::string remedy) {
  return fail(ErrorCode::invalid_argument, std::move(message), std::move(remedy));
}

/// Characters of a JWT; it goes into CONNECT, so that nothing else may be in it.
bool is_token_char(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

/// A line of hyphens around a name: `-----BEGIN NATS USER JWT-----`.
bool is_fence(std::string_view line) {
  constexpr std::string_view hyphens = "---";
  return line.size() > 2 * hyphens.size() && line.starts_with(hyphens) && line.ends_with(hyphens);
}

/// Texts between pairs of such lines, in their order, whatever the lines say: some tools write
/// other names. Both texts may contain hyphens anywhere.
std::vector<std::string> armored(std::string_view text) {
  std::vector<std::string> found;
  bool inside = false;
  std::string content;
  for (const auto part : split(text, '\n')) {
    const auto line = trim(part);
    if (!is_fence(line)) {
      if (inside) content += line;
      continue;
    }
    // Line of hyphens behind another one begins anew.
    const bool ends = inside && !content.empty();
    if (ends) found.push_back(std::exchange(content, {}));
    inside = !ends;
  }
  return found;
}

}  // namespace

Result<Credentials::Signer> Credentials::parse_signer(std::string_view jwt, std::string_view seed) {
  jwt = trim(jwt);
  if (jwt.size() > limits::token_chars || !std::ranges::all_of(jwt, is_token_char) ||
      (!jwt.empty() && std::ranges::count(jwt, '.') != 2)) {
    return refuse("the NATS user JWT is no token",
                  "give the JWT itself or a file with nothing else in it");
  }
  auto key = identity::KeyPair::from_seed(trim(seed));
  if (!key) {
    return refuse(fmt::format("the NATS seed is not usable: {}", key.error().message),
                  "give the seed itself (SU…) or a file with nothing else in it");
  }
  if (key->type() != identity::KeyType::user) {
    return refuse(fmt::format("the NATS seed is one of type {}, not user", to_string(key->type())),
                  "give the seed of the user the server knows (SU…)");
  }
  return Signer{std::string(jwt), std::move(*key)};
}

Result<Credentials::Signer> Credentials::read_creds(const std::filesystem::path& path) {
  auto text = read_file(path, 2 * limits::token_chars);
  if (!text) return pass(text);
  const auto texts = armored(*text);
  if (texts.size() < 2) {
    return refuse(fmt::format("{}: not a NATS credentials file", path.string()),
                  "it must hold a user JWT and a seed, as `nsc generate creds` writes them");
  }
  auto signer = parse_signer(texts[0], texts[1]);
  if (!signer)
    signer.error().message = fmt::format("{}: {}", path.string(), signer.error().message);
  return signer;
}

Result<std::unique_ptr<Credentials>> Credentials::load(const NatsOptions& options) {
  std::unique_ptr<Credentials> made(new Credentials);
  const auto jwt = trim(options.jwt);
  const auto seed = trim(options.seed);
  if (!jwt.empty() && seed.empty()) {
    return refuse("a NATS user JWT was given without its seed", "give the seed too, or neither");
  }
  if (!options.password.empty() && options.user.empty()) {
    return refuse("a NATS password was given without a user", "give the user too, or neither");
  }
  // Keys go before files, files before user and password, those before a token. Mixtures that could
  // be meant in two ways are refused.
  if (!seed.empty() && (!jwt.empty() || options.creds_file.empty())) {
    auto signer = parse_signer(jwt, seed);
    if (!signer) return pass(signer);
    made->signer_ = std::move(*signer);
  } else if (!seed.empty()) {
    return refuse("a NATS seed was given without its JWT, besides a credentials file",
                  "give the JWT too, or leave the seed away");
  } else if (!options.creds_file.empty()) {
    made->creds_file_ = options.creds_file;
    if (auto loaded = made->reload(); !loaded) return pass(loaded);
  } else if (!is_utf8(options.user + options.password + options.token)) {
    return refuse("NATS user, password or token is not UTF-8", "check how it was entered");
  } else if (!options.user.empty()) {
    made->user_ = options.user;
    made->password_ = options.password;
  } else {
    made->token_ = options.token;
  }
  return made;
}

void Credentials::use(const UrlLogin& login) {
  user_.clear();
  password_.clear();
  token_.clear();
  if (!login.password) {
    token_ = login.user;
    return;
  }
  user_ = login.user;
  password_ = *login.password;
}

Result<void> Credentials::reload() {
  if (creds_file_.empty()) return {};
  auto signer = read_creds(creds_file_);
  if (!signer) return pass(signer);
  signer_ = std::move(*signer);
  return {};
}

Result<std::string> Credentials::members(std::string_view nonce) const {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    // Comma comes first: the text is appended to members that are always there.
    text += fmt::format(",\"{}\":", name);
    append_json_string(text, value);
  };
  if (signer_) {
    // Signature over nothing would be one for every connection; a server that uses keys always
    // sends a nonce.
    if (nonce.empty()) {
      return fail(ErrorCode::denied, "the server sent no nonce to sign: it does not use keys",
                  "log in with what it knows: user and password, or a token");
    }
    if (signer_->jwt.empty()) {
      add("nkey", signer_->key.public_key().text());
    } else {
      add("jwt", signer_->jwt);
    }
    add("sig", base64url_encode(signer_->key.sign(as_bytes(nonce))));
  } else if (!user_.empty()) {
    add("user", user_);
    add("pass", password_);
  } else if (!token_.empty()) {
    add("auth_token", token_);
  }
  return text;
}

}  // namespace trellis::nats
