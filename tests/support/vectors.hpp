// Loading of tests/vectors and the book-keeping of cases where ours differs on purpose.
//
// A vector shows what first-party software does. Where the specification demands something else,
// the case is listed in tests/deviations.json as {"file","case","section","ours"}: "ours" is what
// our code answers instead, and is compared, so a listed case is a test like any other. A case that
// differs without being listed fails, and so does a listed one that no longer differs.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "base/text.hpp"
#include "json/json.hpp"
#include "trellis/bytes.hpp"

namespace trellis::test {

inline nlohmann::json load_json(const std::string& path_in_source) {
  std::ifstream file(std::string(TRELLIS_SOURCE_DIR) + "/" + path_in_source);
  if (!file) throw std::runtime_error("cannot open " + path_in_source);
  return nlohmann::json::parse(file);
}

/// A member that is a string. (clang compares no std::string with a JSON value.)
inline std::string text_of(const nlohmann::json& value) {
  return value.get<std::string>();
}

/// The bytes of hex text; the test fails when it is none.
inline Bytes from_hex_or_fail(const std::string& hex) {
  auto bytes = from_hex(hex);
  if (!bytes) ADD_FAILURE() << "not hex: " << hex;
  return bytes.value_or(Bytes{});
}

/// One run over one file of vectors. Report each case with compare() or no_bytes(), then finish().
class VectorRun {
 public:
  using Filter = std::function<bool(const nlohmann::json& vector)>;

  /// With `mine`, the run is over those cases only, and others of the file belong to another test.
  explicit VectorRun(std::string file, const Filter& mine = {})
      : file_(std::move(file)), document_(load_json("tests/vectors/" + file_)) {
    if (mine) keep(mine);
    for (const auto& entry : load_json("tests/deviations.json")) {
      const std::string name = entry.at("case");
      if (text_of(entry.at("file")) == file_ && !others_.contains(name))
        listed_[name] = entry.at("ours");
    }
  }

  [[nodiscard]] const nlohmann::json& document() const { return document_; }
  [[nodiscard]] const nlohmann::json& cases() const { return document_.at("cases"); }

  /// What the vector says and what ours does, in the same words.
  void compare(const std::string& name, const std::string& expected, const std::string& ours) {
    const auto entry = listed_.find(name);
    if (entry == listed_.end()) {
      ++ran_;
      EXPECT_EQ(expected, ours) << file_ << ": " << name;
      return;
    }
    ++deviating_;
    hit_.insert(name);
    EXPECT_NE(expected, ours) << file_ << ": " << name << " is listed but does not deviate";
    EXPECT_EQ(entry->second, ours) << file_ << ": " << name << " deviates in another way";
  }

  /// The vector names something whose bytes it does not carry.
  void no_bytes() { ++without_bytes_; }

  /// Prints the count and checks that every case and every listed deviation came up.
  void finish() {
    std::printf("vectors %s: %zu ran, %zu listed, %zu carry no bytes\n", file_.c_str(), ran_,
                deviating_, without_bytes_);
    EXPECT_EQ(ran_ + deviating_ + without_bytes_, cases().size()) << "of " << file_;
    for (const auto& [name, ours] : listed_) {
      EXPECT_TRUE(hit_.contains(name)) << file_ << ": listed case " << name << " does not exist";
    }
  }

 private:
  void keep(const Filter& mine) {
    nlohmann::json kept = nlohmann::json::array();
    for (const auto& vector : document_.at("cases")) {
      if (mine(vector)) {
        kept.push_back(vector);
      } else {
        others_.insert(vector.at("name").get<std::string>());
      }
    }
    document_["cases"] = std::move(kept);
  }

  std::string file_;
  nlohmann::json document_;
  std::set<std::string> others_;
  std::map<std::string, std::string> listed_;
  std::set<std::string> hit_;
  std::size_t ran_ = 0;
  std::size_t deviating_ = 0;
  std::size_t without_bytes_ = 0;
};

}  // namespace trellis::test
