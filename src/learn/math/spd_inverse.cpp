#include "learn/math/spd_inverse.h"

#include <Eigen/Cholesky>

namespace latcast::learn {
namespace {

constexpr Eigen::Index kBlock = 48;  // below this, or in strips of this, dense products win

/// In place: L becomes its inverse, half by half.
void invert_lower(Eigen::Ref<Eigen::MatrixXd> l) {
  const Eigen::Index n = l.rows();
  if (n <= kBlock) {
    const Eigen::MatrixXd copy = l;
    l.setIdentity();
    copy.triangularView<Eigen::Lower>().solveInPlace(l);
    return;
  }
  const Eigen::Index half = n / 2, rest = n - half;
  invert_lower(l.topLeftCorner(half, half));
  invert_lower(l.bottomRightCorner(rest, rest));
  const Eigen::MatrixXd middle = l.bottomLeftCorner(rest, half) * l.topLeftCorner(half, half);
  l.bottomLeftCorner(rest, half).noalias() = -(l.bottomRightCorner(rest, rest) * middle);
}

}  // namespace

std::optional<SpdInverse> spd_inverse(Eigen::MatrixXd& matrix) {
  const Eigen::Index n = matrix.rows();
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor(matrix);
  if (factor.info() != Eigen::Success) return std::nullopt;
  matrix.triangularView<Eigen::StrictlyUpper>().setZero();
  SpdInverse out{Eigen::MatrixXd::Zero(n, n), 2.0 * matrix.diagonal().array().log().sum()};
  invert_lower(matrix);
  for (Eigen::Index row = 0; row < n; row += kBlock) {  // a strip of rows reaches no farther than its diagonal block
    const Eigen::Index height = std::min(kBlock, n - row), width = row + height;
    const auto strip = matrix.block(row, 0, height, width);
    out.inverse.topLeftCorner(width, width).selfadjointView<Eigen::Lower>().rankUpdate(strip.transpose());
  }
  return out;
}

}  // namespace latcast::learn
