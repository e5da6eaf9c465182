// Gradient-boosted trees that are quick to evaluate: few, shallow and bold.
#include <array>

#include "learn/models/xgboost_trees.h"

namespace latcast::learn {
namespace {

constexpr std::array kSettings = {
    TreeSettings{.rounds = 48, .depth = 4, .rate = 0.2, .least_child = 2.0},
    TreeSettings{.rounds = 40, .depth = 4, .rate = 0.2, .least_child = 4.0},
    TreeSettings{.rounds = 32, .depth = 4, .rate = 0.25, .least_child = 2.0},
    TreeSettings{.rounds = 48, .depth = 3, .rate = 0.25, .least_child = 4.0},
    TreeSettings{.rounds = 48, .depth = 4, .rate = 0.12, .least_child = 8.0},
    TreeSettings{.rounds = 48, .depth = 3, .rate = 0.25, .least_child = 1.0},
};

}  // namespace

Result<LogModelPtr> fit_gbdt_small(const LogProblem& problem) { return fit_best_trees(problem, kSettings, 0); }

}  // namespace latcast::learn
