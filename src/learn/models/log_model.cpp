#include "learn/models/log_model.h"

#include <algorithm>
#include <array>

#include "learn/models/mlp.h"

namespace latcast::learn {

std::span<const LogLearner> log_learners() {
  static constexpr std::array kLearners = {
      LogLearner{"lookup", fit_lookup, "lookup"},
      LogLearner{"knn", fit_knn, "knn"},
      LogLearner{"ols", fit_ols, "ols"},
      LogLearner{"ridge", fit_ridge, "ridge"},
      LogLearner{"poly2", fit_poly2, "poly2"},
      LogLearner{"svr", fit_svr, "svr", true},
      LogLearner{"forest", fit_forest, "forest", true},
      LogLearner{"gbdt", fit_gbdt, "gbdt", true},
      LogLearner{"gbdt_small", fit_gbdt_small, "gbdt_small", true},
      LogLearner{"gp", fit_gp, "gp", true},
      LogLearner{"gp_medium", fit_gp_medium, "gp", true},
      LogLearner{"gp_small", fit_gp_small, "gp", true},
      LogLearner{"mlp", fit_mlp, "mlp", true},
  };
  return kLearners;
}

const LogLearner* find_learner(std::string_view name) {
  const auto learners = log_learners();
  const auto found = std::ranges::find(learners, name, &LogLearner::name);
  return found == learners.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
