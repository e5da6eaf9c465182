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

namespace {

/// One layer as columns: the numbers of each input for all outputs, which are padded with zeros; then the biases.
template <class Number>
void append_columns(const float* numbers, std::size_t in, std::size_t out, std::vector<Number>& columns) {
  const std::size_t height = simd::padded(out, simd::kTile);
  const std::size_t start = columns.size();
  columns.resize(start + (in + 1) * height);
  Number* to = columns.data() + start;
  for (std::size_t first = 0; first < out; first += simd::kTile) {  // a tile at once: packs are opened in a hurry
    const std::size_t last = std::min(first + simd::kTile, out);
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t o = first; o < last; ++o) to[i * height + o] = static_cast<Number>(numbers[o * in + i]);
    }
  }
  for (std::size_t o = 0; o < out; ++o) to[in * height + o] = static_cast<Number>(numbers[in * out + o]);
}

void activate(std::int32_t activation, float* values, std::size_t count) noexcept {
  if (activation == 1) return simd::functions().silu(values, count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::max(values[i], 0.0F);
}

}  // namespace

/// The first layer of several as columns of doubles; those behind it as columns of floats, the last one as its weights,
/// with zeros up to a whole tile, and its bias.
void prepare_dense(PreparedNode& node, FormShape shape) {
  node.features = all_features(shape);
  const auto layers = static_cast<std::size_t>(node.view.ints[1]);
  const std::int32_t* widths = node.view.ints.data() + 2;
  const std::int32_t* is_shared = widths + layers + 1;
  const float* own = node.view.floats.data();
  const float* shared = node.view.shared.data();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto in = static_cast<std::size_t>(widths[layer]), out = static_cast<std::size_t>(widths[layer + 1]);
    const float*& numbers = is_shared[layer] == 1 ? shared : own;
    if (layer + 1 < layers) {
      layer == 0 ? append_columns(numbers, in, out, node.numbers) : append_columns(numbers, in, out, node.floats);
    } else {
      node.floats.insert(node.floats.end(), numbers, numbers + in);
      node.floats.resize(node.floats.size() + simd::padded(in, simd::kTile) - in);
      node.floats.push_back(numbers[in]);
    }
    numbers += (in + 1) * out;
  }
}

/// The first layer in double precision: its inputs are large and may cancel out. The others as in the library.
double evaluate_dense(const PreparedNode& node, const FormInput& input, std::span<const double>) noexcept {
  const simd::Functions& f = simd::functions();
  const auto layers = static_cast<std::size_t>(node.view.ints[1]);
  const std::int32_t* widths = node.view.ints.data() + 2;
  std::array<std::array<float, kMaxDenseWidth>, 2> buffers;
  const float* numbers = node.floats.data();
  const float* in = nullptr;
  for (std::size_t layer = 0; layer + 1 < layers; ++layer) {
    const auto inputs = static_cast<std::size_t>(widths[layer]);
    const std::size_t outputs = simd::padded(static_cast<std::size_t>(widths[layer + 1]), simd::kTile);
    float* out = buffers[layer % 2].data();
    if (layer == 0) {
      const double* first = node.numbers.data();
      std::array<double, kMaxDenseWidth> sums;
      f.layer(first, first + inputs * outputs, input.features.data(), inputs, outputs, sums.data());
      f.rounded(sums.data(), out, outputs);
    } else {
      f.layer_single(numbers, numbers + inputs * outputs, in, inputs, outputs, out);
      numbers += (inputs + 1) * outputs;
    }
    activate(node.view.ints[0], out, outputs);
    in = out;
  }
  const auto inputs = static_cast<std::size_t>(widths[layers - 1]);
  const std::size_t padded = simd::padded(inputs, simd::kTile);
  const auto bias = static_cast<double>(numbers[padded]);
  if (in != nullptr) return bias + f.dot_single(in, numbers, padded);
  double sum = bias;
  for (std::size_t i = 0; i < inputs; ++i) sum += static_cast<double>(numbers[i]) * input.features[i];
  return sum;
}

double cost_dense(const FormNodeView& node) {
  double first = 0.0, others = 0.0, activations = 0.0;
  for (std::int32_t layer = 0; layer + 1 < node.ints[1]; ++layer) {
    const double in = node.ints[2 + static_cast<std::size_t>(layer)];
    const double out = std::ceil(node.ints[3 + static_cast<std::size_t>(layer)] / 8.0) * 8.0;
    (layer == 0 ? first : others) += in * out;
    activations += out;
  }
  return 40.0 + 0.077 * first + 0.03 * others + (node.ints[0] == 0 ? 0.8 : 1.3) * activations;
}

}  // namespace latcast::forms
