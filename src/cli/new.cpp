// trellis new NAME: a project that builds, from the templates of the SDK (cli.md 13).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/ascii.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/sdk_places.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 64;
constexpr std::size_t template_bytes = 1 << 20;

struct NewOptions {
  std::string path;
  std::string language = "cpp";
  bool provider = false;
};

/// Kind of project: what it is called, and the programs and Debian packages that building it takes.
struct Kind {
  std::string_view template_folder;
  std::string_view title;
  std::vector<std::string_view> programs;
  std::string_view packages;
};

Kind kind_of(const NewOptions& options) {
  constexpr std::string_view wasm_packages =
      "clang lld wasi-libc libc++-dev-wasm32 libclang-rt-14-dev-wasm32";
  if (options.provider) {
    return {"provider/template",
            "a provider in C++, and an actor that uses it",
            {"cmake", "c++", "clang++"},
            "cmake g++ clang lld wasi-libc libc++-dev-wasm32 libclang-rt-14-dev-wasm32"};
  }
  if (options.language == "rust") {
    return {"rust/template", "an actor in Rust", {"rustc"}, "rustc libstd-rust-dev-wasm32"};
  }
  if (options.language == "assemblyscript") {
    return {"assemblyscript/template", "an actor in AssemblyScript", {"node", "npm"}, "npm"};
  }
  return {"cpp/template", "an actor in C++", {"clang++"}, wasm_packages};
}

// Names go into file names, class names and build files of three languages; what all of them take
// is allowed.
Result<void> check_name(const std::string& name) {
  const auto fits = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= longest_name && is_letter(name.front()) &&
      std::ranges::all_of(name, fits)) {
    return {};
  }
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("'{}' cannot be the name of a project", excerpt(name)),
      fmt::format("letters, digits, '-' and '_', a letter first, at most {}", longest_name));
}

/// Remains of earlier builds in a template that was built where it is.
bool is_left_over(const fs::path& path) {
  constexpr std::array names{"out", "target", "node_modules", "Cargo.lock", "package-lock.json"};
  return std::ranges::find(names, path.filename().string()) != names.end() ||
         path.extension() == ".wasm";
}

std::unexpected<Error> cannot_copy(const fs::path& path, const std::error_code& problem) {
  return fail(ErrorCode::unavailable, path.string() + ": " + problem.message(),
              "check that the folder may be written and has space");
}

// Copy by hand and not by the library's recursive one, which would take the remains of builds
// along.
Result<void> copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  fs::create_directory(to, problem);
  if (problem) return cannot_copy(to, problem);
  for (fs::directory_iterator at(from, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto target = to / at->path().filename();
    if (is_left_over(at->path())) continue;
    if (at->is_directory(problem)) {
      if (auto copied = copy_tree(at->path(), target); !copied) return copied;
      continue;
    }
    fs::copy_file(at->path(), target, problem);
    if (problem) return cannot_copy(target, problem);
    // Installed templates are read-only; a project is there to be changed.
    fs::permissions(target, fs::perms::owner_write, fs::perm_options::add, problem);
  }
  if (problem) return cannot_copy(from, problem);
  return {};
}

/// Path of the crate, for users of cargo, which must be told it: build.sh finds it by itself.
Result<void> name_crate(const fs::path& folder, const fs::path& sdk) {
  const auto file = folder / "Cargo.toml";
  auto text = read_file(file, template_bytes);
  if (!text) return pass(text);
  // The template's own place; a template that changed is copied as it is.
  constexpr std::string_view wanted = "path = \"..\"";
  const auto at = text->find(wanted);
  if (at == std::string::npos) return {};
  std::string path;
  for (const char c : (sdk / "rust").string()) {
    if (c == '"' || c == '\\') path += '\\';
    path += c;
  }
  text->replace(at, wanted.size(), "path = \"" + path + "\"");
  return write_file(file, as_bytes(*text));
}

/// Project as a whole folder: it appears at once, or nothing does.
Result<void> make_project(const fs::path& from, const fs::path& folder, const SdkPlaces& places) {
  const auto draft =
      folder.parent_path() / fmt::format(".{}.{}", folder.filename().string(), ::getpid());
  auto made = copy_tree(from, draft);
  if (made && fs::exists(draft / "Cargo.toml")) made = name_crate(draft, places.sdk);
  std::error_code problem;
  if (made) {
    fs::rename(draft, folder, problem);
    if (problem) made = cannot_copy(folder, problem);
  }
  std::error_code ignored;
  // Draft is gone after the rename; whatever is left of it is of a failure.
  fs::remove_all(draft, ignored);
  return made;
}

bool is_in_path(const Context& context, std::string_view program) {
  const auto path = context.env("PATH").value_or("");
  return std::ranges::any_of(split(path, ':'), [&](std::string_view folder) {
    return ::access((fs::path(folder) / program).c_str(), X_OK) == 0;
  });
}

// Hint at programs that are missing: the project is made all the same.
std::string missing_tools(const Context& context, const Kind& kind) {
  std::vector<std::string> missing;
  for (const auto program : kind.programs) {
    if (!is_in_path(context, program)) missing.emplace_back(program);
  }
  if (missing.empty()) return {};
  return fmt::format("\n\nNot found here: {}. On Debian: apt install {}", join(missing, ", "),
                     kind.packages);
}

std::string next_steps(const NewOptions& options) {
  return fmt::format(
      "  cd {}\n"
      "  trellis dev                       # builds, signs, serves, and again on each save\n"
      "  curl http://127.0.0.1:8080/{:<6} # in another terminal",
      options.path, options.provider ? "3" : "Ada");
}

Result<Answer> make_new(const Context& context, const NewOptions& options) {
  if (options.provider && options.language != "cpp") {
    return fail(ErrorCode::unsupported, "there is no template for providers in " + options.language,
                "leave --lang out: providers are written in C++, or in C with trellis/provider.h");
  }
  std::error_code ignored;
  auto folder = fs::absolute(options.path, ignored).lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  if (auto good = check_name(folder.filename().string()); !good) return pass(good);
  // Anything of that name, a dangling link too: nothing is overwritten.
  if (fs::exists(fs::symlink_status(folder, ignored))) {
    return fail(ErrorCode::already_exists, options.path + " is there already",
                "choose another name, or remove it");
  }
  const auto places = find_sdk(context);
  if (!places) return pass(places);
  const auto kind = kind_of(options);
  auto made = make_project(places->sdk / kind.template_folder, folder, *places);
  if (!made) return pass(made);
  return Answer{fmt::format("Made {}: {}. Next:\n\n{}{}", options.path, kind.title,
                            next_steps(options), missing_tools(context, kind)),
                {{"folder", folder.string()},
                 {"language", options.language},
                 {"kind", options.provider ? "provider" : "actor"}}};
}

}  // namespace

void add_new(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("new", "Make a project: an actor or a provider that builds");
  auto options = std::make_shared<NewOptions>();
  leaf.add_option("name", options->path, "Name of the project: the folder that is made")
      .required()
      .completes(ValueKind::folder);
  leaf.add_option("--lang", options->language, "Language of the actor")
      .one_of({"cpp", "rust", "assemblyscript"})
      .show_default();
  leaf.add_flag("--provider", options->provider,
                "A capability provider in C++, with an actor that uses it");
  add_action_leaf(leaf, context,
                  [options, &context](auto&) { return make_new(context, *options); });
}

}  // namespace trellis::cli
