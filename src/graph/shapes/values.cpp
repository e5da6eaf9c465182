// Shape arithmetic: the elements of small tensors that are known before anything runs.
//
// Exporters compute shapes in the graph (Shape, Gather, Concat, Reshape ...); without following them, half of a
// transformer has unknown shapes. Values are doubles: exact for the integers that occur.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

using Values = std::vector<double>;
using ValueRule = std::optional<Values> (*)(const NodeShapes&, const TensorInfo& output);

bool integral(DataType type) {
  return type != DataType::float32 && type != DataType::float64 && type != DataType::float16 &&
         type != DataType::bfloat16;
}

/// What the engine would hold: integers whole, single precision rounded.
double stored(double value, DataType type) {
  if (type == DataType::boolean) return value != 0 ? 1 : 0;
  if (integral(type)) return std::trunc(value);
  return type == DataType::float32 ? static_cast<double>(static_cast<float>(value)) : value;
}

// NOLINTNEXTLINE(bugprone-unchecked-optional-access): rules run where all inputs are known
const Values& values(const NodeShapes& n, std::size_t input) { return *n.input(input).values; }
bool known(const NodeShapes& n, std::size_t input) { return n.has(input) && n.input(input).values.has_value(); }

/// Calls visit(index) for every element of `dims`, row-major.
template <class Visitor>
void each_index(const Dims& dims, Visitor visit) {
  Dims index(dims.size(), 0);
  for (std::int64_t left = product(dims); left > 0; --left) {
    visit(index);
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
}

/// Row-major offset of the element that broadcasting reads at `index` of the result.
std::size_t broadcast_offset(const Dims& dims, const Dims& index) {
  const std::size_t shift = index.size() - dims.size();
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) offset = offset * dims[i] + (dims[i] == 1 ? 0 : index[i + shift]);
  return static_cast<std::size_t>(offset);
}

std::size_t offset_of(const Dims& dims, const Dims& index) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) offset = offset * dims[i] + index[i];
  return static_cast<std::size_t>(offset);
}

std::optional<Values> copy(const NodeShapes& n, const TensorInfo& output) {
  Values result = values(n, 0);
  for (double& value : result) value = stored(value, output.type);
  return result;
}

std::optional<Values> shape_of(const NodeShapes& n, const TensorInfo& output) {
  const auto rank = static_cast<std::int64_t>(n.rank(0));
  std::int64_t start = n.integer("start", 0);
  if (start < 0) start += rank;
  start = std::clamp<std::int64_t>(start, 0, rank);
  const Dims& dims = n.dims(0);
  const auto begin = dims.begin() + start;
  return Values(begin, begin + output.dims[0]);
}

std::optional<Values> size_of(const NodeShapes& n, const TensorInfo&) {
  return Values{static_cast<double>(product(n.dims(0)))};
}

std::optional<Values> tensor_values(const onnx::Tensor& tensor) {
  if (!tensor.ints.empty()) return Values(tensor.ints.begin(), tensor.ints.end());
  if (!tensor.floats.empty()) return tensor.floats;
  return tensor.elements() == 0 ? std::optional(Values{}) : std::nullopt;
}

std::optional<Values> constant(const NodeShapes& n, const TensorInfo&) {
  for (const onnx::Attribute& attribute : n.node().attributes) {
    if (attribute.t) return tensor_values(*attribute.t);
    if (attribute.name == "value_float") return Values{attribute.f};
    if (attribute.name == "value_int") return Values{static_cast<double>(attribute.i)};
    if (attribute.name == "value_floats") return Values(attribute.floats.begin(), attribute.floats.end());
    if (attribute.name == "value_ints") return Values(attribute.ints.begin(), attribute.ints.end());
  }
  return std::nullopt;
}

std::optional<Values> constant_of_shape(const NodeShapes& n, const TensorInfo& output) {
  const onnx::Attribute* attribute = n.node().attribute("value");
  double value = 0;
  if (attribute != nullptr && attribute->t) {
    const auto given = tensor_values(*attribute->t);
    if (!given || given->size() != 1) return std::nullopt;
    value = given->front();
  }
  return Values(static_cast<std::size_t>(product(output.dims)), value);
}

