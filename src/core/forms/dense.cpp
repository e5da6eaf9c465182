// Layers of a neural network over log features: y = W x + b, the activation between layers, one output.
// ints = [activation: 0 ReLU, 1 SiLU; layers L; width of the input and of each layer (L + 1 numbers, the last 1); per
// layer whether its numbers are shared (1) or the form's own (0)]. A layer's numbers are its weights (out x in, row by
// row), then its biases; those of all own layers lie one after another in floats, those of shared layers in shared.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/forms/forms.h"
#include "core/limits.h"

namespace latcast::forms {
namespace {

float activate(std::int32_t activation, float x) noexcept {
  return activation == 0 ? std::max(x, 0.0F) : x / (1.0F + std::exp(-x));
}

}  // namespace

Result<void> check_dense(const FormNodeView& node, FormShape shape) {
  if (node.ints.size() < 2 || node.ints[0] < 0 || node.ints[0] > 1 || node.ints[1] < 1 || node.ints[1] > 8 ||
      node.ints.size() != 3 + 2 * static_cast<std::size_t>(node.ints[1])) {
    return bad_form("a dense form lacks its head");
  }
  const auto layers = static_cast<std::size_t>(node.ints[1]);
  const auto widths = node.ints.subspan(2, layers + 1), shared = node.ints.subspan(3 + layers);
  std::size_t own_count = 0, shared_count = 0;
  for (std::size_t i = 0; i < layers; ++i) {
    if (widths[i] < 0 || widths[i + 1] < 1 || widths[i] > kMaxDenseWidth || widths[i + 1] > kMaxDenseWidth) {
      return bad_form("a dense form has a layer that is too wide");
    }
    const std::size_t count = static_cast<std::size_t>(widths[i] + 1) * static_cast<std::size_t>(widths[i + 1]);
    if (shared[i] < 0 || shared[i] > 1) return bad_form("a dense form's layer is neither shared nor its own");
    (shared[i] == 1 ? shared_count : own_count) += count;
  }
  if (static_cast<std::size_t>(widths[0]) != shape.features || widths[layers] != 1 || own_count != node.floats.size() ||
      shared_count != node.shared.size()) {
    return bad_form("a dense form has sizes that do not match");
  }
  return {};
}

double evaluate_dense(const FormNodeView& node, const FormInput& input, std::span<const double>) noexcept {
  const auto layers = static_cast<std::size_t>(node.ints[1]);
  const std::int32_t* widths = node.ints.data() + 2;
  const std::int32_t* is_shared = widths + layers + 1;
  std::array<float, kMaxDenseWidth> now, next;
  std::ranges::copy(input.features32, now.begin());
  const float* own = node.floats.data();
  const float* shared = node.shared.data();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto in = static_cast<std::size_t>(widths[layer]), out = static_cast<std::size_t>(widths[layer + 1]);
    const float*& numbers = is_shared[layer] == 1 ? shared : own;
    const float* bias = numbers + in * out;
    for (std::size_t o = 0; o < out; ++o) {
      float sum = bias[o];
      for (std::size_t i = 0; i < in; ++i) sum += numbers[o * in + i] * now[i];
      next[o] = layer + 1 < layers ? activate(node.ints[0], sum) : sum;
    }
    numbers = bias + out;
    std::swap(now, next);
  }
  return static_cast<double>(now[0]);
}

}  // namespace latcast::forms
