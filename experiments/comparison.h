// How the regression models and selections of them compare on one training set: what `latcast bench learn` prints.
//
// Outer folds (by network, by block family) only report. Everything that is chosen (hyperparameters, the models of a
// selection, its local search, intervals) is chosen on the training side of each. All models are fitted to the same
// training sides, so that their errors pair up. A network's sum is calibrated on the other folds' networks, with the
// forecasts that those got when they were left out, the same way for everything that is compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/combination.h"
#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/math/metrics.h"
#include "session/listener.h"

namespace latcast::experiments {

struct ComparisonOptions {
  std::uint64_t seed = 1;
  int threads = 2;
  int outer_folds = 3, inner_folds = 3;
  double quick_module_time_ns = 200;  // of the second selection that is shown
  double level = 0.9;
  bool families_only = false;  // only what the interval check needs
};

/// One model on one split, over all kernel classes; where it could not be fitted the base stands in.
struct ModelColumn {
  std::string name;
  bool mixture = false;                       // of a regression model and MEDN
  std::vector<learn::ModuleMetrics> classes;  // as TrainingSet::kernels
  std::vector<double> latency_ns, bytes;
  std::vector<std::string> failures;  // per class, empty where it was fitted
  double cost_s = 0;                  // CPU
  learn::ModuleMetrics all;
};

struct SplitComparison {
  std::string split;  // "network", "family"
  std::vector<ModelColumn> models;
  Combination selection, quick_selection, unlimited_selection, like_joint, joint_only, best_single, best_mixture,
      most_accurate;
};

/// How many of the held-out networks lay within their interval.
struct IntervalCheck {
  double level = 0.9;
  int held = 0, networks = 0;
  double mean_width = 0;  // (upper - lower) / forecast
  int modules_held = 0, modules = 0;
};

/// Both together.
[[nodiscard]] IntervalCheck pooled(const IntervalCheck& a, const IntervalCheck& b);

struct LearnComparison {
  std::vector<std::string> class_names;
  std::vector<std::size_t> class_samples;
  SplitComparison by_network, by_family;
  std::vector<std::pair<std::string, double>> random_rows;  // model, time-weighted error with rows dealt at random
  IntervalCheck intervals;                                  // families left out
  double race_cost_s = 0, exhaustive_cost_s = 0;            // CPU, mean of a training side
};

/// Errc::interrupted.
[[nodiscard]] Result<LearnComparison> compare_models(const learn::TrainingSet& set, const ComparisonOptions& options,
                                                     session::Listener& listener);

}  // namespace latcast::experiments
