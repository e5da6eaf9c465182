// broadcast.*: elementwise operators over inputs of different shapes.
#include <algorithm>

#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

/// For every output axis, outermost first, whether the input walks along it (else it is repeated).
std::vector<bool> walked_axes(const Dims& in, const Dims& out) {
  std::vector<bool> walked(out.size(), false);
  const std::size_t shift = out.size() - std::min(out.size(), in.size());
  for (std::size_t i = shift; i < out.size(); ++i) walked[i] = in[i - shift] == out[i];
  return walked;
}

enum class Side { full, scalar, trailing, channel, other };

Side side_of(const Dims& in, const Dims& out) {
  if (product(in) == product(out)) return Side::full;
  if (product(in) == 1) return Side::scalar;
  const std::vector<bool> walked = walked_axes(in, out);
  std::vector<int> keys(walked.begin(), walked.end());
  const auto runs = merge_runs(out, keys);
  if (runs.size() == 2) return runs[1].key != 0 ? Side::trailing : Side::channel;
  return runs.size() == 3 && runs[1].key != 0 ? Side::channel : Side::other;
}

/// The numbers are part of the catalogue's language.
Result<double> kind(const NodeView& node) {
  std::vector<int> count(5, 0);
  for (const TensorInfo* input : node.inputs)
    if (input != nullptr) ++count[static_cast<std::size_t>(side_of(input->dims, output_dims(node, 0)))];
  const int trailing = count[2], channel = count[3], other = count[4];
  const bool mixed = trailing > 0 && channel > 0;
  const bool outer_product = count[0] == 0 && trailing + channel > 1;
  if (other > 0 || mixed || outer_product) return 4.0;
  if (channel > 0) return 3.0;
  if (trailing > 0) return 2.0;
  return count[1] > 0 ? 1.0 : 0.0;
}

Result<double> span(const NodeView& node) {
  const Dims& out = output_dims(node, 0);
  std::vector<std::vector<bool>> walked;
  for (const TensorInfo* input : node.inputs)
    if (input != nullptr) walked.push_back(walked_axes(input->dims, out));
  double run = 1;
  std::size_t first = out.size();  // innermost axis longer than 1: the pattern to keep
  for (std::size_t axis = out.size(); axis-- > 0;) {
    if (out[axis] == 1) continue;
    if (first == out.size()) first = axis;
    if (std::ranges::any_of(walked, [&](const auto& input) { return input[axis] != input[first]; })) break;
    run *= static_cast<double>(out[axis]);
  }
  return run;
}

Result<double> elements(const NodeView& node) { return product(output_dims(node, 0)); }

Result<double> inputs(const NodeView& node) {
  double total = 0;
  for (const TensorInfo* input : node.inputs)
    if (input != nullptr) total += input->elements();
  return total;
}

constexpr Row kRows[] = {
    {"broadcast.kind", kind},
    {"broadcast.span", span},
    {"broadcast.elements", elements},
    {"broadcast.inputs", inputs},
};

}  // namespace

std::span<const Row> broadcast_views() { return kRows; }

}  // namespace latcast::views
