#include "measure/carriers/graph_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace latcast::carriers {

namespace {

using onnx::DataType;

void require(bool fits, std::string_view what, const Value& x) {
  if (fits) return;
  std::string shape;
  for (const std::int64_t d : x.dims) shape += " " + std::to_string(d);
  throw std::logic_error("carrier graph: " + std::string(what) + " does not fit" + shape + " of " + x.name);
}

int positive(int axis, int rank) { return axis < 0 ? axis + rank : axis; }

Ints as_list(const Shape& shape) { return shape; }

std::int64_t out_size(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                      std::int64_t pads, bool up = false) {
  const std::int64_t span = in + pads - dilation * (kernel - 1) - 1;
  return (up ? (span + stride - 1) / stride : span / stride) + 1;
}

Shape permuted(const Shape& shape, const Ints& perm) {
  Shape out;
  for (const std::int64_t p : perm) out.push_back(shape[static_cast<std::size_t>(p)]);
  return out;
}

onnx::ValueInfo info(const Value& value) {
  onnx::ValueInfo v;
  v.name = value.name;
  v.type = value.type;
  v.shape.emplace();
  for (const std::int64_t d : value.dims) v.shape->push_back({d, {}});
  return v;
}

}  // namespace

std::int64_t product(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t d : shape) n *= d;
  return n;
}

std::int64_t Value::dim(int axis) const { return dims.at(static_cast<std::size_t>(positive(axis, rank()))); }
std::int64_t Value::elements() const { return product(dims); }

onnx::Attribute attr(std::string_view name, std::int64_t value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::i;
  a.i = value;
  return a;
}
onnx::Attribute attr(std::string_view name, int value) { return attr(name, static_cast<std::int64_t>(value)); }
onnx::Attribute attr(std::string_view name, float value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::f;
  a.f = value;
  return a;
}
onnx::Attribute attr(std::string_view name, std::string_view value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::s;
  a.s = value;
  return a;
}
onnx::Attribute attr(std::string_view name, const char* value) { return attr(name, std::string_view(value)); }
onnx::Attribute attr(std::string_view name, const Ints& value) {
  onnx::Attribute a;
  a.name = name;
  a.kind = onnx::Attribute::Kind::ints;
  a.ints = value;
  return a;
}

Shape broadcast(const Shape& a, const Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  Shape out(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) throw std::logic_error("carrier graph: shapes do not broadcast");
    out[rank - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

// ---------------------------------------------------------------------------------------------------------- leaves

Value GraphBuilder::leaf(onnx::Tensor tensor) {
  Value value{tensor.name, {tensor.dims.begin(), tensor.dims.end()}, tensor.type};
  weight_bytes_ += static_cast<double>(product(value.dims)) * (tensor.type == DataType::int64 ? 8 : 4);
  graph_.initializers.push_back(std::move(tensor));
  return value;
}

Value GraphBuilder::input(const Shape& shape, DataType type) {
  Value value{"input" + std::to_string(graph_.inputs.size()), shape, type};
  graph_.inputs.push_back(info(value));
  return value;
}

Value GraphBuilder::weight(const Shape& shape, float deviation) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.fill = {onnx::Fill::Kind::normal, deviation};
  return leaf(std::move(t));
}

Value GraphBuilder::filled(const Shape& shape, float constant) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.fill = {onnx::Fill::Kind::constant, constant};
  return leaf(std::move(t));
}

Value GraphBuilder::scalar(float value) { return floats({value}, {}); }

Value GraphBuilder::floats(std::vector<double> values, const Shape& shape) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = DataType::float32;
  t.dims = shape;
  t.floats = std::move(values);
  return leaf(std::move(t));
}

Value GraphBuilder::ints(Ints values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return int_tensor(std::move(values), {n});
}

Value GraphBuilder::int_scalar(std::int64_t value) { return int_tensor({value}, {}); }

Value GraphBuilder::int_tensor(Ints values, const Shape& shape, DataType type) {
  onnx::Tensor t;
  t.name = "w" + std::to_string(leaves_++);
  t.type = type;
  t.dims = shape;
  t.ints = std::move(values);
  return leaf(std::move(t));
}

// ----------------------------------------------------------------------------------------------------------- nodes

