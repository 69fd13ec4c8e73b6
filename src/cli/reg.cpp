// trellis reg push|pull|ls|ping (cli.md 5).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "cli/artifact.hpp"
#include "cli/registry_flags.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

struct RegOptions {
  RegistryFlags registry;
  std::string url;
  std::string file;
  std::string digest;
  std::string config;
};

constexpr std::size_t max_config_bytes = 1 * limits::mib;

/// Reference that is permitted; the pusher's and the puller's own words for the rule of identity.md
/// 6.2.
Result<package::Reference> permitted_reference(const RegOptions& options, const char* doing) {
  auto reference = package::parse_reference(options.url);
  if (!reference) return reference;
  if (reference->means_latest() && !options.registry.allow_latest) {
    return fail(ErrorCode::denied,
                fmt::format("{} artifacts with tag 'latest' is prohibited. This can be overriden "
                            "with a flag",
                            doing),
                "name a version, or give --allow-latest");
  }
  return reference;
}

/// Copy to the destination, written beside it first: a full disk leaves what was there.
Result<void> copy_to(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  const auto part = fs::path(to) += ".part";
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, problem);
  if (!problem) fs::rename(part, to, problem);
  if (!problem) return {};
  std::error_code ignored;
  fs::remove(part, ignored);
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", to.string(), problem.message()),
              "name another file: --destination");
}

// Pull: fetched into the cache, verified, then copied out. The cache keeps it for hosts of this
// user.
Result<Answer> pull(const Context& context, const RegOptions& options,
                    const OutputOptions& output) {
  const auto reference = permitted_reference(options, "Pulling");
  if (!reference) return pass(reference);
  package::PullOptions how;
  how.timeout = options.registry.timeout;
  how.allow_latest = options.registry.allow_latest;
  auto expected = expected_digest(options.digest);
  if (!expected) return pass(expected);
  how.expected = std::move(*expected);
  TransferProgress progress(context, output);
  how.progress = [&progress](const package::Progress& now) { progress.show(now); };
  package::RegistryClient client(registry_settings(context, options.registry, reference->registry),
                                 context.clock, context.random);
  const auto image = client.pull(*reference, how);
  if (!image) return pass(image);
  // Verified before it gets a name of the user's choice.
  const auto kind = artifact_kind_of(image->file, context.clock.wall());
  if (!kind) return pass(kind);
  auto destination = options.file;
  // Last part of the repository's path with the extension of its kind; the registry's own file
  // names are not used, they could be any path.
  if (destination.empty()) {
    const auto& path = reference->repository;
    destination = path.substr(path.rfind('/') + 1) + std::string(extension_of(*kind));
  }
  if (auto copied = copy_to(image->file, destination); !copied) return pass(copied);
  return Answer{fmt::format("Successfully pulled and validated {}", destination),
                {{"file", destination},
                 {"result", "success"},
                 {"digest", image->manifest.text()},
                 {"bytes", image->layer.size},
                 {"source", to_string(image->source)}}};
}

Result<Answer> push(const Context& context, const RegOptions& options,
                    const OutputOptions& output) {
  const auto reference = permitted_reference(options, "Pushing");
  if (!reference) return pass(reference);
  // Verified before it is sent: a registry takes anything.
  const auto kind = artifact_kind_of(options.file, context.clock.wall());
  if (!kind) return pass(kind);
  package::PushOptions how;
  how.timeout = options.registry.timeout;
  how.allow_latest = options.registry.allow_latest;
  // The config of an image means nothing to hosts; first-party tools let users set it (cli.md 5).
  if (!options.config.empty()) {
    auto config = read_file(options.config, max_config_bytes);
    if (!config) return pass(config);
    how.config = std::move(*config);
  }
  TransferProgress progress(context, output);
  how.progress = [&progress](const package::Progress& now) { progress.show(now); };
  package::RegistryClient client(registry_settings(context, options.registry, reference->registry),
                                 context.clock, context.random);
  const auto pushed = client.push(*reference, options.file, *kind, how);
  if (!pushed) return pass(pushed);
  // Pinned name, which always means what was pushed.
  const auto pinned =
      fmt::format("{}/{}@{}", reference->registry, reference->repository, pushed->manifest.text());
  return Answer{fmt::format("Successfully validated and pushed to {}\n{}", options.url, pinned),
                {{"result", "success"},
                 {"url", options.url},
                 {"reference", pinned},
                 {"digest", pushed->manifest.text()},
                 {"existed", pushed->existed}}};
}

