// Nearest neighbours: the mean of the k nearest samples' values, weighted by 1 / (squared distance + softening).
// ints = [k in 1..kMaxNeighbours; points n]; doubles = [softening > 0, scale per feature, value per point]; floats =
// [point coordinates times the scales, n x d].
#include <algorithm>
#include <array>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {
namespace {

struct Neighbour {
  double squared = 0, value = 0;
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

double evaluate_neighbours(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const std::size_t d = input.features.size();
  const auto k = static_cast<std::size_t>(node.ints[0]), points = static_cast<std::size_t>(node.ints[1]);
  std::array<double, kMaxFeatures> scaled;
  for (std::size_t j = 0; j < d; ++j) scaled[j] = input.features[j] * node.doubles[1 + j];
  const double* values = node.doubles.data() + 1 + d;
  const float* point = node.floats.data();
  std::array<Neighbour, kMaxNeighbours> nearest;  // sorted, nearest first
  std::size_t found = 0;
  for (std::size_t i = 0; i < points; ++i, point += d) {
    double squared = 0.0;
    for (std::size_t j = 0; j < d; ++j) {
      const double difference = scaled[j] - static_cast<double>(point[j]);
      squared += difference * difference;
    }
    if (found == k && squared >= nearest[k - 1].squared) continue;
    std::size_t at = found < k ? found++ : k - 1;
    for (; at > 0 && nearest[at - 1].squared > squared; --at) nearest[at] = nearest[at - 1];
    nearest[at] = {squared, values[i]};
  }
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < found; ++i) {
    const double w = 1.0 / (nearest[i].squared + node.doubles[0]);
    sum += w * nearest[i].value;
    weight += w;
  }
  return sum / weight;
}

}  // namespace latcast::forms
