#include "measure/carriers/module_carrier.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/expression.h"
#include "graph/shapes/node_shapes.h"
#include "measure/carriers/graph_builder.h"
#include "measure/carriers/random.h"

namespace latcast {

namespace {

using carriers::Attributes;
using carriers::GraphBuilder;
using carriers::Ints;
using carriers::Random;
using carriers::Shape;
using carriers::Value;
using onnx::DataType;

constexpr double kEnoughWeightBytes = 1e8;  // a carrier with as many gets no more modules
constexpr std::string_view kModuleFamilies = "module:";
constexpr int kTries = 200;
constexpr double kColdShare = 0.15;  // of the inputs: read as the graph gets them
/// Larger tensors are rejected: a slip in a TOML file must not eat the machine.
constexpr double kMostElements = 1.2e8;
constexpr double kMostOutputs = 16;
constexpr double kLongestList = 1e6;  // of an attribute

double draw(const Sampling& sampling, Random& rng) {
  if (!sampling.choices.empty()) {
    if (sampling.weights.empty()) return rng.pick(sampling.choices);
    double at = rng.uniform() * std::accumulate(sampling.weights.begin(), sampling.weights.end(), 0.0);
    for (std::size_t i = 0; i + 1 < sampling.choices.size(); ++i) {
      at -= sampling.weights[i];
      if (at < 0) return sampling.choices[i];
    }
    return sampling.choices.back();
  }
  const double value = std::floor(rng.log_uniform(sampling.low, sampling.high + 0.999));
  if (sampling.multiple_of <= 1 || !rng.chance(sampling.multiple_share)) return value;
  const double rounded = std::round(value / sampling.multiple_of) * sampling.multiple_of;
  return rounded < sampling.low || rounded > sampling.high ? value : rounded;
}

struct BuiltInput {
  const BuildInput* spec = nullptr;  // nullptr: left out
  Shape shape;
};

struct Draw {
  std::vector<double> slots;
  std::vector<BuiltInput> inputs;
};

std::optional<Draw> try_draw(const ModuleType& type, const Build& build, Random& rng) {
  Draw drawn;
  for (const Sampling& sampling : type.sampling) drawn.slots.push_back(draw(sampling, rng));
  for (const Derived& let : build.let) drawn.slots.push_back(evaluate(let.program, drawn.slots));
  if (build.limit && evaluate(*build.limit, drawn.slots) == 0) return std::nullopt;
  for (const BuildInput& input : build.inputs) {
    if (input.present && evaluate(*input.present, drawn.slots) == 0) {
      drawn.inputs.emplace_back();
      continue;
    }
    BuiltInput built{&input, {}};
    double elements = 1;
    for (const Program& dim : input.shape) {
      const double size = std::round(evaluate(dim, drawn.slots));
      if (size == 0) continue;
      elements *= size;
      if (size < 1 || elements > kMostElements) return std::nullopt;
      built.shape.push_back(static_cast<std::int64_t>(size));
    }
    drawn.inputs.push_back(std::move(built));
  }
  return drawn;
}

DataType data_type(const std::string& name) {
  if (name == "int64") return DataType::int64;
  if (name == "int32") return DataType::int32;
  if (name == "bool") return DataType::boolean;
  return DataType::float32;
}

Value make_constant(GraphBuilder& b, const BuildInput& spec, const Shape& shape, const std::vector<double>& slots,
                    Random& rng) {
  const DataType type = data_type(spec.dtype);
  std::vector<double> values;
  for (const Program& program : spec.values) values.push_back(evaluate(program, slots));
  const std::int64_t count = shapes::product(shape);
  const std::size_t given = values.size();
  if (given > 0) values.resize(static_cast<std::size_t>(count));
  for (std::size_t i = given; given > 0 && i < values.size(); ++i) values[i] = values[i - given];
  if (type == DataType::float32) {
    if (!values.empty()) return b.floats(std::move(values), shape);
    if (spec.fill == "ones") return b.filled(shape, 1.0F);
    if (spec.fill == "positive") return b.filled(shape, 1.1F);
    // He: the first axis of weights counts outputs, the others what each of them sums.
    const double fan_in = shape.size() > 1 ? static_cast<double>(count) / static_cast<double>(shape[0]) : 1.0;
    return b.weight(shape, shape.size() > 1 ? static_cast<float>(std::sqrt(2.0 / fan_in)) : 0.1F);
  }
  const double below = spec.integer_below ? std::max(1.0, evaluate(*spec.integer_below, slots)) : 2.0;
  Ints ints;
  for (std::int64_t i = 0; i < count; ++i)
    ints.push_back(values.empty() ? static_cast<std::int64_t>(rng.uniform() * below)
                                  : std::llround(values[static_cast<std::size_t>(i)]));
  return b.int_tensor(ints, shape, type);
}

Value make_input(GraphBuilder& b, const BuildInput& spec, const Shape& shape, const std::vector<double>& slots,
                 Random& rng) {
  Value x = b.input(shape);
  const DataType type = data_type(spec.dtype);
  if (type == DataType::boolean) return b.node("Greater", {x, b.scalar(0.0F)});
  if (type == DataType::int64 || type == DataType::int32) {
    const double below = spec.integer_below ? std::max(1.0, evaluate(*spec.integer_below, slots)) : 2.0;
    return b.cast(b.mul(b.node("Sigmoid", {x}), static_cast<float>(below * 0.999)), type);
  }
  if (spec.fill == "positive" || spec.fill == "ones") return b.node("Sigmoid", {x});
  if (rng.chance(kColdShare)) return x;
  return spec.fill == "signed" || rng.chance(0.5) ? b.mul(x, 0.9F) : b.node("Relu", {x});
}

/// Null where none is present.
const OperatorName* operator_of(const Build& build, const std::vector<double>& slots) {
  for (const BuildOperator& one : build.operators)
    if (!one.present || evaluate(*one.present, slots) != 0) return &one.name;
  return nullptr;
}

std::size_t outputs_of(const Build& build, const std::vector<double>& slots) {
  const double outputs = build.outputs ? evaluate(*build.outputs, slots) : 1;
  return static_cast<std::size_t>(std::clamp(outputs, 1.0, kMostOutputs));
}

std::vector<double> attribute_values(const BuildAttribute& spec, std::vector<double> slots) {
  std::vector<double> values;
  if (!spec.count) {
    for (const Program& value : spec.values) values.push_back(evaluate(value, slots));
    return values;
  }
  const double count = std::min(evaluate(*spec.count, slots), kLongestList);
  slots.push_back(0);
  for (; slots.back() < count; ++slots.back()) values.push_back(evaluate(spec.values[0], slots));
  return values;
}

Attributes make_attributes(const Build& build, const std::vector<double>& slots) {
  Attributes attributes;
  for (const BuildAttribute& spec : build.attributes) {
    if (spec.present && evaluate(*spec.present, slots) == 0) continue;
    const std::vector<double> values = attribute_values(spec, slots);
    const std::vector<float> floats(values.begin(), values.end());
    Ints ints;
    for (const double value : values) ints.push_back(std::llround(value));
    if (!spec.texts.empty()) {
      onnx::Attribute& texts = attributes.emplace_back(spec.name, "");
      texts.kind = onnx::Attribute::Kind::strings;
      const auto last = static_cast<std::int64_t>(spec.texts.size()) - 1;
      for (const std::int64_t choice : ints)
        texts.strings.push_back(spec.texts[static_cast<std::size_t>(std::clamp<std::int64_t>(choice, 0, last))]);
    } else if (spec.is_list) {
      attributes.push_back(spec.is_float ? onnx::Attribute(spec.name, floats) : onnx::Attribute(spec.name, ints));
    } else if (spec.values.empty()) {
      attributes.emplace_back(spec.name, spec.text);
    } else {
      attributes.push_back(spec.is_float ? onnx::Attribute(spec.name, floats[0]) : onnx::Attribute(spec.name, ints[0]));
    }
  }
  return attributes;
}

}  // namespace

std::string module_family(const ModuleType& type) { return std::string(kModuleFamilies) + type.name; }

bool is_module_family(std::string_view name) { return name.starts_with(kModuleFamilies); }

Carrier make_module_carrier(const ModuleType& type, std::uint64_t seed, std::size_t n) {
  if (!type.build) throw std::invalid_argument("module type " + type.name + " has no [build] section");
  Random rng(carriers::hash(type.name) ^ (seed * 0x9E3779B97F4A7C15ULL));
  GraphBuilder b(type.build->opset);
  for (std::size_t i = 0; i < n && b.weight_bytes() < kEnoughWeightBytes; ++i) {
    std::optional<Draw> drawn;
    for (int attempt = 0; attempt < kTries && !drawn; ++attempt) drawn = try_draw(type, *type.build, rng);
    if (!drawn) break;
    std::vector<Value> inputs;
    for (const BuiltInput& input : drawn->inputs) {
      if (input.spec == nullptr)
        inputs.emplace_back();
      else if (input.spec->constant || !input.spec->values.empty())
        inputs.push_back(make_constant(b, *input.spec, input.shape, drawn->slots, rng));
      else
        inputs.push_back(make_input(b, *input.spec, input.shape, drawn->slots, rng));
    }
    while (!inputs.empty() && inputs.back().none()) inputs.pop_back();
    const OperatorName* op = operator_of(*type.build, drawn->slots);
    if (op == nullptr) continue;
    b.open_node(op->type, op->domain, inputs, make_attributes(*type.build, drawn->slots),
                outputs_of(*type.build, drawn->slots));
  }
  if (b.empty()) b.node("Relu", {b.input({1, 16})});  // an engine wants a graph with a node in it

  Carrier carrier;
  carrier.family = module_family(type);
  carrier.seed = seed;
  carrier.name = carrier.family + "/" + std::to_string(seed);
  carrier.macs = b.macs();
  carrier.weight_bytes = b.weight_bytes();
  carrier.probe = true;
  carrier.model = b.finish(carrier.name);
  return carrier;
}

}  // namespace latcast
