// Intervals of single modules under a choice of models.
#pragma once

#include <span>
#include <vector>

#include "learn/models/prepared.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// Half-widths of modules' intervals in log latency: conformal quantiles of |log ratio| with families left out.
struct ModuleSpreads {
  std::vector<double> classes;  // 0: no forecasts of held-out samples, the fallback counts
  double fallback = 0.5;
};
[[nodiscard]] ModuleSpreads fit_module_spreads(const PreparedSet& prepared, const Study& study,
                                               std::span<const int> chosen, double level);

/// Per class the chosen candidate's error.
[[nodiscard]] std::vector<double> errors_of(const Study& study, std::span<const int> chosen);

}  // namespace latcast::learn
