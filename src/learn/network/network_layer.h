// Whole networks over their modules' forecasts, for sets of real networks: modules that nothing was measured of, the
// calibrated sum, and what depends on the network as a whole.
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
};

struct NetworkLayer {
  Calibration calibration;
  std::vector<FormSpec> unlisted;  // per class of TrainingSet::unlisted, raw ns
  NetworkCorrection correction;    // empty where too few networks tell
  Eigen::VectorXd forecast_ns;     // of every network
};

/// Learns from the networks marked in `use` (at least two with a truth), forecasts all.
[[nodiscard]] NetworkLayer fit_layer(const TrainingSet& set, const ListedForecasts& listed,
                                     const std::vector<char>& use);

}  // namespace latcast::learn
