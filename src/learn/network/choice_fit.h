// What follows from a choice of models: the calibrated sum of whole networks, and intervals of networks and modules.
#pragma once

#include <span>
#include <vector>

#include "latcast/pack_info.h"
#include "learn/data/training_set.h"
#include "learn/models/prepared.h"
#include "learn/network/network_fit.h"
#include "learn/study/study.h"

namespace latcast::learn {

struct NetworkFit {
  Calibration calibration;
  IntervalModel interval;
  double error = 0;  // MAPE, cross-validated by network
  std::vector<FamilyLoss> families;
};

/// `raw`: sums of forecasts that have not seen the network; `family_sums`: that have not seen its family.
[[nodiscard]] NetworkFit fit_networks(const TrainingSet& set, std::span<const int> group_of_network,
                                      const std::vector<RawNetwork>& raw, const std::vector<RawNetwork>& family_sums,
                                      double level);

/// Half-widths of modules' intervals in log latency: conformal quantiles of |log ratio| with families left out.
struct ModuleSpreads {
  std::vector<double> classes;  // 0: too few samples, the fallback counts
  double fallback = 0.5;
};
[[nodiscard]] ModuleSpreads fit_module_spreads(const PreparedSet& prepared, const Study& study,
                                               std::span<const int> chosen, double level);

/// Per class the chosen candidate's error.
[[nodiscard]] std::vector<double> errors_of(const Study& study, std::span<const int> chosen);

}  // namespace latcast::learn