std::vector<Value> GraphBuilder::multi(std::string_view op, const std::vector<Value>& inputs, Attributes attributes,
                                       const std::vector<Shape>& outs, DataType type) {
  onnx::Node node;
  node.op = op;
  node.name = node.op + "_" + std::to_string(graph_.nodes.size());
  node.attributes = std::move(attributes);
  for (const Value& x : inputs) {
    node.inputs.push_back(x.name);
    if (!x.name.empty()) used_.insert(x.name);
  }
  std::vector<Value> values;
  for (const Shape& shape : outs) {
    Value value{node.name + "_out" + std::to_string(values.size()), shape, type};
    for (const std::int64_t d : shape) require(d > 0, node.op, value);
    elements_ += static_cast<double>(product(shape));
    made_.push_back(info(value));
    node.outputs.push_back(value.name);
    values.push_back(std::move(value));
  }
  graph_.nodes.push_back(std::move(node));
  return values;
}

Value GraphBuilder::node(std::string_view op, const std::vector<Value>& inputs, Attributes attributes, Shape out,
                         DataType type) {
  return multi(op, inputs, std::move(attributes), {std::move(out)}, type).front();
}

void GraphBuilder::open_node(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                             Attributes attributes, int outputs) {
  onnx::Node node;
  node.op = op;
  node.domain = domain;
  node.name = node.op + "_" + std::to_string(graph_.nodes.size());
  node.attributes = std::move(attributes);
  for (const Value& x : inputs) {
    node.inputs.push_back(x.name);
    if (!x.name.empty()) used_.insert(x.name);
  }
  for (int i = 0; i < outputs; ++i) {
    onnx::ValueInfo output;
    output.name = node.name + "_out" + std::to_string(i);
    output.is_tensor = false;  // written without a type: the engine infers it
    node.outputs.push_back(output.name);
    made_.push_back(std::move(output));
  }
  if (!domain.empty()) domains_.insert(std::string(domain));
  graph_.nodes.push_back(std::move(node));
}

Value GraphBuilder::conv(const Value& x, const ConvSpec& s) {
  require(x.rank() == 4 && x.dims[1] % s.groups == 0 && s.out % s.groups == 0, "Conv", x);
  Pads p;
  if (s.pads) {
    p = *s.pads;
  } else {
    p.top = p.bottom = (s.kernel.h - 1) * s.dilation.h / 2;
    p.left = p.right = (s.kernel.w - 1) * s.dilation.w / 2;
  }
  const std::int64_t cin = x.dims[1] / s.groups;
  const Shape out{x.dims[0], s.out, out_size(x.dims[2], s.kernel.h, s.stride.h, s.dilation.h, p.top + p.bottom),
                  out_size(x.dims[3], s.kernel.w, s.stride.w, s.dilation.w, p.left + p.right)};
  const std::int64_t fan_in = cin * s.kernel.h * s.kernel.w;
  macs_ += static_cast<double>(product(out)) * static_cast<double>(fan_in);
  std::vector<Value> inputs{
      x, weight({s.out, cin, s.kernel.h, s.kernel.w}, s.gain / std::sqrt(static_cast<float>(fan_in)))};
  if (s.bias) inputs.push_back(weight({s.out}, 0.1F));
  return node("Conv", inputs,
              {attr("dilations", Ints{s.dilation.h, s.dilation.w}), attr("group", s.groups),
               attr("kernel_shape", Ints{s.kernel.h, s.kernel.w}), attr("pads", Ints{p.top, p.left, p.bottom, p.right}),
               attr("strides", Ints{s.stride.h, s.stride.w})},
              out);
}

Value GraphBuilder::conv1d(const Value& x, const ConvSpec& s) {
  require(x.rank() == 3 && x.dims[1] % s.groups == 0 && s.out % s.groups == 0, "Conv1d", x);
  Pads p;
  if (s.pads)
    p = *s.pads;
  else
    p.top = p.bottom = (s.kernel.h - 1) * s.dilation.h / 2;
  const std::int64_t cin = x.dims[1] / s.groups;
  const Shape out{x.dims[0], s.out, out_size(x.dims[2], s.kernel.h, s.stride.h, s.dilation.h, p.top + p.bottom)};
  const std::int64_t fan_in = cin * s.kernel.h;
  macs_ += static_cast<double>(product(out)) * static_cast<double>(fan_in);
  std::vector<Value> inputs{x, weight({s.out, cin, s.kernel.h}, s.gain / std::sqrt(static_cast<float>(fan_in)))};
  if (s.bias) inputs.push_back(weight({s.out}, 0.1F));
  return node("Conv", inputs,
              {attr("dilations", Ints{s.dilation.h}), attr("group", s.groups), attr("kernel_shape", Ints{s.kernel.h}),
               attr("pads", Ints{p.top, p.bottom}), attr("strides", Ints{s.stride.h})},
              out);
}

