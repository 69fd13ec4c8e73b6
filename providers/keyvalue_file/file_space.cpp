#include "providers/keyvalue_file/file_space.hpp"

#include <fmt/format.h>

namespace trellis::providers::keyvalue_file {

namespace {

using Kind = Change::Kind;
using keyvalue::Store;

}  // namespace

Result<void> FileSpace::set(const std::string& key, const std::string& value,
                            std::int32_t expires) {
  return kept_.change([&] { return memory_.set(key, value, expires); },
                      [&](Store& store, const auto&, std::string& out) {
                        // Expiry is asked of the store, not computed from `expires` again, so that
                        // file and memory cannot differ.
                        const auto end = PersistentStore::to_wall(store.expiry(key), now_);
                        append_record(out, {Kind::set, key, value, end});
                      });
}

Result<std::int32_t> FileSpace::add(const std::string& key, std::int32_t value) {
  // The sum is kept, not what was added: what expires in between must not change the result.
  return kept_.change([&] { return memory_.add(key, value); },
                      [&](Store& store, const auto& sum, std::string& out) {
                        const auto end = PersistentStore::to_wall(store.expiry(key), now_);
                        append_record(out, {Kind::set, key, fmt::to_string(*sum), end});
                      });
}

Result<void> FileSpace::remove(const std::string& key) {
  bool was_there = false;
  return kept_.change(
      [&]() -> Result<void> {
        // Removing what is not there is no change: an actor that deletes in a loop would else grow
        // the file.
        auto exists = memory_.exists(key);
        if (!exists) return pass(exists);
        was_there = *exists;
        return memory_.remove(key);
      },
      [&](Store&, const auto&, std::string& out) {
        if (was_there) append_record(out, {Kind::remove, key});
      });
}

Result<std::size_t> FileSpace::push(const std::string& key, const std::string& value) {
  return kept_.change(
      [&] { return memory_.push(key, value); },
      [&](Store&, const auto&, std::string& out) { append_record(out, {Kind::push, key, value}); });
}

Result<std::size_t> FileSpace::remove_item(const std::string& key, const std::string& value) {
  return kept_.change([&] { return memory_.remove_item(key, value); },
                      [&](Store&, const auto& count, std::string& out) {
                        if (*count > 0) append_record(out, {Kind::remove_item, key, value});
                      });
}

Result<bool> FileSpace::set_add(const std::string& key, const std::string& value) {
  return kept_.change([&] { return memory_.set_add(key, value); },
                      [&](Store&, const auto& added, std::string& out) {
                        if (*added) append_record(out, {Kind::set_add, key, value});
                      });
}

Result<bool> FileSpace::set_remove(const std::string& key, const std::string& value) {
  return kept_.change([&] { return memory_.set_remove(key, value); },
                      [&](Store&, const auto& removed, std::string& out) {
                        if (*removed) append_record(out, {Kind::set_remove, key, value});
                      });
}

}  // namespace trellis::providers::keyvalue_file
