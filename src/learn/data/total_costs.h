// What modules' base terms cost, from whole networks' latencies alone: for devices and engines without times of nodes,
// and for operations that a profiler does not list.
//
// Non-negative weights of the base terms (as in the physical base, on relative error, Huber-reweighted), drawn towards
// what is expected of them, by default unit costs: where totals cannot tell terms apart, a multiply-accumulate, an
// element moved or a call costs what it costs elsewhere in the same networks. Our design.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "learn/data/training_set.h"

namespace latcast::learn {

struct TotalsProblem {
  const std::vector<KernelSamples>& classes;  // of TrainingSet::unlisted; `network` says whose they are
  Eigen::VectorXd quiet_ns;                   // per network; only those in use need one
  std::vector<char> use;                      // per network: learn from it
  Eigen::MatrixXd known;        // networks x columns that explain a part of the totals: may have no columns
  Eigen::VectorXd known_prior;  // expected coefficients of these
  std::vector<Eigen::VectorXd> expected = {};  // per class: weights; empty: by what their units cost
};

/// Coefficients are ns per unit of a term.
struct TotalCosts {
  Eigen::VectorXd known;                 // coefficients of the known columns, >= 0
  std::vector<Eigen::VectorXd> weights;  // per class, per term, >= 0
  double run_ns = 0;                     // of a run, whatever it runs
  Eigen::VectorXd forecast_ns;           // of every network, those that were not in use included
  // Per network in use:
  Eigen::VectorXd weight;  // in (0, 1]: less where a truth is doubtful
  Eigen::VectorXd unbent;  // 1 - forecast / truth of what was expected before the totals were seen
  Eigen::MatrixXd slack;   // by coefficient: what one that is a standard deviation off changes of that
};

/// Indices of the networks that are marked.
[[nodiscard]] std::vector<Eigen::Index> rows_in_use(const std::vector<char>& use);

/// At least two networks in use.
[[nodiscard]] TotalCosts total_costs(const TotalsProblem& problem);

}  // namespace latcast::learn
