// Plugins from tables, built in or of a library. Pointers, sizes and texts of a table are checked
// and copied before anything else reads them.
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "provider/instance.hpp"
#include "provider/library_file.hpp"
#include "provider/provider.hpp"
#include "trellis/provider.h"

namespace trellis::provider {
namespace {

/// Entry of first-party plugins, which is looked for only to say what is wrong (contracts.md 4.1).
constexpr const char* rust_entry = "__capability_provider_create";

/// Copy of a table whose maker may not have known the later members.
trellis_provider_table copied(const trellis_provider_table& table) {
  trellis_provider_table copy{};
  std::memcpy(&copy, &table, std::min(table.struct_size, sizeof copy));
  return copy;
}

/// Holds a copy of the table, so that what was checked is what is used.
class LoadedPlugin final : public Plugin {
 public:
  LoadedPlugin(const trellis_provider_table& table, Description description)
      : table_(copied(table)), description_(std::move(description)) {
    table_.struct_size = sizeof table_;
    // Texts point into the description, which lives as long as the table.
    table_.local_values = nullptr;  // the description has them
    table_.local_value_count = 0;
    table_.contract_id = description_.contract_id.c_str();
    table_.name = description_.name.c_str();
    table_.vendor = description_.vendor.c_str();
    table_.version = description_.version.c_str();
  }

  const Description& description() const noexcept override { return description_; }
  bool rebinds() const noexcept override { return (table_.flags & TRELLIS_PROVIDER_REBINDS) != 0; }
  const trellis_provider_table& table() const noexcept override { return table_; }

 private:
  Result<std::shared_ptr<Provider>> make(std::shared_ptr<const Plugin> self, Options options,
                                         std::shared_ptr<Dispatcher> dispatcher,
                                         std::shared_ptr<const Clock> clock,
                                         Log log) const override {
    return make_instance(std::move(self), std::move(options), std::move(dispatcher),
                         std::move(clock), std::move(log));
  }

