// Names in a lattice: who is meant by a word, among what the hosts answer. Each question costs a
// round of the lattice, so that whole keys are never asked about.
#include "cli/lattice_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "apply/builtins.hpp"
#include "host/state/builtins.hpp"
#include "identity/keys.hpp"
#include "providers/builtin.hpp"

namespace trellis::cli {
namespace {

constexpr std::string_view in_lattice = "in the lattice";

bool is_key_of(std::string_view text, identity::KeyType type) {
  const auto key = identity::PublicKey::parse(text);
  return key && key->type() == type;
}

// Actors of all hosts; one that runs on three of them is there three times.
std::vector<client::Named> actors_in(const std::vector<LatticeInventory>& hosts) {
  std::vector<client::Named> all;
  for (const auto& host : hosts) {
    for (const auto& actor : host.actors) {
      all.push_back({actor.id, actor.name, {}, actor.image_ref, {}, {}, host.host_id});
    }
  }
  return all;
}

std::vector<client::Named> providers_in(const std::vector<LatticeInventory>& hosts) {
  std::vector<client::Named> all;
  for (const auto& host : hosts) {
    for (const auto& provider : host.providers) {
      auto source = provider.image_ref;
      if (source.empty()) source = builtin_of_key(provider.id);
      const auto contract = apply::builtin_contract(providers::builtins(), source);
      all.push_back({provider.id,
                     provider.name,
                     {},
                     std::move(source),
                     contract,
                     provider.link_name,
                     host.host_id});
    }
  }
  return all;
}

/// Host of one thing: there must be exactly one, or a command would act on whichever answered
/// first.
Result<Placed> only_place(const std::vector<client::Named>& all, const client::Named& found,
                          std::string_view what) {
  std::set<std::string> hosts;
  for (const auto& one : all) {
    if (one.key == found.key && one.link_name == found.link_name) hosts.insert(one.host_id);
  }
  if (hosts.size() == 1) return Placed{found, *hosts.begin()};
  std::string list;
  for (const auto& host : hosts) {
    list += (list.empty() ? "" : ", ") + std::string(client::short_key(host));
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} '{}' runs on {} hosts", what, found.name, hosts.size()),
              "say which with --host: " + list);
}

}  // namespace

std::string builtin_of_key(const std::string& key) {
  for (const auto& builtin : providers::builtins()) {
    // Keys of built-in providers are computed from their names, the same on every host.
    if (host::builtin_provider_key(providers::builtins(), builtin.name) == key) return builtin.name;
  }
  return {};
}

Result<std::string> lattice_actor(Client& client, const std::string& wanted) {
  return client.resolve_actor(wanted);
}

Result<std::string> lattice_provider(Client& client, const std::string& wanted,
                                     const std::string& link_name) {
  // Whole keys are taken without asking: links may be made ahead of their providers.
  if (is_key_of(wanted, identity::KeyType::service)) return wanted;
  if (wanted.starts_with(host::builtin_prefix)) {
    if (auto key = host::builtin_provider_key(providers::builtins(), wanted))
      return std::move(*key);
  }
  const auto hosts = client.inventories();
  if (!hosts) return pass(hosts);
  auto all = providers_in(*hosts);
  // One provider may run under several link names; only this one is meant.
  std::erase_if(all, [&](const auto& one) { return one.link_name != link_name; });
  const auto found = client::resolve(all, "provider", wanted, in_lattice);
  if (!found) return pass(found);
  return (*found)->key;
}

Result<std::string> lattice_host(Client& client, const std::string& wanted) {
  if (is_key_of(wanted, identity::KeyType::server)) return wanted;
  const auto hosts = client.inventories();
  if (!hosts) return pass(hosts);
  std::vector<client::NamedHost> all;
  for (const auto& host : *hosts) {
    all.push_back({host.host_id, {host.labels.begin(), host.labels.end()}});
  }
  const auto found = client::resolve_host(all, wanted);
  if (!found) return pass(found);
  return (*found)->id;
}

Result<Placed> placed_actor(Client& client, const std::string& wanted) {
  const auto key = lattice_actor(client, wanted);
  if (!key) return pass(key);
  const auto hosts = client.inventories();
  if (!hosts) return pass(hosts);
  const auto all = actors_in(*hosts);
  const auto found = client::resolve(all, "actor", *key, in_lattice);
  if (!found) return pass(found);
  return only_place(all, **found, "actor");
}

Result<Placed> placed_provider(Client& client, const std::string& wanted,
                               const std::string& link_name) {
  const auto hosts = client.inventories();
  if (!hosts) return pass(hosts);
  auto all = providers_in(*hosts);
  std::erase_if(all, [&](const auto& one) { return one.link_name != link_name; });
  const auto found = client::resolve(all, "provider", wanted, in_lattice);
  if (!found) return pass(found);
  return only_place(all, **found, "provider");
}

}  // namespace trellis::cli
