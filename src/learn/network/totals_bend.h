// How modules' costs differ from what their base terms say, seen through whole networks' latencies only.
//
// A Gaussian process over modules with aggregated observations (after Smith, Alvarez & Lawrence 2018): a network's
// relative rest is the time-weighted mean of its modules' rests. Two kernels, one for what modules far and wide have in
// common and one for near ones. Their variances are chosen by the marginal likelihood of the totals before any weight
// is fitted, the weights' freedom being part of the covariance: rests that a fit has left over are too small and would
// choose too little bend. Our design.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "core/form.h"
#include "learn/data/rows.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

class ModuleBend {
 public:
  /// `weights`: per class, of the base terms, ns. `straight_ns`: what networks take by them. `classes` must outlive it.
  ModuleBend(const std::vector<KernelSamples>& classes, const std::vector<Eigen::VectorXd>& weights,
             const Eigen::VectorXd& straight_ns);

  /// What is known of the networks in use.
  struct Evidence {
    std::vector<Eigen::Index> rows;
    Eigen::VectorXd rest;    // truth / straight - 1
    Eigen::VectorXd weight;  // in (0, 1]: less where a truth is doubtful
    Eigen::VectorXd unbent;  // 1 - forecast / truth of the weights expected before the totals were seen
    Eigen::MatrixXd slack;   // networks x weights: what a weight one standard deviation off changes of that
  };
  void fit(const Evidence& evidence);

  /// Relative rest of every network. After fit().
  [[nodiscard]] const Eigen::VectorXd& rests() const { return rests_; }

  /// A class's form, bent; unchanged where it hardly bends.
  [[nodiscard]] FormSpec bent(std::size_t c, FormSpec straight) const;

 private:
  /// Modules of one class that are alike, once each.
  struct Alike {
    RowMatrix logs;                // log2(1 + feature)
    std::vector<Eigen::Index> of;  // per row of the class
    Eigen::MatrixXd squared;       // distances between them
    Eigen::MatrixXd share;         // networks x modules: of the network's time
  };
  struct Scale {
    double length = 1;  // in log2(1 + feature)
    double variance = 0;
  };

  static Alike merge_alike(const KernelSamples& samples);
  [[nodiscard]] Eigen::MatrixXd network_covariance(double length) const;
  [[nodiscard]] Eigen::VectorXd module_rests(std::size_t c, const Scale& scale) const;

  std::vector<Alike> alike_;
  std::vector<Eigen::Index> rows_;
  Scale far_, near_;
  Eigen::VectorXd pull_, rests_;
};

}  // namespace latcast::learn
