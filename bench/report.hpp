// What a benchmark run found: figures, the floors they are compared with, and what was aimed at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::bench {

/// One figure. `ratio` is value/floor (for rates too: share of the floor that was reached).
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> floor;
  std::optional<double> ratio;
  std::string target;           ///< in words: "<= 1.5 x floor + 0.3 us"; empty: only measured
  std::optional<bool> reached;  ///< nothing when there is no target
};

/// Collects figures in order. Used from one thread.
class Report {
 public:
  void add(Figure figure) { figures_.push_back(std::move(figure)); }
  /// What was not measured, and why: part of the report, so that no row is missed unnoticed.
  void leave_out(std::string what, std::string why) {
    left_out_.push_back(std::move(what) + ": " + std::move(why));
  }
  /// Share of the machine's time that others used meanwhile: with much of it ratios say little.
  void set_others(double share) { others_ = share; }
  [[nodiscard]] const std::vector<Figure>& figures() const noexcept { return figures_; }

  [[nodiscard]] std::string as_text() const;
  /// With CPU model, number of cores, load and time of the run.
  [[nodiscard]] std::string as_json() const;
  [[nodiscard]] Result<void> write_json(const std::string& path) const;

 private:
  std::vector<Figure> figures_;
  std::vector<std::string> left_out_;
  std::optional<double> others_;
};

}  // namespace trellis::bench
