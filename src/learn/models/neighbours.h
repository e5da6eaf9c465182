// Nearest neighbours in log features (Cover & Hart 1967), each feature in units of its spread.
#pragma once

#include "learn/models/log_model.h"

namespace latcast::learn {

struct NeighbourOptions {
  int k = 1;
  double softening = 1.0;  // added to squared distances before their inverses weigh the neighbours
  std::size_t points = 0;  // kept at most
};

/// Samples with the same features become one point, with their mean.
[[nodiscard]] Result<LogModelPtr> fit_neighbours(const LogProblem& problem, const NeighbourOptions& options);

}  // namespace latcast::learn
