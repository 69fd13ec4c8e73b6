// A host for tests of applying: it notes what it is asked, and fails where the test says so.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apply/target.hpp"
#include "support/builtins.hpp"

namespace trellis::apply {

/// One thread.
class FakeTarget : public Target {
 public:
  Result<Inventory> inventory() const override { return running; }
  std::vector<LinkInfo> links() const override { return {}; }
  Result<ActorPreview> inspect_actor(const std::string& reference) const override {
    const auto name = std::filesystem::path(reference).filename().string();
    if (const auto found = failures.find("inspect " + name); found != failures.end()) {
      return std::unexpected(found->second);
    }
    ActorPreview preview;
    const auto key = keys.find(name);
    preview.identity.key = key == keys.end() ? "KEY-" + name : key->second;
    preview.hash = "hash of " + name;
    return preview;
  }
  Result<ProviderPreview> inspect_provider(const std::string& reference,
                                           ProviderMode) const override {
    const auto name = std::filesystem::path(reference).filename().string();
    if (const auto found = failures.find("inspect " + name); found != failures.end()) {
      return std::unexpected(found->second);
    }
    const auto contract = contracts.find(name);
    return ProviderPreview{"V-" + name, contract == contracts.end() ? "" : contract->second};
  }
  std::span<const BuiltinProvider> builtins() const override { return test::all_builtins(); }
  void merge_labels(const std::map<std::string, std::string>& labels) override {
    for (const auto& [name, value] : labels) log.push_back("label " + name + "=" + value);
  }
  Result<std::string> start_actor(const std::string& reference, ActorOptions options) override {
    last_options = options;
    if (auto done = note("start " + reference); !done) return pass(done);
    return "KEY-" + reference;
  }
  Result<void> update_actor(const std::string& key, const std::string& reference) override {
    return note("update " + key + " " + reference);
  }
  Result<void> scale_actor(const std::string& key, const ActorOptions&) override {
    return note("scale " + key);
  }
  Result<void> stop_actor(const std::string& key) override { return note("stop " + key); }
  Result<std::string> start_provider(const std::string& reference,
                                     const ProviderOptions& options) override {
    if (auto done = note("start " + reference + " " + options.link_name); !done) return pass(done);
    return "V-" + reference;
  }
  Result<void> stop_provider(const std::string& key, const std::string& link_name) override {
    return note("stop " + key + " " + link_name);
  }
  Result<void> set_link(Link link) override { return note("link " + link.actor); }
  Result<void> remove_link(const Link& link) override { return note("unlink " + link.actor); }

  Result<void> note(std::string text) {
    log.push_back(text);
    const auto found = failures.find(text);
    if (found != failures.end()) return std::unexpected(found->second);
    return {};
  }

  std::vector<std::string> log;
  std::map<std::string, Error> failures;  ///< by line of the log, or "inspect NAME"
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> contracts;
  ActorOptions last_options;
  Inventory running;
};

}  // namespace trellis::apply
