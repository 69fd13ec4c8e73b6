// Meaning of the references in a manifest: files, images, built-in providers.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::apply {

/// Looks for files in `folders`, in this order; the first that exists is taken. Both functions give
/// the whole path of a file, as one spelling for all ways to name it, else the reference of an
/// image or built-in provider as it is. Errors: not_found. Any thread.
class References {
 public:
  /// `folders` outlives this.
  explicit References(const std::vector<std::filesystem::path>& folders) : folders_(folders) {}

  [[nodiscard]] Result<std::string> actor(const std::string& reference) const;
  [[nodiscard]] Result<std::string> provider(const std::string& reference) const;

 private:
  [[nodiscard]] Result<std::string> find(const std::string& reference,
                                         std::string_view remedy) const;

  const std::vector<std::filesystem::path>& folders_;
};

}  // namespace trellis::apply
