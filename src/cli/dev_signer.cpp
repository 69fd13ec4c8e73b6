#include "cli/dev_signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <system_error>

#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "cli/folders.hpp"
#include "cli/key_store.hpp"
#include "cli/printable.hpp"
#include "identity/module_token.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using identity::KeyPair;
using identity::KeyType;

Result<KeyPair> read_or_make(const fs::path& path, KeyType type, Random& random) {
  // Secrets are created with their mode and never changed later: no moment in which others could
  // read one.
  std::error_code problem;
  if (fs::exists(path, problem)) {
    const auto seed = read_file(path, key_file_bytes);
    if (!seed) return pass(seed);
    auto pair = KeyPair::from_seed(trim(*seed));
    if (pair && pair->type() == type) return pair;
    // Not replaced in silence: a new key is another actor, with links and data of its own.
    return fail(ErrorCode::malformed, path.string() + ": not the key it should be",
                "remove it; a new one will be made");
  }
  auto pair = KeyPair::generate(type, random);
  if (auto made = create_secret_file(path, as_bytes(pair.seed_text())); !made) return pass(made);
  return pair;
}

/// Claims of the module's own token as far as they describe it; nothing for an unsigned module, or
/// for one whose token no longer fits because it was changed. Key, issuer and times are not taken:
/// this signature is a developer's, not the issuer's.
identity::ActorClaims own_claims(ByteView module) {
  identity::ActorClaims claims;
  const auto token = identity::extract_claims(module);
  if (!token || !*token) return claims;
  const auto& own = (*token)->decoded.claims;
  claims.name = own.name;
  claims.caps = own.caps;
  claims.tags = own.tags;
  claims.ver = own.ver;
  claims.call_alias = own.call_alias;
  return claims;
}

std::vector<std::string> default_capabilities() {
  return {"wasmcloud:httpserver", "wasmcloud:keyvalue", "wasmcloud:logging", "wasmcloud:extras"};
}

}  // namespace

Result<fs::path> dev_key_folder(const Context& context) {
  if (const auto state = folders(context.env).state; !state.empty()) return state / "dev";
  return fail(ErrorCode::not_found, "there is no folder for development keys",
              "set HOME or XDG_STATE_HOME");
}

Result<DevSigner> DevSigner::open(Context& context, const fs::path& folder,
                                  const fs::path& module) {
  std::error_code ignored;
  // Key per path, not per name: most projects build a file of the same name, and would share one
  // identity.
  const auto whole = fs::weakly_canonical(fs::absolute(module, ignored), ignored);
  const auto stem = stem_of(whole.string());
  const auto hash = sha256_upper_hex(as_bytes(whole.string())).substr(0, 16);
  const auto place = stem + "-" + hash;
  const auto file = key_file_name(place, KeyType::module);
  if (!file) return pass(file);
  auto account = read_or_make(folder / "account.nk", KeyType::account, context.random);
  if (!account) return pass(account);
  const auto own = folder / *file;
  // Keys of earlier versions, which were per name, go to the first module that asks: its stored
  // data stay its own.
  const auto old = folder / (stem + "_module.nk");
  if (!fs::exists(own, ignored) && ::rename(old.c_str(), own.c_str()) == 0) {
    note(context, fmt::format("Note: the development key of all modules called {} is from now on "
                              "that of {} alone",
                              printable(stem), printable(whole.string())));
  }
  auto key = read_or_make(own, KeyType::module, context.random);
  if (!key) return pass(key);
  return DevSigner(std::move(*account), std::move(*key), stem, place);
}

Result<DevSigner::Signed> DevSigner::sign(ByteView module, const DevClaims& wishes,
                                          std::int32_t revision) const {
  auto claims = own_claims(module);
  claims.sub = key();
  claims.rev = revision;
  // Options over the module's own claims over defaults.
  if (!wishes.name.empty()) claims.name = wishes.name;
  if (!claims.name) claims.name = stem_;
  if (!wishes.capabilities.empty()) claims.caps = wishes.capabilities;
  if (!claims.caps) {
    claims.caps = default_capabilities();
    for (const auto& contract : wishes.more) {
      if (std::ranges::find(*claims.caps, contract) == claims.caps->end()) {
        claims.caps->push_back(contract);
      }
    }
  }
  auto capabilities = *claims.caps;
  auto made = identity::sign_module(module, std::move(claims), account_);
  if (!made) return pass(made);
  return Signed{std::move(made->bytes), std::move(capabilities)};
}

}  // namespace trellis::cli
