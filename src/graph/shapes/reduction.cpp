// Reductions and normalisations.
#include <algorithm>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

bool reduce_axes(NodeShapes& n, const Dims& axes, bool keep, DataType type) {
  const Dims& in = n.dims(0);
  std::vector<bool> reduced(in.size(), false);
  for (const std::int64_t axis : axes) {
    const auto place = normal_axis(axis, in.size());
    if (!place) return false;
    reduced[*place] = true;
  }
  Dims dims;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!reduced[i]) dims.push_back(in[i]);
    if (reduced[i] && keep) dims.push_back(1);
  }
  return n.give(0, std::move(dims), type);
}

bool reduce(NodeShapes& n) {
  std::optional<Dims> axes = Dims{};
  if (n.given("axes", 1)) axes = n.attribute_or_input("axes", 1);
  if (!axes) return false;
  if (axes->empty()) {
    if (n.integer("noop_with_empty_axes", 0) != 0) return n.give(n.dims(0));
    for (std::size_t i = 0; i < n.rank(0); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  return reduce_axes(n, *axes, n.integer("keepdims", 1) != 0, n.type());
}

bool arg_reduce(NodeShapes& n) {
  return reduce_axes(n, {n.integer("axis", 0)}, n.integer("keepdims", 1) != 0, DataType::int64);
}

bool batch_normalization(NodeShapes& n) {
  bool good = n.give(n.dims(0));
  for (std::size_t i = 1; i < n.outputs().size(); ++i) good = good && n.give(i, n.dims(1), n.type(1));
  return good;
}

/// Mean and inverse deviation of the axes from `axis` on.
bool normalize(NodeShapes& n, const Dims& in, std::size_t first_statistic) {
  const auto axis = normal_axis(n.integer("axis", -1), in.size());
  if (!axis) return false;
  Dims statistics = in;
  std::fill(statistics.begin() + static_cast<std::ptrdiff_t>(*axis), statistics.end(), 1);
  bool good = n.give(in);
  for (std::size_t i = first_statistic; i < n.outputs().size() && i < first_statistic + 2; ++i)
    good = good && n.give(i, statistics, n.data_type("stash_type", DataType::float32));
  return good;
}

bool layer_normalization(NodeShapes& n) { return normalize(n, n.dims(0), 1); }

/// Outputs: normalized, mean, inverse deviation, sum of input and skip.
bool skip_layer_normalization(NodeShapes& n) {
  auto sum = broadcast(n.dims(0), n.dims(1));
  return sum && normalize(n, *sum, 1) && n.give(3, *sum, n.type());
}

bool loss(NodeShapes& n) {
  Dims dims = n.text("reduction") == "none" ? n.dims(1) : Dims{};
  return n.give(std::move(dims)) && n.give(1, n.dims(0), n.type());
}

constexpr RuleRow kRules[] = {
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
     "ReduceSumSquare",
     1, reduce},
    {"ReduceSumInteger", 1, reduce, kMicrosoft},
    {"ArgMax ArgMin", 1, arg_reduce},
    {"Softmax LogSoftmax Hardmax LpNormalization MeanVarianceNormalization", 1, same_as_first},
    {"BatchNormalization", 2, batch_normalization},
    {"InstanceNormalization GroupNormalization", 3, same_as_first},
    {"LayerNormalization RMSNormalization SimplifiedLayerNormalization", 2, layer_normalization},
    {"SimplifiedLayerNormalization LayerNormalization", 2, layer_normalization, kMicrosoft},
    {"SkipLayerNormalization SkipSimplifiedLayerNormalization", 3, skip_layer_normalization, kMicrosoft},
    {"GroupNorm", 3, same_as_first, kMicrosoft},
    {"NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss", 2, loss},
};

}  // namespace

std::span<const RuleRow> reduction_rules() { return kRules; }

}  // namespace latcast::shapes
