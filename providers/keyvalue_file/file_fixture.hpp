// A key-value provider over a folder of its own, for the conformance tests.
#pragma once

#include "providers/keyvalue/keyvalue_fixture.hpp"
#include "support/temp_dir.hpp"

namespace trellis::providers {

class FileBackend final : public KeyValueBackend {
 public:
  explicit FileBackend(bool library) : library_(library) {}

  [[nodiscard]] const trellis_provider_table& table() const override {
    return library_ ? test::open_module(TRELLIS_LIBRARIES "/trellis-keyvalue_file.so")
                    : *find_builtin("builtin:keyvalue-file");
  }
  [[nodiscard]] codec::StringMap link_values() const override {
    return {{"DIRECTORY", (folder_.path() / "kv").string()}};
  }
  [[nodiscard]] std::filesystem::path journal() const {
    return folder_.path() / "kv" / "common.journal";
  }

 private:
  bool library_;
  test::TempDir folder_;
};

}  // namespace trellis::providers
