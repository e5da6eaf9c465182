// Gradient-boosted trees (Friedman 2001).
#include <array>

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
  return fit_best_trees(problem, kSettings, usual_for(problem.features.rows()));
}

}  // namespace latcast::learn