Value GraphBuilder::conv_transpose(const Value& x, const ConvSpec& s, std::int64_t output_pad) {
  require(x.dims[1] % s.groups == 0 && s.out % s.groups == 0, "ConvTranspose", x);
  const bool flat = x.rank() == 3;
  const Pads p = s.pads.value_or(Pads{});
  const std::int64_t cout = s.out / s.groups;
  Shape out{x.dims[0], s.out,
            (x.dims[2] - 1) * s.stride.h - p.top - p.bottom + s.dilation.h * (s.kernel.h - 1) + 1 + output_pad};
  Shape weights{x.dims[1], cout, s.kernel.h};
  Ints dilations{s.dilation.h}, kernel{s.kernel.h}, pads{p.top, p.bottom}, strides{s.stride.h}, extra{output_pad};
  if (!flat) {
    out.push_back((x.dims[3] - 1) * s.stride.w - p.left - p.right + s.dilation.w * (s.kernel.w - 1) + 1 + output_pad);
    weights.push_back(s.kernel.w);
    dilations.push_back(s.dilation.w);
    kernel.push_back(s.kernel.w);
    pads = {p.top, p.left, p.bottom, p.right};
    strides.push_back(s.stride.w);
    extra.push_back(output_pad);
  }
  macs_ += static_cast<double>(x.elements()) * static_cast<double>(product(weights)) / static_cast<double>(x.dims[1]);
  const std::int64_t fan_in = x.dims[1] / s.groups;
  std::vector<Value> inputs{x, weight(weights, s.gain / std::sqrt(static_cast<float>(fan_in)))};
  if (s.bias) inputs.push_back(weight({s.out}, 0.1F));
  Attributes attributes{attr("dilations", dilations), attr("group", s.groups), attr("kernel_shape", kernel),
                        attr("pads", pads), attr("strides", strides)};
  if (output_pad > 0) attributes.push_back(attr("output_padding", extra));
  return node("ConvTranspose", inputs, std::move(attributes), out);
}

Value GraphBuilder::batch_norm(const Value& x) {
  require(x.rank() >= 2, "BatchNormalization", x);
  const Shape c{x.dims[1]};
  return node("BatchNormalization", {x, filled(c, 0.97F), weight(c, 0.1F), weight(c, 0.1F), filled(c, 1.03F)},
              {attr("epsilon", 1e-5F), attr("momentum", 0.9F)}, x.dims);
}

Value GraphBuilder::instance_norm(const Value& x, bool unit) {
  const Shape c{x.dims.at(1)};
  return node("InstanceNormalization", {x, filled(c, unit ? 1.0F : 0.9F), unit ? filled(c, 0.0F) : weight(c, 0.1F)},
              {attr("epsilon", 1e-5F)}, x.dims);
}

Value GraphBuilder::pool(std::string_view op, const Value& x, const PoolSpec& s) {
  require(x.rank() == 4, op, x);
  const auto size = [&](std::int64_t in, std::int64_t kernel, std::int64_t stride) {
    std::int64_t out = out_size(in, kernel, stride, 1, 2 * s.pad, s.ceil_mode);
    if (s.ceil_mode && (out - 1) * stride >= in + s.pad) --out;  // a window must start inside
    return out;
  };
  Attributes attributes{attr("ceil_mode", s.ceil_mode ? 1 : 0), attr("kernel_shape", Ints{s.kernel.h, s.kernel.w}),
                        attr("pads", Ints{s.pad, s.pad, s.pad, s.pad}), attr("strides", Ints{s.stride.h, s.stride.w})};
  if (op == "AveragePool") attributes.push_back(attr("count_include_pad", s.count_include_pad ? 1 : 0));
  return node(op, {x}, std::move(attributes),
              {x.dims[0], x.dims[1], size(x.dims[2], s.kernel.h, s.stride.h), size(x.dims[3], s.kernel.w, s.stride.w)});
}

