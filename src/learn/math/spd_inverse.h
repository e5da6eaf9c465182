// Inverse and determinant of a symmetric positive definite matrix, without work on the zeros of its triangles.
#pragma once

#include <Eigen/Core>
#include <optional>

namespace latcast::learn {

struct SpdInverse {
  Eigen::MatrixXd inverse;  // lower triangle only
  double log_determinant = 0;
};

/// From the lower triangle of `matrix`, which is overwritten; nothing where it is not positive definite.
[[nodiscard]] std::optional<SpdInverse> spd_inverse(Eigen::MatrixXd& matrix);

}  // namespace latcast::learn