template <auto Fn>
std::optional<Values> unary(const NodeShapes& n, const TensorInfo& output) {
  Values result = values(n, 0);
  for (double& value : result) value = stored(Fn(value), output.type);
  return result;
}

/// The operation on the first two inputs, then on its result and the third, and so on.
template <auto Fn>
std::optional<Values> binary(const NodeShapes& n, const TensorInfo& output) {
  if (n.has_attribute("broadcast")) return std::nullopt;  // before operator set 7: aligned otherwise
  Values result;
  each_index(output.dims, [&](const Dims& index) {
    double value = values(n, 0)[broadcast_offset(n.dims(0), index)];
    for (std::size_t i = 1; i < n.input_count(); ++i)
      value = stored(Fn(value, values(n, i)[broadcast_offset(n.dims(i), index)]), output.type);
    result.push_back(value);
  });
  return result;
}

std::optional<Values> divide(const NodeShapes& n, const TensorInfo& output) {
  if (std::ranges::find(values(n, 1), 0.0) != values(n, 1).end()) return std::nullopt;
  return binary<[](double a, double b) { return a / b; }>(n, output);
}

std::optional<Values> modulo(const NodeShapes& n, const TensorInfo& output) {
  if (std::ranges::find(values(n, 1), 0.0) != values(n, 1).end()) return std::nullopt;
  return n.integer("fmod", 0) != 0 ? binary<[](double a, double b) { return std::fmod(a, b); }>(n, output)
                                   : binary<[](double a, double b) { return a - std::floor(a / b) * b; }>(n, output);
}

std::optional<Values> where(const NodeShapes& n, const TensorInfo& output) {
  Values result;
  each_index(output.dims, [&](const Dims& index) {
    const std::size_t from = values(n, 0)[broadcast_offset(n.dims(0), index)] != 0 ? 1 : 2;
    result.push_back(values(n, from)[broadcast_offset(n.dims(from), index)]);
  });
  return result;
}

std::optional<Values> clip(const NodeShapes& n, const TensorInfo& output) {
  const auto scalar = [&](std::size_t i) { return !n.has(i) || values(n, i).size() == 1; };
  if (!scalar(1) || !scalar(2) || n.has_attribute("min") || n.has_attribute("max")) return std::nullopt;
  Values result = values(n, 0);
  for (double& value : result) {
    if (n.has(1)) value = std::max(value, values(n, 1).front());
    if (n.has(2)) value = std::min(value, values(n, 2).front());
    value = stored(value, output.type);
  }
  return result;
}

std::optional<Values> expand(const NodeShapes& n, const TensorInfo& output) {
  Values result;
  each_index(output.dims,
             [&](const Dims& index) { result.push_back(values(n, 0)[broadcast_offset(n.dims(0), index)]); });
  return result;
}

std::optional<Values> tile(const NodeShapes& n, const TensorInfo& output) {
  if (n.rank(0) != output.dims.size()) return std::nullopt;
  Values result;
  each_index(output.dims, [&](Dims index) {
    for (std::size_t i = 0; i < index.size(); ++i) index[i] %= n.dims(0)[i];
    result.push_back(values(n, 0)[offset_of(n.dims(0), index)]);
  });
  return result;
}

std::optional<Values> transpose(const NodeShapes& n, const TensorInfo& output) {
  const Dims perm = n.integers("perm");
  const std::size_t rank = n.rank(0);
  Values result;
  each_index(output.dims, [&](const Dims& index) {
    Dims source(rank);
    for (std::size_t i = 0; i < rank; ++i) {
      const auto axis = perm.empty() ? rank - 1 - i : normal_axis(perm[i], rank).value_or(0);
      source[axis] = index[i];
    }
    result.push_back(values(n, 0)[offset_of(n.dims(0), source)]);
  });
  return result;
}

