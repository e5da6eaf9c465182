// Operators that compute: their shapes, weights and multiply-accumulates.
#include <array>
#include <cmath>
#include <utility>

#include "measure/carriers/graph_builder.h"
#include "measure/carriers/graph_shapes.h"

namespace latcast::carriers {

namespace {

using onnx::DataType;

std::int64_t out_size(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                      std::int64_t pads, bool up = false) {
  const std::int64_t span = in + pads - dilation * (kernel - 1) - 1;
  return (up ? (span + stride - 1) / stride : span / stride) + 1;
}

}  // namespace

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

}  // namespace latcast::carriers
