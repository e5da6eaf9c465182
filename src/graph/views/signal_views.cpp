// dft.*: of DFT and STFT.
#include <cmath>

#include "graph/shapes/node_shapes.h"
#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

struct Transforms {
  double length = 0;  // of one transform
  double count = 0;
};

Result<double> single_value(const NodeView& node, std::size_t input) {
  const auto& values = node.inputs[input]->values;
  if (!values || values->size() != 1) return not_applicable("in" + std::to_string(input) + " is not known");
  return values->front();
}

/// As long as an input says, where it is there.
Result<Transforms> with_length(const NodeView& node, std::size_t input, Transforms found) {
  if (!node.has_input(input)) return found;
  const auto length = single_value(node, input);
  if (!length) return tl::unexpected(length.error());
  found.length = *length;
  return found;
}

/// Signal, step between frames, window, length of a frame.
Result<Transforms> short_time(const NodeView& node) {
  const Dims& out = output_dims(node, 0);
  if (out.size() != 4) return not_applicable("out0 has not 4 axes");
  Transforms found{.count = product(std::span(out).first(2))};
  if (node.has_input(2) && input_dims(node, 2).size() == 1) found.length = product(input_dims(node, 2));
  return with_length(node, 3, found);
}

Result<Transforms> transforms(const NodeView& node) {
  if (node.node->op == "STFT") return short_time(node);
  const Dims& in = input_dims(node, 0);
  double axis = static_cast<double>(node.node->integer("axis", node.opset >= 20 ? -2 : 1));
  if (node.has_input(2)) {
    const auto given = single_value(node, 2);
    if (!given) return tl::unexpected(given.error());
    axis = *given;
  }
  const auto place = shapes::normal_axis(shapes::bounded(axis), in.size());
  if (!place || in[*place] == 0 || in.back() == 0) return not_applicable("the axis is outside the tensor");
  Transforms found{.length = static_cast<double>(in[*place])};
  found.count = product(in) / found.length / (in.size() > 2 ? static_cast<double>(in.back()) : 1.0);
  return with_length(node, 1, found);
}

/// length, count, whether the length is a power of two, and the power of two that holds twice the length less one:
/// what a transform of any length is convolved with.
Result<ViewFields> dft_fields(const NodeView& node) {
  const auto found = transforms(node);
  if (!found) return tl::unexpected(found.error());
  if (!(found->length >= 1)) return not_applicable("the length is not known");
  const auto next_power = [](double n) { return std::exp2(std::ceil(std::log2(n))); };
  const bool power = next_power(found->length) == found->length;
  return ViewFields{found->length, found->count, power ? 1.0 : 0.0,
                    power ? found->length : next_power(2 * found->length - 1)};
}

constexpr Row kRows[] = {
    {"dft.length", nullptr, dft_fields, 0},
    {"dft.count", nullptr, dft_fields, 1},
    {"dft.power", nullptr, dft_fields, 2},
    {"dft.padded", nullptr, dft_fields, 3},
};

}  // namespace

std::span<const Row> signal_views() { return kRows; }

}  // namespace latcast::views
