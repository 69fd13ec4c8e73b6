// trellis run-provider: the process of one provider. Hosts start it; people need it for nothing, so
// that it is not listed.
#include <fcntl.h>

#include "base/sizes.hpp"
#include "cli/command.hpp"
#include "provider/process/runner.hpp"
#include "providers/builtin.hpp"

namespace trellis::cli {
namespace {

using ProviderCode = Result<std::shared_ptr<const provider::Plugin>>;

ProviderCode load(const std::string& reference) {
  if (!reference.starts_with("builtin:")) return provider::open_plugin(reference);
  const auto* table = providers::find_builtin(reference);
  if (table != nullptr) return provider::wrap_table(*table);
  return fail(ErrorCode::not_found, "there is no built-in provider '" + reference + "'");
}

/// Whether a host has left us the two streams.
bool has_streams() {
  using namespace provider::process;
  return ::fcntl(calls_descriptor, F_GETFD) != -1 && ::fcntl(dispatches_descriptor, F_GETFD) != -1;
}

}  // namespace

void add_run_provider(Command& app, Context& context) {
  struct Options {
    std::string reference;
    std::size_t memory_mb = 0;
    std::size_t open_files = 0;
  };
  auto& leaf = app.add_subcommand("run-provider", "The process of one provider (for hosts)");
  leaf.hidden();
  auto options = std::make_shared<Options>();
  leaf.add_option("--memory-mb", options->memory_mb, "Private memory; 0 = no bound");
  leaf.add_option("--open-files", options->open_files, "Files open at one time; 0 = as given");
  leaf.add_option("reference", options->reference, "builtin:… or a library file").required();
  leaf.run([options, &context] {
    using namespace provider::process;
    if (!has_streams()) {
      return print_error(context, {},
                         {ErrorCode::invalid_argument, "this is no host's child",
                          "start providers with `trellis start provider` or a manifest"});
    }
    // Confined before the library is opened: its static constructors run already.
    confine(mebibytes(options->memory_mb), options->open_files);
    context.exit_code = serve(
        Descriptor(calls_descriptor), Descriptor(dispatches_descriptor),
        [&] { return load(options->reference); }, std::make_shared<const SystemClock>());
  });
}

}  // namespace trellis::cli
