// A training set ready for learning: usable rows per kernel class, where each network's modules are, pooled priors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "learn/data/rows.h"
#include "learn/data/training_set.h"
#include "learn/models/physical_base.h"

namespace latcast::learn {

/// Where a module's sample went.
struct ModulePlace {
  int kernel = -1;        // index into PreparedSet::kernels; -1: no usable sample
  Eigen::Index row = -1;  // into its rows
};

struct PreparedKernel {
  std::size_t type = 0, kernel = 0;
  std::string type_name, kernel_name;
  Rows rows;
  BasePrior prior;
};

struct PreparedSet {
  std::vector<PreparedKernel> kernels;           // as in the training set
  std::vector<std::vector<ModulePlace>> places;  // per network, per module
  std::size_t dropped = 0;                       // samples that were not usable
  std::size_t repeated = 0;                      // samples that say what another one of their class says
};

/// Without kernel classes where nothing was measured but totals. Errc::invalid_input: nothing usable, a network that is
/// there twice, or sizes and indices that do not match.
[[nodiscard]] Result<PreparedSet> prepare(const TrainingSet& set);

/// Per kernel class what the other classes of its type say of its base, for classes with few rows; `rows`: per class.
[[nodiscard]] std::vector<BasePrior> pooled_priors(const TrainingSet& set, const std::vector<const Rows*>& rows);

/// Fold of each network, in [0, folds): every kernel class is spread over the folds as evenly as networks allow.
[[nodiscard]] std::vector<int> network_folds(const PreparedSet& prepared, int folds, std::uint64_t seed);

}  // namespace latcast::learn