Result<Answer> ping(const Context& context, const RegOptions& options) {
  package::RegistryClient client(registry_settings(context, options.registry, options.url),
                                 context.clock, context.random);
  // One request with the login of the user: the cheapest way to learn that it is wrong.
  const auto status = client.ping(options.url, {.timeout = options.registry.timeout});
  if (!status) return pass(status);
  if (!status->usable) {
    return fail(status->status == 401 ? ErrorCode::denied : ErrorCode::unsupported,
                fmt::format("{} answers with status {}", status->url, status->status),
                status->status == 401 ? "give a user and a password: --user and --password"
                                      : "check that this is the address of a registry");
  }
  return Answer{
      fmt::format("{} is a registry (authorization: {})", options.url, status->authorization),
      {{"result", "success"},
       {"url", status->url},
       {"status", status->status},
       {"authorization", status->authorization},
       {"api", status->api}}};
}

void add_pull(Command& reg, Context& context) {
  auto& leaf = reg.add_subcommand("pull", "Fetch an actor or a provider archive");
  auto options = std::make_shared<RegOptions>();
  leaf.add_option("url", options->url, "Reference: HOST[:PORT]/PATH:TAG or …@sha256:DIGEST")
      .required();
  leaf.add_option("--destination", options->file, "File to write (default: name of the repository)")
      .completes(ValueKind::file);
  leaf.add_option("-d,--digest", options->digest, "SHA-256 that the manifest must have");
  add_registry_options(leaf, options->registry);
  add_action_leaf(
      leaf, context,
      [options, &context](const OutputOptions& output) { return pull(context, *options, output); },
      "file");
}

void add_push(Command& reg, Context& context) {
  auto& leaf = reg.add_subcommand("push", "Store an actor or a provider archive");
  auto options = std::make_shared<RegOptions>();
  leaf.add_option("url", options->url, "Reference with a tag: HOST[:PORT]/PATH:TAG").required();
  leaf.add_option("artifact", options->file, "Signed module, or provider archive")
      .required()
      .existing_file();
  leaf.add_option("-c,--config", options->config, "File used as the image's config (default {})")
      .existing_file();
  add_registry_options(leaf, options->registry);
  add_action_leaf(
      leaf, context,
      [options, &context](const OutputOptions& output) { return push(context, *options, output); },
      "digest");
}

Result<Answer> list_tags(const Context& context, const RegOptions& options) {
  const auto repository = package::parse_reference(options.url);
  if (!repository) return pass(repository);
  // A tag given here would be ignored otherwise.
  if (repository->tag || repository->digest) {
    return fail(
        ErrorCode::invalid_argument, options.url + " names one artifact of a repository",
        fmt::format("leave out what follows {}/{}", repository->registry, repository->repository));
  }
  package::RegistryClient client(registry_settings(context, options.registry, repository->registry),
                                 context.clock, context.random);
  const auto list = client.tags(*repository, {.timeout = options.registry.timeout});
  if (!list) return pass(list);
  // Registries send tags in pages, and the number of pages is bounded.
  if (!list->complete) {
    say(context, Label::warning,
        fmt::format("there are more tags than the {} shown", list->tags.size()));
  }
  return Answer{list->tags.empty() ? "No tags" : fmt::format("{}", fmt::join(list->tags, "\n")),
                {{"repository", options.url}, {"tags", list->tags}, {"complete", list->complete}}};
}

void add_ls(Command& reg, Context& context) {
  auto& leaf = reg.add_subcommand("ls", "List the tags of a repository");
  auto options = std::make_shared<RegOptions>();
  leaf.add_option("repository", options->url, "HOST[:PORT]/PATH").required();
  options->registry.timeout = std::chrono::minutes(1);
  add_registry_options(leaf, options->registry);
  add_leaf(leaf, context,
           [options, &context](const OutputOptions&) { return list_tags(context, *options); });
}

void add_ping(Command& reg, Context& context) {
  auto& leaf = reg.add_subcommand("ping", "Ask whether a registry is there and takes our word");
  auto options = std::make_shared<RegOptions>();
  leaf.add_option("registry", options->url, "HOST or HOST:PORT").required();
  options->registry.timeout = std::chrono::seconds(15);
  add_registry_options(leaf, options->registry);
  add_action_leaf(leaf, context,
                  [options, &context](const OutputOptions&) { return ping(context, *options); });
}

}  // namespace

void add_reg(Command& app, Context& context) {
  auto& reg = app.add_subcommand("reg", "Actors and providers in registries");
  reg.require_subcommand();
  add_pull(reg, context);
  add_push(reg, context);
  add_ls(reg, context);
  add_ping(reg, context);
}

}  // namespace trellis::cli
