// What the linear learners share: a standardised design and its least squares.
#pragma once

#include <Eigen/Core>

#include "learn/data/rows.h"
#include "learn/models/log_model.h"

namespace latcast::learn {

/// Columns with weighted mean 0 and deviation 1; constant ones become zero.
struct Design {
  Eigen::MatrixXd values;
  Eigen::VectorXd mean, scale;
};

[[nodiscard]] Design standardise(Eigen::MatrixXd values, const Eigen::VectorXd& weight);

/// Linear in the design's columns as they were before they were standardised.
struct LinearFit {
  double intercept = 0;
  Eigen::VectorXd weights;
};

/// The model of a fit to log features or, `squares`, to them and their squares.
[[nodiscard]] LogModelPtr linear_model(LinearFit fit, bool squares);

/// Features, then their squares.
[[nodiscard]] Eigen::MatrixXd with_squares(const RowMatrix& features);

/// Weighted ridge (Hoerl & Kennard 1970), strength by generalised cross-validation (Golub, Heath & Wahba 1979).
[[nodiscard]] LinearFit ridge_by_gcv(const Design& design, const Eigen::VectorXd& target,
                                     const Eigen::VectorXd& weight);

/// Weighted least squares; of least norm where columns are collinear.
[[nodiscard]] LinearFit least_squares(const Design& design, const Eigen::VectorXd& target,
                                      const Eigen::VectorXd& weight);

}  // namespace latcast::learn
