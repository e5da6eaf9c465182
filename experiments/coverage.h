// What of networks the catalogue and a pack do not cover: `latcast bench coverage`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "graph/module_network.h"
#include "latcast/result.h"
#include "session/forecaster.h"
#include "session/listener.h"

namespace latcast::experiments {

/// Modules of one operator (and kernel class, where it has one) and one status.
struct Uncovered {
  std::string module, why;  // empty: outside the measured range
  std::size_t networks = 0, nodes = 0;
  double time_share = 0;  // mean over all networks
};

struct CoverageReport {
  std::size_t networks = 0, below = 0;  // forecast; with a modelled share below 95 %
  std::vector<Uncovered> uncovered;     // the largest share of time first
  std::vector<Error> failures;          // of files that could not be forecast
};

/// Once cancelled, of the files so far.
[[nodiscard]] CoverageReport check_coverage(std::span<const std::string> files, const DimBindings& dims,
                                            session::Forecaster& forecaster, session::Listener& listener);

}  // namespace latcast::experiments
