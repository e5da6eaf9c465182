// Gradient-boosted trees (Friedman 2001).
#include <array>

#include "learn/halving.h"
#include "learn/models/xgboost_trees.h"

namespace latcast::learn {
namespace {

constexpr std::array kSettings = {
    TreeSettings{.rounds = 100, .depth = 3, .rate = 0.08, .least_child = 4.0},
    TreeSettings{.rounds = 180, .depth = 4, .rate = 0.07, .least_child = 2.0},
    TreeSettings{.rounds = 180, .depth = 3, .rate = 0.12, .least_child = 2.0},
    TreeSettings{.rounds = 150, .depth = 5, .rate = 0.08, .least_child = 2.0},
    TreeSettings{.rounds = 120, .depth = 4, .rate = 0.09, .least_child = 6.0},
    TreeSettings{.rounds = 180, .depth = 2, .rate = 0.15, .least_child = 4.0},
};

/// Shallow and slow for small sets; found on generated carriers.
std::size_t usual_for(Eigen::Index samples) { return samples < 120 ? 0 : 1; }

}  // namespace

Result<LogModelPtr> fit_gbdt(const LogProblem& problem) {
  const FitSetting fit = [](const LogProblem& part, std::size_t setting) {
    return fit_trees(part, kSettings[setting]);
  };
  return fit(problem, choose_setting(kSettings.size(), usual_for(problem.features.rows()), fit, problem));
}

}  // namespace latcast::learn
