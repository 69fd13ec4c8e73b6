// trellis sdk: for build scripts.
#include "cli/sdk_places.hpp"

#include <array>
#include <system_error>

#include "cli/local_host.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

bool has(const fs::path& folder, const char* file) {
  std::error_code ignored;
  return fs::exists(folder / file, ignored);
}

/// Places, complete or nothing: half an SDK fails in the middle of somebody's build.
std::optional<SdkPlaces> complete_places(SdkPlaces places) {
  places.sdk = places.sdk.lexically_normal();
  places.include = places.include.lexically_normal();
  const bool all =
      has(places.sdk, "cpp/template/build.sh") && has(places.include, "trellis/actor.hpp");
  return all ? std::optional(std::move(places)) : std::nullopt;
}

std::optional<SdkPlaces> in_tree(const fs::path& tree) {
  return complete_places({tree / "sdk", tree / "include"});
}

std::optional<SdkPlaces> in_installation(const fs::path& bin) {
  return complete_places({bin / TRELLIS_SDK_FOLDER, bin / TRELLIS_INCLUDE_FOLDER});
}

Result<Answer> place_of(const Context& context, const std::string& what) {
  const auto places = find_sdk(context);
  if (!places) return pass(places);
  const auto path = what.empty()    ? places->sdk
                    : what == "cpp" ? places->include
                                    : places->sdk / what;
  return Answer{path.string(), {{"path", path.string()}}};
}

}  // namespace

Result<SdkPlaces> find_sdk(const Context& context) {
  const auto bin = own_program().parent_path();
  // The variable is the last word: where it leads nowhere that is told, and no other SDK taken.
  if (const auto given = context.env("TRELLIS_SDK")) {
    std::error_code ignored;
    const auto sdk = fs::absolute(*given, ignored);
    // Folder of a tree, or of a prefix: share/trellis/sdk.
    if (auto places = in_tree(sdk.parent_path())) return std::move(*places);
    if (auto places = in_installation(sdk / "../../../bin")) return std::move(*places);
    return fail(ErrorCode::not_found, "TRELLIS_SDK is " + *given + ", where no SDK is",
                "name the folder sdk of a source tree, or share/trellis/sdk of an installation");
  }
  if (auto places = in_installation(bin)) return std::move(*places);
  // Source tree: the program is in build/<preset>/bin.
  if (auto places = in_tree(bin / "../../..")) return std::move(*places);
  return fail(ErrorCode::not_found, "there is no SDK beside " + (bin / "trellis").string(),
              "install it (Debian package trellis-dev, or `make install`), or name its folder with "
              "TRELLIS_SDK");
}

void add_sdk(Command& app, Context& context) {
  auto& leaf =
      app.add_subcommand("sdk", "Print where the SDK is, for build scripts: templates, headers");
  auto what = std::make_shared<std::string>();
  leaf.add_option("part", *what,
                  "cpp (the folder of trellis/actor.hpp), rust, assemblyscript, or cmake (for "
                  "find_package); without it the folder of all templates")
      .one_of({"cpp", "rust", "assemblyscript", "cmake"});
  add_leaf(leaf, context, [what, &context](auto&) { return place_of(context, *what); });
}

}  // namespace trellis::cli
