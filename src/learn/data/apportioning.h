// Carriers whose nodes were not timed: what each took as a whole is dealt out to its modules.
//
// Costs of base terms are fitted to all totals at once (learn/data/total_costs.h): a carrier of few operators tells
// what these cost less their company, which other carriers tell. Each module then gets its forecast's share of its
// carrier's total, so that samples show more than the terms do. Our design.
#pragma once

#include <span>
#include <vector>

#include "catalogue/catalogue.h"
#include "graph/module_network.h"

namespace latcast::learn {

struct WholeCarrier {
  const ModuleNetwork* network = nullptr;
  double quiet_ns = 0;
  Conditions conditions = {};  // that its module types read
};

struct Apportioned {
  /// Per carrier, per module: ns, > 0; without a run's own cost they add up to the total. NaN: of a free kernel class.
  std::vector<std::vector<double>> modules_ns;
  /// Likewise what a latency may be off by, relative: least where a carrier is made of one kernel class.
  std::vector<std::vector<double>> spread;
  double run_ns = 0;
};

/// At least two carriers.
[[nodiscard]] Apportioned apportion(std::span<const WholeCarrier> carriers, const Catalogue& catalogue);

}  // namespace latcast::learn
