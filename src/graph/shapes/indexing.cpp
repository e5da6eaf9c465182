// Operators about shapes and indices: constants, Shape, Gather and Scatter, ranges, selections.
#include <algorithm>
#include <cmath>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

bool constant_value(NodeShapes& n) {
  for (const onnx::Attribute& attribute : n.node().attributes) {
    if (attribute.t) return n.give(0, attribute.t->dims, attribute.t->type);
    if (attribute.name == "value_float") return n.give(0, {}, DataType::float32);
    if (attribute.name == "value_int") return n.give(0, {}, DataType::int64);
    if (attribute.name == "value_floats")
      return n.give(0, {static_cast<std::int64_t>(attribute.floats.size())}, DataType::float32);
    if (attribute.name == "value_ints")
      return n.give(0, {static_cast<std::int64_t>(attribute.ints.size())}, DataType::int64);
  }
  return false;
}

bool constant_of_shape(NodeShapes& n) {
  auto dims = n.ints(0);
  const onnx::Attribute* value = n.node().attribute("value");
  const DataType type = value != nullptr && value->t ? value->t->type : DataType::float32;
  return dims && n.give(0, std::move(*dims), type);
}

bool shape(NodeShapes& n) {
  const auto rank = static_cast<std::int64_t>(n.rank(0));
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const std::int64_t length = place(n.integer("end", rank)) - place(n.integer("start", 0));
  return n.give(0, {std::max<std::int64_t>(length, 0)}, DataType::int64);
}

bool size(NodeShapes& n) { return n.give(0, {}, DataType::int64); }

bool gather(NodeShapes& n) {
  const Dims& data = n.dims(0);
  const Dims& indices = n.dims(1);
  const auto axis = normal_axis(n.integer("axis", 0), data.size());
  if (!axis) return false;
  const auto place = static_cast<std::ptrdiff_t>(*axis);
  Dims dims(data.begin(), data.begin() + place);
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + place + 1, data.end());
  return n.give(std::move(dims));
}

bool gather_elements(NodeShapes& n) { return n.give(n.dims(1)); }

bool gather_nd(NodeShapes& n) {
  const Dims& data = n.dims(0);
  const Dims& indices = n.dims(1);
  const std::int64_t batch = n.integer("batch_dims", 0);
  if (indices.empty() || batch < 0) return false;
  const std::int64_t taken = batch + indices.back();
  if (taken > static_cast<std::int64_t>(data.size())) return false;
  Dims dims(indices.begin(), indices.end() - 1);
  dims.insert(dims.end(), data.begin() + static_cast<std::ptrdiff_t>(taken), data.end());
  return n.give(std::move(dims));
}

bool one_hot(NodeShapes& n) {
  Dims dims = n.dims(0);
  const auto depth = n.ints(1);
  const auto axis = normal_axis(n.integer("axis", -1), dims.size() + 1);
  if (!axis || !depth || depth->size() != 1) return false;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(*axis), (*depth)[0]);
  return n.give(0, std::move(dims), n.type(2));
}

bool range(NodeShapes& n) {
  for (std::size_t i = 0; i < 3; ++i)
    if (!n.input(i).values || n.input(i).values->size() != 1) return false;
  const double start = n.input(0).values->front();
  const double limit = n.input(1).values->front();
  const double delta = n.input(2).values->front();
  if (delta == 0) return false;
  return n.give({bounded(std::max(0.0, std::ceil((limit - start) / delta)))});
}

bool eye_like(NodeShapes& n) { return n.give(0, n.dims(0), n.data_type("dtype", n.type())); }

bool non_zero(NodeShapes& n) {
  if (!n.input(0).values) return false;
  const auto zeros = std::ranges::count(*n.input(0).values, 0.0);
  const auto count = static_cast<std::int64_t>(n.input(0).values->size()) - zeros;
  return n.give(0, {static_cast<std::int64_t>(n.rank(0)), count}, DataType::int64);
}

bool compress(NodeShapes& n) {
  const auto condition = n.ints(1);
  if (!condition) return false;
  const auto selected = static_cast<std::int64_t>(condition->size()) - std::ranges::count(*condition, 0);
  if (!n.has_attribute("axis")) return n.give({selected});
  Dims dims = n.dims(0);
  const auto axis = normal_axis(n.integer("axis", 0), dims.size());
  if (!axis) return false;
  dims[*axis] = selected;
  return n.give(std::move(dims));
}

bool top_k(NodeShapes& n) {
  Dims dims = n.dims(0);
  std::optional<Dims> k = n.ints(1);
  if (n.has_attribute("k")) k = Dims{n.integer("k", 0)};
  const auto axis = normal_axis(n.integer("axis", -1), dims.size());
  if (!k || k->size() != 1 || !axis || (*k)[0] > dims[*axis]) return false;
  dims[*axis] = (*k)[0];
  return n.give(dims) && n.give(1, dims, DataType::int64);
}

constexpr RuleRow kRules[] = {
    {"Constant", 0, constant_value},
    {"ConstantOfShape", 1, constant_of_shape},
    {"Shape", 1, shape},
    {"Size", 1, size},
    {"Gather", 2, gather},
    {"GatherElements", 2, gather_elements},
    {"GatherND", 2, gather_nd},
    {"GatherND", 2, gather_nd, kMicrosoft},
    {"Scatter ScatterElements ScatterND", 3, same_as_first},
    {"TensorScatter", 2, same_as_first},
    {"OneHot", 3, one_hot},
    {"Range", 3, range},
    {"EyeLike", 1, eye_like},
    {"NonZero", 1, non_zero},
    {"Compress", 2, compress},
    {"TopK", 1, top_k},
};

}  // namespace

std::span<const RuleRow> indexing_rules() { return kRules; }

}  // namespace latcast::shapes
