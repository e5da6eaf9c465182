// Whole networks over their modules' forecasts: modules that nothing was measured of, the calibrated sum and, where the
// networks are of the population that will be forecast, what depends on the network as a whole.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/form.h"
#include "core/network_correction.h"
#include "latcast/pack_info.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

/// Forecasts of the modules that have measured kernel classes.
struct ListedForecasts {
  Eigen::MatrixXd sums;     // networks x TrainingSet::kernels, raw ns; no columns where nothing was measured
  Eigen::VectorXd modules;  // per network
  Eigen::VectorXd others;   // per network, raw ns: modules of no kernel class, by the physical estimate
};

struct NetworkLayer {
  Calibration calibration;
  std::vector<FormSpec> unlisted;  // per class of TrainingSet::unlisted, raw ns
  NetworkCorrection correction;    // empty where too few networks tell
  Eigen::VectorXd forecast_ns;     // of every network
};

/// Learns from the networks marked in `use`, which have a truth, and forecasts all. Below two of them nothing is
/// learnt: the sum stands as it is, and what was not measured has no form.
[[nodiscard]] NetworkLayer fit_layer(const TrainingSet& set, const ListedForecasts& listed,
                                     const std::vector<char>& use);

}  // namespace latcast::learn