Value GraphBuilder::max_pool(const Value& x, const PoolSpec& spec) { return pool("MaxPool", x, spec); }
Value GraphBuilder::avg_pool(const Value& x, const PoolSpec& spec) { return pool("AveragePool", x, spec); }

Value GraphBuilder::max_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  return node("MaxPool", {x},
              {attr("kernel_shape", Ints{kernel}), attr("pads", Ints{pad, pad}), attr("strides", Ints{stride})},
              {x.dims[0], x.dims[1], out_size(x.dims[2], kernel, stride, 1, 2 * pad)});
}
Value GraphBuilder::avg_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  return node("AveragePool", {x},
              {attr("count_include_pad", 1), attr("kernel_shape", Ints{kernel}), attr("pads", Ints{pad, pad}),
               attr("strides", Ints{stride})},
              {x.dims[0], x.dims[1], out_size(x.dims[2], kernel, stride, 1, 2 * pad)});
}

Value GraphBuilder::global_avg_pool(const Value& x) {
  Shape out(x.dims.size(), 1);
  out[0] = x.dims[0];
  out[1] = x.dims[1];
  return node("GlobalAveragePool", {x}, {}, out);
}
Value GraphBuilder::global_max_pool(const Value& x) {
  Shape out(x.dims.size(), 1);
  out[0] = x.dims[0];
  out[1] = x.dims[1];
  return node("GlobalMaxPool", {x}, {}, out);
}

Value GraphBuilder::unary(std::string_view op, const Value& x, Attributes attributes) {
  return node(op, {x}, std::move(attributes), x.dims, x.type);
}
Value GraphBuilder::binary(std::string_view op, const Value& a, const Value& b) {
  return node(op, {a, b}, {}, broadcast(a.dims, b.dims), a.type);
}
Value GraphBuilder::compare(std::string_view op, const Value& a, const Value& b) {
  return node(op, {a, b}, {}, broadcast(a.dims, b.dims), DataType::boolean);
}
Value GraphBuilder::where(const Value& condition, const Value& a, const Value& b) {
  return node("Where", {condition, a, b}, {}, broadcast(broadcast(condition.dims, a.dims), b.dims), a.type);
}
Value GraphBuilder::cast(const Value& x, DataType type) {
  return node("Cast", {x}, {attr("to", static_cast<std::int64_t>(type))}, x.dims, type);
}
Value GraphBuilder::clip(const Value& x, float low, float high) {
  return node("Clip", {x, scalar(low), scalar(high)}, {}, x.dims);
}

Value GraphBuilder::reduce(std::string_view op, const Value& x, Ints axes, bool keep) {
  Shape out;
  for (int i = 0; i < x.rank(); ++i) {
    const bool reduced = std::any_of(axes.begin(), axes.end(),
                                     [&](std::int64_t a) { return positive(static_cast<int>(a), x.rank()) == i; });
    if (!reduced)
      out.push_back(x.dims[static_cast<std::size_t>(i)]);
    else if (keep)
      out.push_back(1);
  }
  const bool as_input = op == "ReduceSum" || opset_ >= 18;
  elements_ += static_cast<double>(x.elements());
  if (as_input) return node(op, {x, ints(std::move(axes))}, {attr("keepdims", keep ? 1 : 0)}, out);
  return node(op, {x}, {attr("axes", axes), attr("keepdims", keep ? 1 : 0)}, out);
}

Value GraphBuilder::softmax(const Value& x, int axis, std::string_view op) {
  elements_ += 3.0 * static_cast<double>(x.elements());
  return node(op, {x}, {attr("axis", axis)}, x.dims);
}

Value GraphBuilder::arg_max(const Value& x, int axis, bool keep) {
  Shape out = x.dims;
  const auto at = static_cast<std::ptrdiff_t>(positive(axis, x.rank()));
  if (keep)
    out[static_cast<std::size_t>(at)] = 1;
  else
    out.erase(out.begin() + at);
  return node("ArgMax", {x}, {attr("axis", axis), attr("keepdims", keep ? 1 : 0), attr("select_last_index", 0)}, out,
              DataType::int64);
}