std::optional<Values> gather(const NodeShapes& n, const TensorInfo& output) {
  const Dims& data = n.dims(0);
  const auto axis = normal_axis(n.integer("axis", 0), data.size());
  const std::size_t count = n.rank(1);
  if (!axis) return std::nullopt;
  bool inside = true;
  Values result;
  each_index(output.dims, [&](const Dims& index) {
    const auto at = index.begin() + static_cast<std::ptrdiff_t>(*axis);
    const Dims where(at, at + static_cast<std::ptrdiff_t>(count));
    std::int64_t chosen = bounded(values(n, 1)[offset_of(n.dims(1), where)]);
    if (chosen < 0) chosen += data[*axis];
    inside = inside && chosen >= 0 && chosen < data[*axis];
    Dims source(index.begin(), at);
    source.push_back(inside ? chosen : 0);
    source.insert(source.end(), at + static_cast<std::ptrdiff_t>(count), index.end());
    if (inside) result.push_back(values(n, 0)[offset_of(data, source)]);
  });
  return inside ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<Values> concat(const NodeShapes& n, const TensorInfo& output) {
  const auto axis = normal_axis(n.integer("axis", 1), output.dims.size());
  if (!axis) return std::nullopt;
  Values result;
  each_index(output.dims, [&](Dims index) {
    std::size_t from = 0;
    while (index[*axis] >= n.dims(from)[*axis]) index[*axis] -= n.dims(from++)[*axis];
    result.push_back(values(n, from)[offset_of(n.dims(from), index)]);
  });
  return result;
}

std::optional<Values> slice(const NodeShapes& n, const TensorInfo& output) {
  const Dims& in = n.dims(0);
  const auto starts = n.attribute_or_input("starts", 1);
  const auto axes = n.attribute_or_input("axes", 3);
  const auto steps = n.ints(4);
  Dims first(in.size(), 0);
  Dims step(in.size(), 1);
  for (std::size_t i = 0; starts && i < starts->size(); ++i) {
    const auto axis = normal_axis(axes ? (*axes)[i] : static_cast<std::int64_t>(i), in.size());
    if (!axis) return std::nullopt;
    const std::int64_t start = (*starts)[i] < 0 ? (*starts)[i] + in[*axis] : (*starts)[i];
    step[*axis] = steps ? (*steps)[i] : 1;
    first[*axis] = std::clamp<std::int64_t>(start, 0, step[*axis] < 0 ? in[*axis] - 1 : in[*axis]);
  }
  Values result;
  each_index(output.dims, [&](Dims index) {
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = first[i] + index[i] * step[i];
    result.push_back(values(n, 0)[offset_of(in, index)]);
  });
  return result;
}

std::optional<Values> range(const NodeShapes& n, const TensorInfo& output) {
  Values result;
  for (std::int64_t i = 0; i < output.dims[0]; ++i)
    result.push_back(values(n, 0).front() + static_cast<double>(i) * values(n, 2).front());
  return result;
}

std::optional<Values> non_zero(const NodeShapes& n, const TensorInfo& output) {
  Values result(static_cast<std::size_t>(product(output.dims)));
  const auto columns = static_cast<std::size_t>(output.dims[1]);
  std::size_t column = 0;
  each_index(n.dims(0), [&](const Dims& index) {
    if (values(n, 0)[offset_of(n.dims(0), index)] == 0) return;
    for (std::size_t i = 0; i < index.size(); ++i) result[i * columns + column] = static_cast<double>(index[i]);
    ++column;
  });
  return result;
}

/// Over everything: partial reductions of shapes do not occur.
template <auto Fn>
std::optional<Values> reduce_all(const NodeShapes& n, const TensorInfo& output) {
  if (product(output.dims) != 1 || values(n, 0).empty()) return std::nullopt;
  double result = values(n, 0).front();
  for (std::size_t i = 1; i < values(n, 0).size(); ++i) result = Fn(result, values(n, 0)[i]);
  return Values{stored(result, output.type)};
}

double add(double a, double b) { return a + b; }
double multiply(double a, double b) { return a * b; }
double least(double a, double b) { return std::min(a, b); }
double greatest(double a, double b) { return std::max(a, b); }

const std::unordered_map<std::string_view, ValueRule>& value_rules() {
  static const std::unordered_map<std::string_view, ValueRule> rules{
      {"Identity", copy},
      {"Reshape", copy},
      {"Squeeze", copy},
      {"Unsqueeze", copy},
      {"Flatten", copy},
      {"Cast", copy},
      {"CastLike", copy},
      {"Shape", shape_of},
      {"Size", size_of},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"Neg", unary<[](double a) { return -a; }>},
      {"Not", unary<[](double a) { return a == 0 ? 1.0 : 0.0; }>},
      {"Abs", unary<[](double a) { return std::abs(a); }>},
      {"Floor", unary<[](double a) { return std::floor(a); }>},
      {"Ceil", unary<[](double a) { return std::ceil(a); }>},
      {"Round", unary<[](double a) { return std::nearbyint(a); }>},  // halves to even, as ONNX has it
      {"Sqrt", unary<[](double a) { return std::sqrt(a); }>},
      {"Reciprocal", unary<[](double a) { return 1 / a; }>},
      {"Add", binary<add>},
      {"Sub", binary<[](double a, double b) { return a - b; }>},
      {"Mul", binary<multiply>},
      {"Div", divide},
      {"Mod", modulo},
      {"Pow", binary<[](double a, double b) { return std::pow(a, b); }>},
      {"Min", binary<least>},
      {"Max", binary<greatest>},
      {"Sum", binary<add>},
      {"Equal", binary<[](double a, double b) { return a == b ? 1.0 : 0.0; }>},
      {"Greater", binary<[](double a, double b) { return b < a ? 1.0 : 0.0; }>},
      {"GreaterOrEqual", binary<[](double a, double b) { return a >= b ? 1.0 : 0.0; }>},
      {"Less", binary<[](double a, double b) { return a < b ? 1.0 : 0.0; }>},
      {"LessOrEqual", binary<[](double a, double b) { return a <= b ? 1.0 : 0.0; }>},
      {"And", binary<[](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; }>},
      {"Or", binary<[](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; }>},
      {"Xor", binary<[](double a, double b) { return (a != 0) != (b != 0) ? 1.0 : 0.0; }>},
      {"Where", where},
      {"Clip", clip},
      {"Expand", expand},
      {"Tile", tile},
      {"Transpose", transpose},
      {"Gather", gather},
      {"Concat", concat},
      {"Slice", slice},
      {"Range", range},
      {"NonZero", non_zero},
      {"ReduceProd", reduce_all<multiply>},
      {"ReduceSum", reduce_all<add>},
      {"ReduceMax", reduce_all<greatest>},
      {"ReduceMin", reduce_all<least>},
  };
  return rules;
}