  trellis_provider_table table_;
  Description description_;
};

bool has_control_character(std::string_view text) {
  for (const auto c : text) {
    const auto value = static_cast<unsigned char>(c);
    if (value < 0x20 || value == 0x7f) return true;
  }
  return false;
}

Result<std::string> identity_text(const char* text, std::string_view what, bool required) {
  // Text that does not end is read no further than a name may be.
  const auto size = text == nullptr ? 0 : strnlen(text, limits::name_bytes + 1);
  if (size == 0) {
    if (!required) return std::string();
    return fail(ErrorCode::malformed, fmt::format("the provider table has no {}", what));
  }
  if (size > limits::name_bytes) {
    return fail(ErrorCode::malformed,
                fmt::format("the {} in the provider table has more than {} bytes", what,
                            limits::name_bytes));
  }
  const std::string_view view(text, size);
  if (!is_utf8(view) || has_control_character(view)) {
    return fail(ErrorCode::malformed,
                fmt::format("the {} in the provider table is not printable UTF-8", what));
  }
  return std::string(view);
}

Result<std::vector<LocalValue>> read_local_values(const trellis_provider_table& table) {
  std::vector<LocalValue> all;
  // Older tables end before these members.
  if (!TRELLIS_HAS(&table, local_value_count) || table.local_value_count == 0) return all;
  if (table.local_values == nullptr || table.local_value_count > limits::link_values) {
    return fail(ErrorCode::malformed,
                fmt::format("the provider table has no local_values, or more than {}",
                            limits::link_values));
  }
  for (std::size_t i = 0; i < table.local_value_count; ++i) {
    auto name = identity_text(table.local_values[i].name, "name of a local value", true);
    if (!name) return pass(name);
    all.push_back({std::move(*name), local_kind_of(table.local_values[i].kind)});
  }
  return all;
}

Result<Description> read_description(const trellis_provider_table& table) {
  auto contract = identity_text(table.contract_id, "contract_id", true);
  if (!contract) return pass(contract);
  auto name = identity_text(table.name, "name", true);
  if (!name) return pass(name);
  auto vendor = identity_text(table.vendor, "vendor", false);
  if (!vendor) return pass(vendor);
  auto version = identity_text(table.version, "version", false);
  if (!version) return pass(version);
  auto local = read_local_values(table);
  if (!local) return pass(local);
  return Description{std::move(*contract), std::move(*name), std::move(*vendor),
                     std::move(*version),  table.revision,   std::move(*local)};
}

/// Checks that everything of version 1 is there; only then may the other members be read.
Result<void> check_layout(const trellis_provider_table& table) {
  const auto rebuild = "rebuild the provider with this host's trellis/provider.h";
  if (!TRELLIS_HAS(&table, abi_version)) {
    return fail(
        ErrorCode::malformed,
        fmt::format("the provider table is too small: struct_size is {}", table.struct_size),
        rebuild);
  }
  if (table.abi_version != TRELLIS_PROVIDER_ABI) {
    return fail(ErrorCode::unsupported,
                fmt::format("the provider speaks ABI version {}, this host version {}",
                            table.abi_version, TRELLIS_PROVIDER_ABI),
                rebuild);
  }
  if (!TRELLIS_HAS(&table, destroy)) {
    return fail(
        ErrorCode::malformed,
        fmt::format("the provider table is too small: struct_size is {}, version {} needs {}",
                    table.struct_size, TRELLIS_PROVIDER_ABI,
                    TRELLIS_OFFSET(&table, destroy) + sizeof table.destroy),
        rebuild);
  }
  return {};
}

Result<void> check_functions(const trellis_provider_table& table) {
  const auto missing = [](std::string_view name) {
    return fail(ErrorCode::malformed, fmt::format("the provider table has no function {}", name));
  };
  if (table.create == nullptr) return missing("create");
  if (table.handle_call == nullptr) return missing("handle_call");
  if (table.stop == nullptr) return missing("stop");
  if (table.destroy == nullptr) return missing("destroy");
  return {};
}

Result<void*> map_library(const std::filesystem::path& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error);
  if (error) full = path;
  // Library stays mapped (NODELETE, no dlclose): threads of a provider may run its code after stop
  // (contracts.md 4.2).
  void* library = dlopen(full.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    const char* why = dlerror();
    return fail(ErrorCode::unavailable,
                fmt::format("the provider library cannot be loaded: {}",
                            replace_bad_utf8(why == nullptr ? "no reason given" : why)),
                "ldd shows which of the libraries it needs are missing");
  }
  return library;
}

Result<trellis_provider_entry> find_entry(void* library, const std::filesystem::path& path) {
  if (void* entry = dlsym(library, TRELLIS_PROVIDER_ENTRY); entry != nullptr) {
    return reinterpret_cast<trellis_provider_entry>(entry);
  }
  if (dlsym(library, rust_entry) != nullptr) {
    return fail(ErrorCode::unsupported,
                "provider library uses the Rust plugin interface; it has to be replaced by a "
                "built-in provider, a C-ABI plugin or a provider process",
                "trellis/provider.h describes the C ABI");
  }
  return fail(ErrorCode::malformed,
              fmt::format("{} is not a provider: it does not export {}", path.string(),
                          TRELLIS_PROVIDER_ENTRY),
              "export the entry with default visibility and C linkage");
}

/// Asks the library for its table. The plugin's own code runs here; what it throws stays here.
Result<const trellis_provider_table*> call_entry(trellis_provider_entry entry) {
  const trellis_provider_table* table = nullptr;
  try {
    table = entry();
  } catch (...) {
    return fail(ErrorCode::provider_failed, "the provider's entry function threw an exception");
  }
  if (table == nullptr) {
    return fail(ErrorCode::unsupported, "the provider says that it cannot run on this host");
  }
  if (reinterpret_cast<std::uintptr_t>(table) % alignof(trellis_provider_table) != 0) {
    return fail(ErrorCode::malformed, "the provider's entry function returned a bad pointer");
  }
  return table;
}

}  // namespace

LocalKind local_kind_of(std::uint32_t kind) noexcept {
  switch (kind) {
    case TRELLIS_LOCAL_FILE: return LocalKind::file;
    case TRELLIS_LOCAL_LISTEN: return LocalKind::listen;
    case TRELLIS_LOCAL_PORT: return LocalKind::port;
    default: return LocalKind::only;
  }
}

Result<std::shared_ptr<const Plugin>> wrap_table(const trellis_provider_table& table) {
  if (auto layout = check_layout(table); !layout) return pass(layout);
  if (auto functions = check_functions(table); !functions) return pass(functions);
  auto description = read_description(table);
  if (!description) return pass(description);
  return std::make_shared<const LoadedPlugin>(table, std::move(*description));
}

Result<std::shared_ptr<const Plugin>> open_plugin(const std::filesystem::path& path) {
  if (auto file = check_library_file(path); !file) return pass(file);
  auto library = map_library(path);
  if (!library) return pass(library);
  auto entry = find_entry(*library, path);
  if (!entry) return pass(entry);
  auto table = call_entry(*entry);
  if (!table) return pass(table);
  return wrap_table(**table);
}

}  // namespace trellis::provider