std::vector<Value> GraphBuilder::top_k(const Value& x, int axis, std::int64_t k) {
  Shape out = x.dims;
  out[static_cast<std::size_t>(positive(axis, x.rank()))] = k;
  auto both = multi("TopK", {x, ints({k})}, {attr("axis", axis), attr("largest", 1), attr("sorted", 1)}, {out, out});
  both[1].type = made_.back().type = DataType::int64;
  return both;
}

Value GraphBuilder::matmul(const Value& a, const Value& b) {
  require(a.rank() >= 2 && b.rank() >= 2 && a.dim(-1) == b.dim(-2), "MatMul", a);
  Shape out = broadcast(Shape(a.dims.begin(), a.dims.end() - 2), Shape(b.dims.begin(), b.dims.end() - 2));
  out.push_back(a.dim(-2));
  out.push_back(b.dim(-1));
  macs_ += static_cast<double>(product(out)) * static_cast<double>(a.dim(-1));
  return node("MatMul", {a, b}, {}, out);
}

Value GraphBuilder::gemm(const Value& x, std::int64_t out, bool bias, bool trans_b) {
  require(x.rank() == 2, "Gemm", x);
  const std::int64_t k = x.dims[1];
  macs_ += static_cast<double>(x.dims[0]) * static_cast<double>(out) * static_cast<double>(k);
  const float deviation = 1.0F / std::sqrt(static_cast<float>(k));
  std::vector<Value> inputs{x, trans_b ? weight({out, k}, deviation) : weight({k, out}, deviation)};
  if (bias) inputs.push_back(weight({out}, 0.1F));
  Attributes attributes{attr("alpha", 1.0F), attr("beta", 1.0F)};
  if (trans_b) attributes.push_back(attr("transB", 1));
  return node("Gemm", inputs, std::move(attributes), {x.dims[0], out});
}

Value GraphBuilder::layer_norm_node(const Value& x, float epsilon, bool bias) {
  const Shape c{x.dim(-1)};
  std::vector<Value> inputs{x, filled(c, 0.95F)};
  if (bias) inputs.push_back(weight(c, 0.1F));
  elements_ += static_cast<double>(x.elements());
  return node("LayerNormalization", inputs, {attr("axis", -1), attr("epsilon", epsilon)}, x.dims);
}

// -------------------------------------------------------------------------------------------------------- movement

Value GraphBuilder::reshape(const Value& x, const Shape& shape) {
  Shape out = shape;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& d : out) {
    if (d < 0)
      open = &d;
    else
      known *= d;
  }
  if (open != nullptr) *open = known > 0 ? x.elements() / known : 0;
  require(product(out) == x.elements(), "Reshape", x);
  elements_ -= static_cast<double>(x.elements());  // a view
  return node("Reshape", {x, ints(as_list(shape))}, {}, out, x.type);
}

Value GraphBuilder::flatten(const Value& x, int axis) {
  const auto split_at = x.dims.begin() + axis;
  elements_ -= static_cast<double>(x.elements());
  return node("Flatten", {x}, {attr("axis", axis)},
              {product(Shape(x.dims.begin(), split_at)), product(Shape(split_at, x.dims.end()))}, x.type);
}

Value GraphBuilder::transpose(const Value& x, const Ints& perm) {
  require(perm.size() == x.dims.size(), "Transpose", x);
  Shape out = permuted(x.dims, perm);
  return node("Transpose", {x}, {attr("perm", perm)}, out, x.type);
}

Value GraphBuilder::squeeze(const Value& x, Ints axes) {
  Shape out;
  for (int i = 0; i < x.rank(); ++i) {
    const bool gone = std::any_of(axes.begin(), axes.end(),
                                  [&](std::int64_t a) { return positive(static_cast<int>(a), x.rank()) == i; });
    require(!gone || x.dims[static_cast<std::size_t>(i)] == 1, "Squeeze", x);
    if (!gone) out.push_back(x.dims[static_cast<std::size_t>(i)]);
  }
  elements_ -= static_cast<double>(x.elements());
  return node("Squeeze", {x, ints(std::move(axes))}, {}, out, x.type);
}

