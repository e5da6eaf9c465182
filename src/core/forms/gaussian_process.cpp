// Posterior mean of a Gaussian process (Rasmussen & Williams 2006, eq. 2.25; Matern: eq. 4.17).
// ints = [kernel: 0 squared exponential, 1 Matern 5/2; centres n]; doubles = [mean, 1 / length scale per feature,
// weight per centre (signal variance included)]; floats = [centre coordinates divided by the length scales, n x d].
#include <array>
#include <cmath>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {
namespace {

double squared_exponential(double squared) noexcept { return std::exp(-0.5 * squared); }

double matern52(double squared) noexcept {
  const double r = std::sqrt(5.0 * squared);
  return (1.0 + r + r * r / 3.0) * std::exp(-r);
}

template <double Kernel(double) noexcept>
double expand(const FormNodeView& node, std::span<const double> point) noexcept {
  const std::size_t d = point.size();
  const double* weights = node.doubles.data() + 1 + d;
  const auto centres = static_cast<std::size_t>(node.ints[1]);
  const float* centre = node.floats.data();
  double sum = node.doubles[0];
  for (std::size_t i = 0; i < centres; ++i, centre += d) {
    double squared = 0.0;
    for (std::size_t j = 0; j < d; ++j) {
      const double difference = point[j] - static_cast<double>(centre[j]);
      squared += difference * difference;
    }
    sum += weights[i] * Kernel(squared);
  }
  return sum;
}

}  // namespace

Result<void> check_gaussian_process(const FormNodeView& node, FormShape shape) {
  if (shape.features > kMaxFeatures) return bad_form("a Gaussian process has too many features");
  if (node.ints.size() != 2 || node.ints[0] < 0 || node.ints[0] > 1 || node.ints[1] < 0) {
    return bad_form("a Gaussian process lacks its head");
  }
  const auto centres = static_cast<std::size_t>(node.ints[1]);
  if (node.doubles.size() != 1 + shape.features + centres || node.floats.size() != centres * shape.features) {
    return bad_form("a Gaussian process has sizes that do not match");
  }
  return {};
}

double evaluate_gaussian_process(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  std::array<double, kMaxFeatures> scaled;
  const std::size_t d = input.features.size();
  for (std::size_t j = 0; j < d; ++j) scaled[j] = input.features[j] * node.doubles[1 + j];
  const std::span<const double> point(scaled.data(), d);
  return node.ints[0] == 0 ? expand<squared_exponential>(node, point) : expand<matern52>(node, point);
}

}  // namespace latcast::forms
