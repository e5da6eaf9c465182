// What follows from a choice of models: the calibrated sum of whole networks, and intervals of networks and modules.
#pragma once

#include <vector>

#include "latcast/pack_info.h"
#include "learn/prepared.h"
#include "learn/selection.h"
#include "learn/study.h"
#include "learn/training_set.h"

namespace latcast::learn {

struct NetworkFit {
  Calibration calibration;
  IntervalModel interval;
  double error = 0;  // MAPE, cross-validated by network
  std::vector<FamilyLoss> families;
};

[[nodiscard]] NetworkFit fit_networks(const TrainingSet& set, const Study& study, const Selector& selector,
                                      const Choice& choice, double level);

/// Half-widths of modules' intervals in log latency: conformal quantiles of |log ratio| with families left out.
struct ModuleSpreads {
  std::vector<double> classes;  // 0: too few samples, the fallback counts
  double fallback = 0.5;
};
[[nodiscard]] ModuleSpreads fit_module_spreads(const PreparedSet& prepared, const Study& study, const Choice& choice,
                                               double level);

/// Per class the chosen candidate's error.
[[nodiscard]] std::vector<double> errors_of(const Study& study, const Choice& choice);

}  // namespace latcast::learn
