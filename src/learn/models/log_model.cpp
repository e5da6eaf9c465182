#include "learn/models/log_model.h"

#include <algorithm>
#include <array>

#include "learn/models/mlp.h"

namespace latcast::learn {

std::span<const LogLearner> log_learners() {
  static constexpr std::array kLearners = {
      LogLearner{.name = "lookup", .fit = fit_lookup, .search = "lookup"},
      LogLearner{.name = "knn", .fit = fit_knn, .search = "knn"},
      LogLearner{.name = "ols", .fit = fit_ols, .search = "ols"},
      LogLearner{.name = "ridge", .fit = fit_ridge, .search = "ridge"},
      LogLearner{.name = "poly2", .fit = fit_poly2, .search = "poly2"},
      LogLearner{.name = "svr", .fit = fit_svr, .search = "svr", .costly = true},
      LogLearner{.name = "forest", .fit = fit_forest, .search = "forest", .costly = true},
      LogLearner{.name = "gbdt", .fit = fit_gbdt, .search = "gbdt", .costly = true},
      LogLearner{.name = "gbdt_small", .fit = fit_gbdt_small, .search = "gbdt_small", .costly = true},
      LogLearner{.name = "gp", .fit = fit_gp, .search = "gp", .costly = true},
      LogLearner{.name = "gp_medium", .fit = fit_gp_medium, .search = "gp", .costly = true},
      LogLearner{.name = "gp_small", .fit = fit_gp_small, .search = "gp", .costly = true},
      LogLearner{.name = "mlp", .fit = fit_mlp, .search = "mlp", .costly = true},
  };
  return kLearners;
}

const LogLearner* find_learner(std::string_view name) {
  const auto learners = log_learners();
  const auto found = std::ranges::find(learners, name, &LogLearner::name);
  return found == learners.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
