// Random forest (Breiman 2001): one round of XGBoost that grows many deep trees side by side.
#include <array>

#include "learn/models/xgboost_trees.h"

namespace latcast::learn {
namespace {

constexpr TreeSettings forest(int depth, double columns, double least_child) {
  return {.rounds = 1,
          .depth = depth,
          .rate = 1.0,
          .least_child = least_child,
          .sample = 0.63,
          .columns_of_tree = 1.0,
          .columns_of_node = columns,
          .shrinkage = 0.0,
          .trees_per_round = 24};
}

constexpr std::array kSettings = {forest(8, 1.0, 0.3), forest(8, 1.0, 1.0), forest(10, 1.0, 0.3),
                                  forest(8, 0.7, 0.3), forest(6, 1.0, 2.0), forest(10, 0.7, 1.0)};

}  // namespace

Result<LogModelPtr> fit_forest(const LogProblem& problem) { return fit_best_trees(problem, kSettings, 0); }

}  // namespace latcast::learn