Value GraphBuilder::unsqueeze(const Value& x, Ints axes) {
  Shape out = x.dims;
  Ints sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (const std::int64_t a : sorted) {
    require(a >= 0 && a <= static_cast<std::int64_t>(out.size()), "Unsqueeze", x);
    out.insert(out.begin() + a, 1);
  }
  elements_ -= static_cast<double>(x.elements());
  return node("Unsqueeze", {x, ints(std::move(axes))}, {}, out, x.type);
}

Value GraphBuilder::concat(const std::vector<Value>& xs, int axis) {
  Shape out = xs.front().dims;
  const auto at = static_cast<std::size_t>(positive(axis, xs.front().rank()));
  out[at] = 0;
  for (const Value& x : xs) {
    require(x.rank() == xs.front().rank(), "Concat", x);
    for (std::size_t i = 0; i < out.size(); ++i) require(i == at || x.dims[i] == out[i], "Concat", x);
    out[at] += x.dims[at];
  }
  return node("Concat", xs, {attr("axis", axis)}, out, xs.front().type);
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, const Ints& sizes) {
  const auto at = static_cast<std::size_t>(positive(axis, x.rank()));
  std::int64_t sum = 0;
  std::vector<Shape> outs;
  for (const std::int64_t s : sizes) {
    Shape shape = x.dims;
    shape[at] = s;
    sum += s;
    outs.push_back(std::move(shape));
  }
  require(sum == x.dims[at], "Split", x);
  return multi("Split", {x, ints(sizes)}, {attr("axis", axis)}, outs, x.type);
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, int parts) {
  const std::int64_t size = x.dim(axis);
  require(size % parts == 0, "Split", x);
  return split(x, axis, Ints(static_cast<std::size_t>(parts), size / parts));
}

Value GraphBuilder::slice(const Value& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step) {
  return slices(x, {axis}, {start}, {end}, {step});
}

Value GraphBuilder::slices(const Value& x, const Ints& axes, const Ints& starts, const Ints& ends, const Ints& steps) {
  Shape out = x.dims;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto at = static_cast<std::size_t>(positive(static_cast<int>(axes[i]), x.rank()));
    const std::int64_t size = x.dims[at];
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    const auto bound = [&](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? v + size : v, 0, size); };
    require(step > 0, "Slice", x);
    out[at] = (bound(ends[i]) - bound(starts[i]) + step - 1) / step;
    require(out[at] > 0, "Slice", x);
  }
  std::vector<Value> inputs{x, ints(starts), ints(ends), ints(axes)};
  if (!steps.empty()) inputs.push_back(ints(steps));
  return node("Slice", inputs, {}, out, x.type);
}

Value GraphBuilder::gather(const Value& x, int axis, const Value& indices) {
  const auto at = static_cast<std::ptrdiff_t>(positive(axis, x.rank()));
  Shape out(x.dims.begin(), x.dims.begin() + at);
  out.insert(out.end(), indices.dims.begin(), indices.dims.end());
  out.insert(out.end(), x.dims.begin() + at + 1, x.dims.end());
  return node("Gather", {x, indices}, {attr("axis", axis)}, out, x.type);
}

Value GraphBuilder::pad(const Value& x, const Ints& pads, std::string_view mode, float value) {
  require(pads.size() == 2 * x.dims.size(), "Pad", x);
  Shape out = x.dims;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += pads[i] + pads[i + out.size()];
  std::vector<Value> inputs{x, ints(pads)};
  if (mode == "constant") inputs.push_back(scalar(value));
  return node("Pad", inputs, {attr("mode", mode)}, out, x.type);
}

Value GraphBuilder::expand(const Value& x, const Shape& shape) {
  return node("Expand", {x, ints(as_list(shape))}, {}, broadcast(x.dims, shape), x.type);
}

Value GraphBuilder::tile(const Value& x, const Ints& repeats) {
  Shape out = x.dims;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] *= repeats.at(i);
  return node("Tile", {x, ints(repeats)}, {}, out, x.type);
}

