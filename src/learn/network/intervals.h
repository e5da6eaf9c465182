// Prediction intervals of networks: split conformal on networks whose whole family was left out of training.
//
// Real networks are not exchangeable with generated ones; leaving families out is the nearest thing. The score is
// |log(truth / forecast) - bias| / spread, where spread = relative + absolute / latency + extrapolated x uncovered
// share + modules x error of the sum of independently wrong modules is fitted to the residuals first; the quantile is
// the finite-sample one, ceil((n + 1) level) / n (Lei et al. 2018; Papadopoulos et al. 2008 for the scaled score).
// Symmetric in log latency; the bias is zero unless the residuals' median differs from it by more than two standard
// errors.
#pragma once

#include <vector>

#include "core/network_sum.h"
#include "latcast/pack_info.h"

namespace latcast::learn {

/// A network that was forecast with its family left out.
struct HeldOut {
  double forecast_ns = 0, quiet_ns = 0;
  Doubt doubt;
};

[[nodiscard]] IntervalModel fit_intervals(const std::vector<HeldOut>& networks, double level);

}  // namespace latcast::learn
