#include "cli/dev_signer.hpp"

#include <system_error>

#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/folders.hpp"
#include "cli/key_store.hpp"
#include "identity/module_token.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using identity::KeyPair;
using identity::KeyType;

Result<KeyPair> read_or_make(const fs::path& path, KeyType type, Random& random) {
  std::error_code problem;
  if (fs::exists(path, problem)) {
    const auto seed = read_file(path, key_file_bytes);
    if (!seed) return std::unexpected(seed.error());
    auto pair = KeyPair::from_seed(trim(*seed));
    if (pair && pair->type() == type) return pair;
    return fail(ErrorCode::malformed, path.string() + ": not the key it should be",
                "remove it; a new one will be made");
  }
  auto pair = KeyPair::generate(type, random);
  if (auto made = create_secret_file(path, as_bytes(pair.seed_text())); !made) return pass(made);
  return pair;
}

/// Claims of the module's own token as far as they describe it; nothing for an unsigned module, or
/// for one whose token no longer fits because it was changed.
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

Result<DevSigner> DevSigner::open(const fs::path& folder, const std::string& stem, Random& random) {
  auto account = read_or_make(folder / "account.nk", KeyType::account, random);
  if (!account) return pass(account);
  auto module = read_or_make(folder / (stem + "_module.nk"), KeyType::module, random);
  if (!module) return pass(module);
  return DevSigner(std::move(*account), std::move(*module), stem);
}

Result<DevSigner::Signed> DevSigner::sign(ByteView module, const DevClaims& wishes,
                                          std::int32_t revision) const {
  auto claims = own_claims(module);
  claims.sub = key();
  claims.rev = revision;
  if (!wishes.name.empty()) claims.name = wishes.name;
  if (!claims.name) claims.name = stem_;
  if (!wishes.capabilities.empty()) claims.caps = wishes.capabilities;
  if (!claims.caps) claims.caps = default_capabilities();
  auto capabilities = *claims.caps;
  auto made = identity::sign_module(module, std::move(claims), account_);
  if (!made) return pass(made);
  return Signed{std::move(made->bytes), std::move(capabilities)};
}

std::string whole_contract(const std::string& name) {
  return name.find(':') == std::string::npos ? "wasmcloud:" + name : name;
}

}  // namespace trellis::cli
