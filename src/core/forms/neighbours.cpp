// Nearest neighbours: the mean of the k nearest samples' values, weighted by 1 / (squared distance + softening).
// ints = [k in 1..kMaxNeighbours; points n]; doubles = [softening > 0, scale per feature, value per point]; floats =
// [point coordinates times the scales, n x d].
#include <algorithm>
#include <array>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {
namespace {

/// The k nearest so far, nearest first.
class Nearest {
 public:
  explicit Nearest(std::size_t k) : k_(k) {}

  void add(double squared, double value) noexcept {
    if (found_ == k_ && squared >= kept_[k_ - 1].squared) return;
    std::size_t at = found_ < k_ ? found_++ : k_ - 1;
    for (; at > 0 && kept_[at - 1].squared > squared; --at) kept_[at] = kept_[at - 1];
    kept_[at] = {squared, value};
  }

  [[nodiscard]] double mean(double softening) const noexcept {
    double sum = 0.0, weight = 0.0;
    for (std::size_t i = 0; i < found_; ++i) {
      const double w = 1.0 / (kept_[i].squared + softening);
      sum += w * kept_[i].value;
      weight += w;
    }
    return sum / weight;
  }

 private:
  struct Neighbour {
    double squared, value;
  };
  std::array<Neighbour, kMaxNeighbours> kept_;
  std::size_t k_, found_ = 0;
};

}  // namespace

Result<void> check_neighbours(const FormNodeView& node, FormShape shape) {
  if (shape.features > kMaxFeatures) return bad_form("a neighbours form has too many features");
  if (node.ints.size() != 2 || node.ints[0] < 1 || node.ints[0] > kMaxNeighbours || node.ints[1] < node.ints[0]) {
    return bad_form("a neighbours form lacks its head");
  }
  const auto points = static_cast<std::size_t>(node.ints[1]);
  if (node.doubles.size() != 1 + shape.features + points || node.floats.size() != points * shape.features) {
    return bad_form("a neighbours form has sizes that do not match");
  }
  if (!(node.doubles[0] > 0)) return bad_form("a neighbours form needs a softening above zero");
  return {};
}

void prepare_neighbours(PreparedNode& node, FormShape shape) {
  node.features = all_features(shape);
  node.numbers = tiled(node.view.floats.data(), static_cast<std::size_t>(node.view.ints[1]), shape.features);
}

double evaluate_neighbours(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size();
  const double* numbers = node.view.doubles.data();
  const auto points = static_cast<std::size_t>(node.view.ints[1]);
  std::array<double, kMaxFeatures> scaled;
  for (std::size_t j = 0; j < d; ++j) scaled[j] = input.features[j] * numbers[1 + j];
  Nearest nearest(static_cast<std::size_t>(node.view.ints[0]));
  const simd::Points tiles{node.numbers.data(), simd::padded(points, simd::kTile) / simd::kTile, d};
  for (std::size_t start = 0; start < points; start += simd::kTile) {
    std::array<double, simd::kTile> squared;
    simd::functions().distances(tiles, start / simd::kTile, scaled.data(), squared.data());
    const std::size_t count = std::min(points - start, simd::kTile);
    for (std::size_t i = 0; i < count; ++i) nearest.add(squared[i], numbers[1 + d + start + i]);
  }
  return nearest.mean(numbers[0]);
}

double cost_neighbours(const FormNodeView& node) {
  const double points = node.ints[1], numbers = static_cast<double>(node.floats.size());
  return 20.0 + 5.0 * node.ints[0] + 1.1 * points + 0.13 * numbers;
}

}  // namespace latcast::forms
