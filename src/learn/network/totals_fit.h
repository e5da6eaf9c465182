// Forms of modules whose cost is known from whole networks' latencies alone (learn/data/total_costs.h), which, for
// networks of which nothing else is known, may bend away from their base terms (learn/network/totals_bend.h).
#pragma once

#include <vector>

#include "core/form.h"
#include "learn/data/total_costs.h"

namespace latcast::learn {

struct TotalsFit : TotalCosts {
  std::vector<FormSpec> forms;  // per class, ns
};

/// `bend`: whether modules' costs may bend. At least two networks in use.
[[nodiscard]] TotalsFit fit_totals(const TotalsProblem& problem, bool bend);

}  // namespace latcast::learn
