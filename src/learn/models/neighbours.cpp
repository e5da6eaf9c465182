#include "learn/models/neighbours.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "core/limits.h"

namespace latcast::learn {
namespace {

using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class Neighbours final : public LogModel {
 public:
  Neighbours(NeighbourOptions options, Eigen::VectorXd scale, FloatMatrix points, std::vector<double> values)
      : options_(options), scale_(std::move(scale)), points_(std::move(points)), values_(std::move(values)) {}

  Eigen::VectorXd predict(const RowMatrix& features) const override {
    Eigen::VectorXd out(features.rows());
    std::vector<std::pair<double, std::size_t>> order(values_.size());
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      const Eigen::RowVectorXd at = features.row(i).cwiseProduct(scale_.transpose());
      for (std::size_t p = 0; p < order.size(); ++p) order[p] = {squared(at, static_cast<Eigen::Index>(p)), p};
      const auto end = order.begin() + std::min<std::ptrdiff_t>(options_.k, std::ssize(order));
      std::partial_sort(order.begin(), end, order.end());
      double sum = 0.0, weight = 0.0;
      for (auto near = order.begin(); near != end; ++near) {
        sum += values_[near->second] / (near->first + options_.softening);
        weight += 1.0 / (near->first + options_.softening);
      }
      out[i] = sum / weight;
    }
    return out;
  }

  FormSpec form() const override {
    FormNode node;
    node.kind = FormKind::neighbours;
    const auto points = static_cast<std::int32_t>(values_.size());
    node.ints = {std::min(options_.k, points), points};
    node.doubles.push_back(options_.softening);
    node.doubles.insert(node.doubles.end(), scale_.begin(), scale_.end());
    node.doubles.insert(node.doubles.end(), values_.begin(), values_.end());
    node.floats.assign(points_.data(), points_.data() + points_.size());
    return {std::move(node)};
  }

 private:
  double squared(const Eigen::RowVectorXd& at, Eigen::Index point) const {
    double sum = 0.0;
    for (Eigen::Index j = 0; j < at.size(); ++j) {
      const double away = at[j] - static_cast<double>(points_(point, j));
      sum += away * away;
    }
    return sum;
  }

  NeighbourOptions options_;
  Eigen::VectorXd scale_;
  FloatMatrix points_;
  std::vector<double> values_;
};

/// 1 / spread; features that never vary do not count.
Eigen::VectorXd scales_of(const RowMatrix& x) {
  const Eigen::RowVectorXd mean = x.colwise().mean();
  const Eigen::VectorXd variance = (x.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(x.rows());
  return variance.unaryExpr([](double v) { return v > 1e-12 ? 1.0 / std::sqrt(v) : 0.0; });
}

/// Rows in the order of their coordinates, so that equal ones are neighbours.
std::vector<Eigen::Index> sorted_rows(const FloatMatrix& points) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(points.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](Eigen::Index a, Eigen::Index b) {
    const auto left = points.row(a), right = points.row(b);
    const auto compared = std::lexicographical_compare_three_way(left.begin(), left.end(), right.begin(), right.end());
    return compared == 0 ? a < b : compared < 0;
  });
  return order;
}

struct Points {
  std::vector<Eigen::Index> row;  // where its coordinates are
  std::vector<double> value;
};

Points merged(const FloatMatrix& points, const LogProblem& problem) {
  Points out;
  double weight = 0.0;
  for (const Eigen::Index i : sorted_rows(points)) {
    const bool same = !out.row.empty() && points.row(i) == points.row(out.row.back());
    if (!same) {
      out.row.push_back(i);
      out.value.push_back(0.0);
      weight = 0.0;
    }
    weight += problem.weight[i];
    out.value.back() += (problem.target[i] - out.value.back()) * problem.weight[i] / weight;
  }
  return out;
}

/// A random part of the points, where there are more than `most`.
void thin(Points& points, std::size_t most, std::uint64_t seed) {
  if (points.row.size() <= most) return;
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < most; ++i) {  // Fisher-Yates, the same on every library
    const std::size_t other = i + random() % (points.row.size() - i);
    std::swap(points.row[i], points.row[other]);
    std::swap(points.value[i], points.value[other]);
  }
  points.row.resize(most);
  points.value.resize(most);
}

}  // namespace

Result<LogModelPtr> fit_neighbours(const LogProblem& problem, const NeighbourOptions& options) {
  if (problem.features.rows() == 0) return fail(Errc::invalid_input, "no sample can be a neighbour");
  Eigen::VectorXd scale = scales_of(problem.features);
  const FloatMatrix scaled = (problem.features * scale.asDiagonal()).cast<float>();
  Points points = merged(scaled, problem);
  thin(points, options.points, problem.seed);
  return std::make_shared<const Neighbours>(options, std::move(scale), scaled(points.row, Eigen::all),
                                            std::move(points.value));
}

}  // namespace latcast::learn
