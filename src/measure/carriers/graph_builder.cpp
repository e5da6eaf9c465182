#include "measure/carriers/graph_builder.h"

#include <array>
#include <cmath>
#include <utility>

#include "graph/link.h"

namespace latcast::carriers {

namespace {

/// How often an operator passes over its elements, beside writing its outputs.
double more_passes(const onnx::Operation& operation) {
  const std::string& op = operation.op;
  if (op == "Softmax" || op == "LogSoftmax") return 3;
  if (op == "Resize") return operation.text("mode") == "cubic" ? 30 : 3;
  return op.starts_with("Reduce") || op == "LayerNormalization" ? 1 : 0;
}

bool is_view(std::string_view op) { return op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze"; }

}  // namespace

double GraphBuilder::macs() const {
  double all = 0;
  for (ir::NodeId id = 0; id < graph().nodes(); ++id) {
    const ir::Node& node = graph().node(id);
    const TensorInfos inputs = infos_of(graph(), node.inputs), outputs = infos_of(graph(), node.outputs);
    all += product_macs(node.op, inputs, outputs);
    const bool recurrent = node.attribute("hidden_size") != nullptr && outputs.front()->known;
    if (recurrent)
      all += inputs[0]->elements() / static_cast<double>(inputs[0]->dims[2]) *
             (inputs[1]->elements() + inputs[2]->elements());
  }
  return all;
}

double GraphBuilder::weight_bytes() const {
  double all = 0;
  for (ir::ValueId id = 0; id < graph().values(); ++id) all += graph().constant(id) ? graph().info(id).bytes() : 0;
  return all;
}

double GraphBuilder::elements() const {
  double all = 0;
  for (ir::NodeId id = 0; id < graph().nodes(); ++id) {
    const ir::Node& node = graph().node(id);
    if (is_view(node.op)) continue;
    for (const TensorInfo* output : infos_of(graph(), node.outputs)) all += output->elements();
    const double passes = more_passes(node);
    if (passes > 0) all += passes * graph().info((node.op == "Resize" ? node.outputs : node.inputs).front()).elements();
  }
  return all;
}

/// `filter`: the weights' shape but for the kernel.
Value GraphBuilder::convolve(std::string_view op, const Value& x, const ConvSpec& s, const Pads& p, Shape filter,
                             std::int64_t fan_in, std::int64_t output_pad) {
  const bool signal = x.rank() == 3;
  const auto spatial = [&](Size2 size) { return signal ? Ints{size.h} : Ints{size.h, size.w}; };
  const Ints kernel = spatial(s.kernel);
  filter.insert(filter.end(), kernel.begin(), kernel.end());
  std::vector<Value> inputs{x, weight(filter, s.gain / std::sqrt(static_cast<float>(fan_in)))};
  if (s.bias) inputs.push_back(weight({s.out}, 0.1F));
  Attributes attributes{{"dilations", spatial(s.dilation)},
                        {"group", s.groups},
                        {"kernel_shape", kernel},
                        {"pads", signal ? Ints{p.top, p.bottom} : Ints{p.top, p.left, p.bottom, p.right}},
                        {"strides", spatial(s.stride)}};
  if (output_pad > 0) attributes.emplace_back("output_padding", spatial(output_pad));
  return node(op, inputs, std::move(attributes));
}

Value GraphBuilder::conv(const Value& x, const ConvSpec& s) {
  const std::int64_t h = (s.kernel.h - 1) * s.dilation.h / 2, w = (s.kernel.w - 1) * s.dilation.w / 2;
  const std::int64_t in = x.dim(1) / s.groups;
  return convolve("Conv", x, s, s.pads.value_or(Pads{h, w, h, w}), {s.out, in},
                  in * s.kernel.h * (x.rank() == 3 ? 1 : s.kernel.w), 0);
}

Value GraphBuilder::conv_transpose(const Value& x, const ConvSpec& s, std::int64_t output_pad) {
  return convolve("ConvTranspose", x, s, s.pads.value_or(Pads{}), {x.dim(1), s.out / s.groups}, x.dim(1) / s.groups,
                  output_pad);
}

Value GraphBuilder::batch_norm(const Value& x) {
  const Shape c{x.dim(1)};
  return node("BatchNormalization", {x, filled(c, 0.97F), weight(c, 0.1F), weight(c, 0.1F), filled(c, 1.03F)},
              {{"epsilon", 1e-5F}, {"momentum", 0.9F}});
}

Value GraphBuilder::instance_norm(const Value& x, bool unit) {
  const Shape c{x.dim(1)};
  return node("InstanceNormalization", {x, filled(c, unit ? 1.0F : 0.9F), unit ? filled(c, 0.0F) : weight(c, 0.1F)},
              {{"epsilon", 1e-5F}});
}

Value GraphBuilder::pool(std::string_view op, const Value& x, const PoolSpec& s) {
  Attributes attributes{{"ceil_mode", s.ceil_mode},
                        {"kernel_shape", {s.kernel.h, s.kernel.w}},
                        {"pads", {s.pad, s.pad, s.pad, s.pad}},
                        {"strides", {s.stride.h, s.stride.w}}};
  if (op == "AveragePool") attributes.emplace_back("count_include_pad", s.count_include_pad);
  return node(op, {x}, std::move(attributes));
}

Value GraphBuilder::max_pool1d(const Value& x, std::int64_t kernel, std::int64_t stride) {
  return node("MaxPool", {x}, {{"kernel_shape", {kernel}}, {"pads", {0, 0}}, {"strides", {stride}}});
}

Value GraphBuilder::clip(const Value& x, float low, float high) { return node("Clip", {x, scalar(low), scalar(high)}); }

Value GraphBuilder::reduce(std::string_view op, const Value& x, const Ints& axes, bool keep) {
  const bool as_input = op == "ReduceSum" || opset() >= 18;
  if (as_input) return node(op, {x, ints(axes)}, {{"keepdims", keep}});
  return node(op, {x}, {{"axes", axes}, {"keepdims", keep}});
}

Value GraphBuilder::arg_max(const Value& x, int axis, bool keep) {
  return node("ArgMax", {x}, {{"axis", axis}, {"keepdims", keep}, {"select_last_index", 0}});
}

Value GraphBuilder::gemm(const Value& x, std::int64_t out, bool bias, bool trans_b) {
  const std::int64_t k = x.dim(1);
  std::vector<Value> inputs{x,
                            weight(trans_b ? Shape{out, k} : Shape{k, out}, 1.0F / std::sqrt(static_cast<float>(k)))};
  if (bias) inputs.push_back(weight({out}, 0.1F));
  Attributes attributes{{"alpha", 1.0F}, {"beta", 1.0F}};
  if (trans_b) attributes.emplace_back("transB", 1);
  return node("Gemm", inputs, std::move(attributes));
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, const Ints& sizes) {
  return nodes("Split", {x, ints(sizes)}, {{"axis", axis}}, sizes.size());
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, int parts) {
  return split(x, axis, Ints(static_cast<std::size_t>(parts), x.dim(axis) / parts));
}

Value GraphBuilder::slice(const Value& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step) {
  return slices(x, {axis}, {start}, {end}, {step});
}

Value GraphBuilder::slices(const Value& x, const Ints& axes, const Ints& starts, const Ints& ends, const Ints& steps) {
  std::vector<Value> inputs{x, ints(starts), ints(ends), ints(axes)};
  if (!steps.empty()) inputs.push_back(ints(steps));
  return node("Slice", inputs);
}

Value GraphBuilder::pad(const Value& x, const Ints& pads, std::string_view mode, float value) {
  std::vector<Value> inputs{x, ints(pads)};
  if (mode == "constant") inputs.push_back(scalar(value));
  return node("Pad", inputs, {{"mode", mode}});
}

Value GraphBuilder::resize(const Value& x, const ResizeSpec& s) {
  Attributes attributes{{"coordinate_transformation_mode", s.coordinates}, {"mode", s.mode}};
  if (s.mode == "nearest") attributes.emplace_back("nearest_mode", "floor");
  if (s.mode == "cubic") attributes.emplace_back("cubic_coeff_a", -0.75F);
  if (!s.by_scales)
    return node("Resize", {x, {}, {}, ints({x.dims[0], x.dims[1], s.size.h, s.size.w})}, std::move(attributes));
  const auto factor = [](std::int64_t to, std::int64_t from) {
    return static_cast<double>(to) / static_cast<double>(from);
  };
  return node("Resize", {x, {}, floats({1, 1, factor(s.size.h, x.dim(2)), factor(s.size.w, x.dim(3))}, {4})},
              std::move(attributes));
}

Value GraphBuilder::depth_to_space(const Value& x, std::int64_t block, std::string_view mode) {
  return node("DepthToSpace", {x}, {{"blocksize", block}, {"mode", mode}});
}

Value GraphBuilder::recurrent(std::string_view op, const Value& x, std::int64_t hidden, bool bidirectional,
                              bool initial_state, bool final_state) {
  const bool lstm = op == "LSTM";
  const std::int64_t gates = lstm ? 4 : (op == "GRU" ? 3 : 1);
  const std::int64_t directions = bidirectional ? 2 : 1;
  const float deviation = 1.0F / std::sqrt(static_cast<float>(hidden));
  std::vector<Value> inputs{x, weight({directions, gates * hidden, x.dim(2)}, deviation),
                            weight({directions, gates * hidden, hidden}, deviation),
                            weight({directions, 2 * gates * hidden}, deviation)};
  if (initial_state) {
    inputs.emplace_back();
    for (int i = 0; i < (lstm ? 2 : 1); ++i) inputs.push_back(filled({directions, x.dim(1), hidden}, 0.0F));
  }
  Attributes attributes{{"hidden_size", hidden}};
  if (bidirectional) attributes.emplace_back("direction", "bidirectional");
  if (op == "GRU") attributes.emplace_back("linear_before_reset", 1);
  const auto values = nodes(op, inputs, std::move(attributes), !final_state ? 1 : lstm ? 3 : 2);
  for (std::size_t i = 1; i < values.size(); ++i) ignore(values[i]);
  return values.front();
}

}  // namespace latcast::carriers
