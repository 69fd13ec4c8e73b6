#include "admin/socket/reloading.hpp"

#include "admin/socket/arguments.hpp"
#include "base/limits.hpp"

namespace trellis::admin {
namespace {

constexpr std::size_t max_folders = 8;

Result<std::vector<std::filesystem::path>> folders_of(const Arguments& arguments) {
  std::vector<std::filesystem::path> folders;
  const auto* list = arguments.find("folders");
  if (list == nullptr) return folders;
  const auto wrong = [&] {
    return arguments.wrong("folders", "a list of up to 8 absolute paths of folders");
  };
  if (!list->is_array() || list->size() > max_folders) return wrong();
  for (const auto& one : *list) {
    if (!one.is_string()) return wrong();
    const auto& text = one.get_ref<const std::string&>();
    if (!text.starts_with('/') || text.size() > limits::path_bytes) return wrong();
    folders.emplace_back(text);
  }
  return folders;
}

/// Manifest that the command hands over as text: the host may not be able to read the user's file,
/// nor know the user's variables.
Result<apply::Handed> handed_of(const Arguments& arguments) {
  apply::Handed handed;
  const auto* text = arguments.find("text");
  if (text == nullptr || !text->is_string()) return arguments.wrong("text", "a manifest");
  handed.text = text->get<std::string>();
  if (handed.text.size() > limits::manifest_bytes) {
    return arguments.wrong("text", "a manifest of at most 1 MiB");
  }
  auto file = arguments.text_or("file", limits::path_bytes, "manifest");
  if (!file) return pass(file);
  handed.options.file = std::move(*file);
  const auto format = arguments.text_or("format", limits::name_bytes, "yaml");
  if (!format) return pass(format);
  if (*format != "yaml" && *format != "json") return arguments.wrong("format", "yaml or json");
  handed.format = *format == "yaml" ? manifest::Format::yaml : manifest::Format::json;
  const auto lenient = arguments.flag("lenient");
  if (!lenient) return pass(lenient);
  handed.options.lenient = *lenient;
  auto variables = arguments.texts("variables");
  if (!variables) return pass(variables);
  handed.variables = std::move(*variables);
  auto folders = folders_of(arguments);
  if (!folders) return pass(folders);
  handed.folders = std::move(*folders);
  return handed;
}

}  // namespace

Outcome serve_reload(apply::Reloader& reloader, const Request& request) {
  const Arguments arguments(request);
  const auto dry_run = arguments.flag("dry_run");
  if (!dry_run) return pass(dry_run);
  const auto prune = arguments.flag("prune");
  if (!prune) return pass(prune);
  const apply::Request how{.dry_run = *dry_run, .prune = *prune};
  Result<apply::ApplyReport> report;
  if (request.operation == "apply") {
    const auto handed = handed_of(arguments);
    if (!handed) return pass(handed);
    report = reloader.apply(*handed, how);
  } else {
    report = reloader.reload(how);
  }
  if (!report) return pass(report);
  return apply::to_json(*report);
}

}  // namespace trellis::admin
