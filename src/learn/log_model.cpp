#include "learn/log_model.h"

#include <array>

namespace latcast::learn {

std::span<const LogLearner> log_learners() {
  static constexpr std::array kLearners = {
      LogLearner{"ridge", fit_ridge},
      LogLearner{"trees", fit_trees},
      LogLearner{"gp", fit_gp},
  };
  return kLearners;
}

}  // namespace latcast::learn