bool small(const TensorInfo& info) { return info.known && product(info.dims) <= onnx::kSmallTensor; }

/// All inputs known; Shape, Size need only dimensions.
bool computable(const NodeShapes& n) {
  if (n.node().op == "Shape" || n.node().op == "Size") return true;
  for (std::size_t i = 0; i < n.input_count(); ++i)
    if (n.has(i) && !known(n, i)) return false;
  return true;
}

bool optional_inputs_allowed(std::string_view op) { return op == "Clip" || op == "Slice"; }

void split_values(NodeShapes& n) {
  const auto axis = normal_axis(n.integer("axis", 0), n.rank(0));
  if (!axis) return;
  std::int64_t start = 0;
  for (TensorInfo& output : n.outputs()) {
    Values result;
    each_index(output.dims, [&](Dims index) {
      index[*axis] += start;
      result.push_back(values(n, 0)[offset_of(n.dims(0), index)]);
    });
    start += output.dims[*axis];
    output.values = std::move(result);
  }
}

}  // namespace

void propagate_values(NodeShapes& n) {
  if (!n.node().domain.empty() || n.outputs().empty() || !small(n.outputs()[0]) || !computable(n)) return;
  if (n.node().op == "Split") {
    if (std::ranges::all_of(n.outputs(), small)) split_values(n);
    return;
  }
  const auto rule = value_rules().find(n.node().op);
  if (rule == value_rules().end()) return;
  for (std::size_t i = 0; i < n.input_count(); ++i)
    if (!n.has(i) && !optional_inputs_allowed(n.node().op)) return;
  TensorInfo& output = n.outputs()[0];
  auto result = rule->second(n, output);
  if (result && static_cast<std::int64_t>(result->size()) == product(output.dims)) output.values = std::move(result);
}

}  // namespace latcast::shapes