Value GraphBuilder::resize(const Value& x, const ResizeSpec& s) {
  require(x.rank() == 4, "Resize", x);
  const Shape out{x.dims[0], x.dims[1], s.size.h, s.size.w};
  Attributes attributes{attr("coordinate_transformation_mode", s.coordinates), attr("mode", s.mode)};
  if (s.mode == "nearest") attributes.push_back(attr("nearest_mode", "floor"));
  if (s.mode == "cubic") attributes.push_back(attr("cubic_coeff_a", -0.75F));
  elements_ += (s.mode == "cubic" ? 30.0 : 3.0) * static_cast<double>(product(out));
  if (s.by_scales) {
    require(s.size.h % x.dims[2] == 0 && s.size.w % x.dims[3] == 0, "Resize by scales", x);
    const std::int64_t higher = s.size.h / x.dims[2], wider = s.size.w / x.dims[3];
    return node("Resize", {x, none(), floats({1, 1, static_cast<double>(higher), static_cast<double>(wider)}, {4})},
                std::move(attributes), out);
  }
  return node("Resize", {x, none(), none(), ints(out)}, std::move(attributes), out);
}

Value GraphBuilder::depth_to_space(const Value& x, std::int64_t block, std::string_view mode) {
  require(x.rank() == 4 && x.dims[1] % (block * block) == 0, "DepthToSpace", x);
  return node("DepthToSpace", {x}, {attr("blocksize", block), attr("mode", mode)},
              {x.dims[0], x.dims[1] / (block * block), x.dims[2] * block, x.dims[3] * block});
}

Value GraphBuilder::space_to_depth(const Value& x, std::int64_t block) {
  require(x.rank() == 4 && x.dims[2] % block == 0 && x.dims[3] % block == 0, "SpaceToDepth", x);
  return node("SpaceToDepth", {x}, {attr("blocksize", block)},
              {x.dims[0], x.dims[1] * block * block, x.dims[2] / block, x.dims[3] / block});
}

std::vector<Value> GraphBuilder::recurrent(std::string_view op, const Value& x, std::int64_t hidden, bool bidirectional,
                                           bool initial_state, bool final_state) {
  require(x.rank() == 3, op, x);
  const bool lstm = op == "LSTM";
  const std::int64_t gates = lstm ? 4 : (op == "GRU" ? 3 : 1);
  const std::int64_t directions = bidirectional ? 2 : 1;
  const std::int64_t steps = x.dims[0], batch = x.dims[1], in = x.dims[2];
  macs_ += static_cast<double>(steps * batch * directions * gates * hidden) * static_cast<double>(in + hidden);
  const float deviation = 1.0F / std::sqrt(static_cast<float>(hidden));
  std::vector<Value> inputs{x, weight({directions, gates * hidden, in}, deviation),
                            weight({directions, gates * hidden, hidden}, deviation),
                            weight({directions, 2 * gates * hidden}, deviation), none()};
  if (initial_state) {
    inputs.push_back(filled({directions, batch, hidden}, 0.0F));
    if (lstm) inputs.push_back(filled({directions, batch, hidden}, 0.0F));
  } else {
    inputs.pop_back();
  }
  Attributes attributes{attr("hidden_size", hidden)};
  if (bidirectional) attributes.push_back(attr("direction", "bidirectional"));
  if (op == "GRU") attributes.push_back(attr("linear_before_reset", 1));
  std::vector<Shape> outs{{steps, directions, batch, hidden}};
  if (final_state) outs.resize(lstm ? 3 : 2, {directions, batch, hidden});
  auto values = multi(op, inputs, std::move(attributes), outs);
  for (std::size_t i = 1; i < values.size(); ++i) ignore(values[i]);
  return values;
}

onnx::Model GraphBuilder::finish(std::string name, bool shapes) {
  onnx::Model model;
  model.ir_version = opset_ >= 20 ? 9 : 8;
  model.opsets[""] = opset_;
  for (const std::string& domain : domains_) model.opsets[domain] = 1;
  model.producer = "latcast";
  for (const onnx::ValueInfo& v : made_)
    if (!used_.contains(v.name)) graph_.outputs.push_back(v);
  if (shapes) {
    graph_.value_infos = made_;
    std::erase_if(graph_.value_infos, [](const onnx::ValueInfo& v) { return !v.is_tensor; });
  }
  graph_.name = std::move(name);
  model.graph = std::move(graph_);
  return model;
}

}  // namespace latcast::carriers
