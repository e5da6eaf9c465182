// What modules cost, from whole networks' latencies alone: for devices without a profiler, and for operations that a
// profiler does not list.
//
// First non-negative weights of the base terms (as in the physical base, on relative error, Huber-reweighted), drawn
// towards unit costs: where totals cannot tell terms apart, a multiply-accumulate, an element moved or a call costs
// what it costs elsewhere in the same networks. Then, for networks of which nothing else is known, modules' costs may
// bend away from that (learn/totals_bend.h). Our design.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/form.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

struct TotalsProblem {
  const std::vector<KernelSamples>& classes;  // of TrainingSet::unlisted; `network` says whose they are
  Eigen::VectorXd quiet_ns;                   // per network; only those in use need one
  std::vector<char> use;                      // per network: learn from it
  Eigen::MatrixXd known;        // networks x columns that explain a part of the totals: may have no columns
  Eigen::VectorXd known_prior;  // expected coefficients of these
  /// Whether modules' costs may bend away from their base terms.
  bool bend = true;
};

/// Coefficients are ns per unit of a term.
struct TotalsFit {
  Eigen::VectorXd known;                 // coefficients of the known columns, >= 0
  std::vector<Eigen::VectorXd> weights;  // per class, per term, >= 0
  double run_ns = 0;                     // of a run, whatever it runs
  std::vector<FormSpec> forms;           // per class, ns
  Eigen::VectorXd forecast_ns;           // of every network, those that were not in use included
};

/// Indices of the networks that are marked.
[[nodiscard]] std::vector<Eigen::Index> rows_in_use(const std::vector<char>& use);

/// At least two networks in use.
[[nodiscard]] TotalsFit fit_totals(const TotalsProblem& problem);

}  // namespace latcast::learn
