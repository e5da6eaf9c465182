// The physical base model: ns = sum of non-negative weights x base terms of a kernel class.
//
// Fitted on relative error by NNLS, reweighted after Huber so that a few wild samples do not bend it; a tiny damping
// settles collinear terms. Design: shared/architecture.md's trial; idea as in the roofline and operation-count models.
#pragma once

#include <Eigen/Core>

#include "core/form.h"
#include "learn/data/rows.h"

namespace latcast::learn {

struct PhysicalBase {
  Eigen::VectorXd weights;  // ns per unit of each term, >= 0
  double constant_ns = 1;   // used where the kernel class has no terms

  [[nodiscard]] Eigen::VectorXd predict_ns(const RowMatrix& terms) const;  // >= 1
  [[nodiscard]] FormSpec form() const;
};

/// Sum of the terms with these weights.
[[nodiscard]] FormSpec linear_terms_form(const Eigen::VectorXd& weights);

/// Weights expected before the samples are seen, worth `samples` of them; empty: none.
struct BasePrior {
  Eigen::VectorXd weights;
  double samples = 0;
};

[[nodiscard]] PhysicalBase fit_base(const Rows& rows, const BasePrior& prior = {});

}  // namespace latcast::learn
