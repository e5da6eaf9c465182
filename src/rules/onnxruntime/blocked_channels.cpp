// The blocked layout: channels in groups of the vector width, one behind the other. Convolutions and pools enter it,
// what follows stays in it where it can, and whoever needs the plain layout gets it reordered.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "rules/onnxruntime/stages.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {
namespace {

constexpr std::int64_t kAlignment = 4;  // channels that are no multiple of it never enter

/// What became of a value that is blocked now.
struct Blocked {
  NodeId maker = kNothing;  // the node that makes the blocked value
  ValueId value = kNothing;
  std::size_t uses = 0, uses_left = 0;  // of the plain value: all, and those that have not been replaced
  std::int64_t channels = 0;
};

class Layout {
 public:
  Layout(Graph& graph, const EngineTarget& target)
      : graph_(graph),
        version_(target.version),
        block_(target.block),
        blocked_(graph.values()),
        reordered_(graph.values(), kNothing),
        filters_(graph.values(), kNothing),
        biases_(graph.values(), kNothing) {}

  std::size_t run() {
    for (const NodeId id : graph_.order()) {
      if (!graph_.node(id).removed) transform(id);
    }
    reorder_outputs();
    return changes_;
  }

 private:
  void transform(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.is("Conv") || node.is("FusedConv", kMicrosoft)) return convolution(id);
    if (node.is("MaxPool") || node.is("AveragePool")) return pool(id);
    if (node.inputs.empty() || !only_blocked_inputs(node)) return;
    if (node.is("Add") || node.is("Sum")) return binary(id, true);
    if (node.is("Mul")) return multiplication(id);
    if (node.is("Concat")) return concat(id);
    if (node.is("Relu") || node.is("Sigmoid") || node.is("Tanh")) return activation(id, true);
    const bool gelu = node.is("QuickGelu", kMicrosoft) || node.is("Gelu", kMicrosoft) || node.is("Gelu");
    if (version_ >= since::kBlockedActivations && (gelu || node.is("HardSigmoid"))) return activation(id, !gelu);
    if (node.is("BatchNormalization")) return normalisation(id);
    if (node.is("Transpose")) return transpose(id);
    if (node.is("Resize") || node.is("Upsample")) return resize(id);
    if (node.is("GlobalMaxPool") || node.is("GlobalAveragePool")) return pool(id);
  }

  [[nodiscard]] Blocked* blocked(ValueId id) { return blocked_[id].maker == kNothing ? nullptr : &blocked_[id]; }

  /// Every input that a node makes is made in the blocked layout now.
  [[nodiscard]] bool only_blocked_inputs(const Node& node) {
    return std::ranges::all_of(node.inputs, [&](ValueId input) {
      return input == kNothing || graph_.producer(input) == nullptr;  // a blocked value's plain one has no maker
    });
  }

  [[nodiscard]] const TensorInfo& info(ValueId id) const { return graph_.value(id).info; }
  [[nodiscard]] std::int64_t padded(std::int64_t channels) const { return (channels + block_ - 1) / block_ * block_; }

  /// The plain shape with its channels padded.
  [[nodiscard]] TensorInfo padded_info(const TensorInfo& plain) const {
    TensorInfo out = plain;
    out.constant = false;
    out.values.reset();
    if (out.known && out.dims.size() == 4) out.dims[1] = padded(out.dims[1]);
    return out;
  }

  /// `maker` gives a new blocked value in place of `plain`, which nobody makes from now on.
  void create(NodeId maker, std::size_t output, ValueId plain, std::int64_t channels) {
    const std::size_t uses = graph_.uses(plain);
    const ValueId value = graph_.add_value(Label(plain, "_reorder"), padded_info(info(plain)));
    graph_.set_output(maker, output, value);
    blocked_[plain] = {maker, value, uses, uses, channels};
    ++changes_;
  }

  /// `plain` is what `from` makes already.
  void merge(ValueId plain, const Blocked& from) {
    const std::size_t uses = graph_.uses(plain);
    blocked_[plain] = {from.maker, graph_.node(from.maker).outputs[0], uses, uses, from.channels};
    ++changes_;
  }

  /// A blocked node in the place of a plain one.
  NodeId replace(NodeId id, std::string_view op, Ids inputs, std::int64_t channels) {
    Node plain = graph_.take(id);
    const ValueId result = plain.outputs[0];
    const NodeId out = graph_.add_node(op, kNchwc, {}, std::move(inputs), {result});
    graph_.node(out).attributes = std::move(plain.attributes);
    graph_.node(out).label = Label(result, "_nchwc");
    create(out, 0, result, channels);
    return out;
  }

  /// The blocked value of an input; reordered where there is none yet.
  ValueId blocked_input(ValueId plain) {
    if (Blocked* known = blocked(plain)) {
      --known->uses_left;
      return known->value;
    }
    ValueId& reordered = reordered_[plain];
    if (reordered == kNothing) {
      reordered = graph_.add_value(Label(plain, "_reorder"), padded_info(info(plain)));
      reorder_from_nhwc(plain, reordered);
    }
    return reordered;
  }

  /// A transpose before it is part of the reordering.
  void reorder_from_nhwc(ValueId plain, ValueId result) {
    const std::size_t plain_uses = graph_.uses(plain);
    const Node* maker = graph_.producer(plain);
    const onnx::Attribute* perm = maker == nullptr ? nullptr : maker->attribute("perm");
    const bool last = maker != nullptr && maker->is("Transpose") && perm != nullptr && perm->ints == Dims{0, 3, 1, 2} &&
                      plain_uses == 1;
    const NodeId id =
        graph_.add_node("ReorderInput", kNchwc, "ReorderInput", {last ? maker->inputs[0] : plain}, {result});
    if (!last) return;
    graph_.node(id).set_int("channels_last", 1);
    transposes_.push_back(graph_.value(plain).producer);
  }

  ValueId filter(ValueId plain, std::int64_t channels_out, std::int64_t channels_in) {
    ValueId& known = filters_[plain];
    if (known != kNothing) return known;
    TensorInfo out = info(plain);
    out.dims[0] = channels_out;
    out.dims[1] = channels_in;
    out.values.reset();
    return known = graph_.add_constant(Label(plain, "_reorder"), std::move(out));
  }

  ValueId bias(ValueId plain, std::int64_t channels) {
    if (info(plain).dims[0] == channels) return plain;
    ValueId& known = biases_[plain];
    if (known != kNothing) return known;
    TensorInfo out = info(plain);
    out.dims = {channels};
    out.values.reset();
    return known = graph_.add_constant(Label(plain, "_reorder"), std::move(out));
  }

  /// How a convolution's weights are laid out; nothing: it stays plain.
  struct Filter {
    bool from_plain = false;  // reads its input as it is
    std::int64_t channels_in = 0;
    std::int64_t groups = 1;
  };
  [[nodiscard]] std::optional<Filter> layout_of(const Dims& weights, std::int64_t groups) const {
    const std::int64_t out = weights[0], in = weights[1];
    Filter found{false, in, groups};
    if (groups > 1) {
      if (out % kAlignment != 0) return std::nullopt;
      if (in == 1 && out == groups) {
        found.groups = padded(out);
        return found;
      }
      if (in % block_ != 0 || out % groups != 0 || (out / groups) % block_ != 0) return std::nullopt;
      return found;
    }
    found.from_plain = in < block_;
    if (found.from_plain) return found;
    if (in % kAlignment != 0) return std::nullopt;
    found.channels_in = padded(in);
    return found;
  }

  void convolution(NodeId id) {
    if (!graph_.constant(graph_.node(id).input(1))) return;
    const TensorInfo& weights = info(graph_.node(id).inputs[1]);
    if (weights.type != onnx::DataType::float32 || weights.dims.size() != 4) return;
    const std::int64_t channels = weights.dims[0], groups = graph_.node(id).integer("group", 1);
    const auto layout = layout_of(weights.dims, groups);
    if (!layout) return;
    Ids inputs = graph_.node(id).inputs;
    if (inputs.size() > 2 && inputs[2] != kNothing) {
      if (!graph_.constant(inputs[2]) || info(inputs[2]).dims != Dims{channels}) return;
      inputs[2] = bias(inputs[2], padded(channels));
    }
    inputs[1] = filter(inputs[1], padded(channels), layout->channels_in);
    if (!layout->from_plain) inputs[0] = blocked_input(inputs[0]);
    const NodeId made = replace(id, "Conv", std::move(inputs), channels);
    if (layout->groups != groups) graph_.node(made).set_int("group", layout->groups);
  }

  void pool(NodeId id) {
    const Node node = graph_.node(id);
    if (node.outputs.size() > 1 && node.outputs[1] != kNothing) return;
    const TensorInfo& in = info(node.inputs[0]);
    if (in.type != onnx::DataType::float32 || !in.known || in.dims.size() != 4 || in.dims[1] % block_ != 0) return;
    const bool odd = node.integer("ceil_mode", 0) != 0 && node.integer("count_include_pad", 0) != 0;
    if (odd && version_ >= since::kPlainCeilPools) return;
    const bool global = node.op.starts_with("Global");
    if (global && blocked(node.inputs[0]) == nullptr) return;
    const std::int64_t channels = in.dims[1];
    const ValueId input = blocked_input(node.inputs[0]);
    replace(id, node.op, {input}, channels);
  }

  /// The other operand goes into the convolution that makes one; true where that was possible.
  bool add_into_convolution(NodeId id, const std::vector<Blocked*>& inputs) {
    for (std::size_t n = 0; n < 2; ++n) {
      const Blocked from = *inputs[n];
      Node& maker = graph_.node(from.maker);
      if (!maker.is("Conv", kNchwc) || (maker.inputs.size() > 3 && maker.inputs[3] != kNothing)) continue;
      if (from.uses != 1 || maker.attribute("activation") != nullptr) continue;
      if (maker.inputs.size() < 3) maker.inputs.resize(3, kNothing);
      const ValueId other = graph_.node(inputs[1 - n]->maker).outputs[0], plain = graph_.node(id).outputs[0];
      const std::size_t uses = graph_.uses(plain);
      graph_.remove(id);
      graph_.set_input(from.maker, 3, other);
      blocked_[plain] = {from.maker, from.value, uses, uses, from.channels};
      ++changes_;
      return true;
    }
    return false;
  }

  /// Whether all that a node reads and gives has four axes, of known lengths.
  [[nodiscard]] bool are_images(const Node& node) const {
    const auto image = [&](ValueId id) { return info(id).known && info(id).dims.size() == 4; };
    return std::ranges::all_of(node.inputs, image) && std::ranges::all_of(node.outputs, image);
  }

  /// Between values of one number of channels and different sizes: with the block as an axis of its own.
  void add_by_blocks(NodeId id, const std::vector<Blocked*>& inputs) {
    const Node node = graph_.node(id);
    const std::int64_t channels = inputs[0]->channels;
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      --inputs[n]->uses_left;
      graph_.set_input(id, n, reshaped(inputs[n]->value, info(inputs[n]->value), channels, true));
    }
    const TensorInfo result = padded_info(info(node.outputs[0]));
    TensorInfo split = result;
    split.dims = split_dims(result.dims, channels);
    const ValueId raw = graph_.add_value("reshape", std::move(split));
    graph_.set_output(id, 0, raw);
    const ValueId joined = reshaped(raw, result, channels, false);
    const std::size_t uses = graph_.uses(node.outputs[0]);
    blocked_[node.outputs[0]] = {graph_.value(joined).producer, joined, uses, uses, channels};
    ++changes_;
  }

  [[nodiscard]] Dims split_dims(const Dims& dims, std::int64_t channels) const {
    return {dims[0], padded(channels) / block_, dims[2], dims[3], block_};
  }

  ValueId reshaped(ValueId from, TensorInfo shape, std::int64_t channels, bool split) {
    TensorInfo wanted;
    wanted.type = onnx::DataType::int64;
    const std::int64_t blocks = padded(channels) / block_;
    const auto all = static_cast<double>(padded(channels));
    if (split) shape.dims = split_dims(shape.dims, channels);
    const std::vector<double> parts = {0.0, static_cast<double>(blocks), 0.0, 0.0, static_cast<double>(block_)};
    wanted.values = split ? parts : std::vector<double>{0.0, all, 0.0, 0.0};
    wanted.dims = {split ? 5 : 4};
    const ValueId list = graph_.add_constant("Reshape", std::move(wanted));
    const ValueId out = graph_.add_value("reshape", std::move(shape));
    graph_.add_node("Reshape", {}, "Reshape", {from, list}, {out});
    return out;
  }

  void binary(NodeId id, bool add) {
    const Node node = graph_.node(id);
    std::vector<Blocked*> inputs;
    for (const ValueId input : node.inputs) {
      Blocked* one = input == kNothing ? nullptr : blocked(input);
      if (one == nullptr) return;
      inputs.push_back(one);
    }
    const TensorInfo& first = info(node.inputs[0]);
    bool same = true;
    for (std::size_t n = 1; n < inputs.size(); ++n) {
      const TensorInfo& other = info(node.inputs[n]);
      if (inputs[n]->channels != inputs[0]->channels) return;
      same = same && first.known && other.known && first.dims == other.dims;
    }
    if (!same) {
      if (add && are_images(node)) add_by_blocks(id, inputs);
      return;
    }
    for (Blocked* one : inputs) --one->uses_left;
    if (add && inputs.size() == 2 && add_into_convolution(id, inputs)) return;
    const std::int64_t channels = inputs[0]->channels;
    for (std::size_t n = 0; n < inputs.size(); ++n) graph_.set_input(id, n, inputs[n]->value);
    create(id, 0, node.outputs[0], channels);
  }

  /// By a constant per channel: a depthwise convolution of one tap.
  void multiplication(NodeId id) {
    const Node node = graph_.node(id);
    if (node.inputs.size() != 2) return;
    for (std::size_t n = 0; n < 2 && version_ >= since::kBlockedScale; ++n) {
      Blocked* input = blocked(node.inputs[n]);
      if (input == nullptr || !graph_.constant(node.inputs[1 - n])) continue;
      Dims shape = info(node.inputs[1 - n]).dims;
      if (shape.size() == 3) shape.insert(shape.begin(), 1);
      if (shape != Dims{1, input->channels, 1, 1}) return;
      const std::int64_t all = padded(input->channels);
      TensorInfo weights;
      weights.dims = {all, 1, 1, 1};
      const ValueId scale = graph_.add_constant("mul_scale", std::move(weights));
      --input->uses_left;
      const NodeId made = replace(id, "Conv", {input->value, scale}, input->channels);
      graph_.node(made).attributes.clear();
      graph_.node(made).set_int("group", all);
      return;
    }
    if (!hard_swish(id)) binary(id, false);
  }

  void concat(NodeId id) {
    const Node node = graph_.node(id);
    if (node.integer("axis", 0) != 1) return;
    std::int64_t channels = 0;
    std::vector<Blocked*> inputs;
    for (const ValueId input : node.inputs) {
      Blocked* one = blocked(input);
      if (one == nullptr || one->channels % block_ != 0) return;
      inputs.push_back(one);
      channels += one->channels;
    }
    for (std::size_t n = 0; n < inputs.size(); ++n) {
      --inputs[n]->uses_left;
      graph_.set_input(id, n, inputs[n]->value);
    }
    create(id, 0, node.outputs[0], channels);
  }

  /// x * hard sigmoid(x) of a convolution's x is the convolution's own activation.
  bool hard_swish(NodeId id) {
    if (version_ < since::kConvolutionHardSwish) return false;
    const Node node = graph_.node(id);
    for (std::size_t n = 0; n < 2; ++n) {
      const Blocked *x = blocked(node.inputs[n]), *gate = blocked(node.inputs[1 - n]);
      if (x == nullptr || gate == nullptr || x->uses != 2 || gate->uses != 1) continue;
      Node& maker = graph_.node(x->maker);
      const Node& sigmoid = graph_.node(gate->maker);
      if (!sigmoid.is("HardSigmoid") || sigmoid.inputs[0] != x->value || !maker.is("Conv", kNchwc)) continue;
      if (std::abs(sigmoid.real("alpha", 0.2F) - 1.0F / 6.0F) > 1e-3F || sigmoid.real("beta", 0.5F) != 0.5F) continue;
      if (maker.attribute("activation") != nullptr || graph_.value(node.outputs[0]).output) continue;
      maker.set_text("activation", "HardSwish");
      const ValueId plain = node.outputs[0];
      const std::size_t uses = graph_.uses(plain);
      const Blocked from = *x;
      blocked_[node.inputs[n]].uses_left = 0;
      blocked_[node.inputs[1 - n]].uses_left = 0;
      graph_.remove(gate->maker);
      graph_.remove(id);
      blocked_[plain] = {from.maker, from.value, uses, uses, from.channels};
      ++changes_;
      return true;
    }
    return false;
  }

  /// `fused`: a convolution may compute it along with itself.
  void activation(NodeId id, bool fused) {
    const Node node = graph_.node(id);
    Blocked* input = blocked(node.inputs[0]);
    if (input == nullptr) return;
    --input->uses_left;
    const Blocked from = *input;
    Node& maker = graph_.node(from.maker);
    if (fused && maker.is("Conv", kNchwc) && from.uses == 1 && maker.attribute("activation") == nullptr) {
      maker.set_text("activation", node.op);
      const ValueId plain = node.outputs[0];
      const std::size_t uses = graph_.uses(plain);
      graph_.remove(id);
      blocked_[plain] = {from.maker, from.value, uses, uses, from.channels};
      ++changes_;
      return;
    }
    graph_.set_input(id, 0, from.value);
    create(id, 0, node.outputs[0], from.channels);
  }

  /// A depthwise convolution of one tap.
  void normalisation(NodeId id) {
    if (graph_.opset() >= 15 && version_ < since::kLateBatchNorm) return;
    const Node node = graph_.node(id);
    Blocked* input = blocked(node.inputs[0]);
    if (input == nullptr || node.inputs.size() < 5 || node.attribute("epsilon") == nullptr) return;
    for (std::size_t i = 1; i < 5; ++i) {
      if (!graph_.constant(node.inputs[i])) return;
    }
    const std::int64_t channels = input->channels, all = padded(channels);
    TensorInfo weights;
    weights.dims = {all, 1, 1, 1};
    TensorInfo shift;
    shift.dims = {all};
    const ValueId scale = graph_.add_constant("bn_scale", std::move(weights));
    const ValueId offset = graph_.add_constant("bn_B", std::move(shift));
    --input->uses_left;
    const ValueId from = input->value;
    const NodeId made = replace(id, "Conv", {from, scale, offset}, channels);
    graph_.node(made).attributes.clear();
    graph_.node(made).set_int("group", all);
  }

  /// To channels last: that is another way of reordering.
  void transpose(NodeId id) {
    const Node node = graph_.node(id);
    Blocked* input = blocked(node.inputs[0]);
    const onnx::Attribute* perm = node.attribute("perm");
    if (input == nullptr || perm == nullptr || perm->ints != Dims{0, 2, 3, 1}) return;
    --input->uses_left;
    const Blocked from = *input;
    graph_.remove(id);
    const NodeId made = graph_.add_node("ReorderOutput", kNchwc, "ReorderOutput", {from.value}, {node.outputs[0]});
    graph_.node(made).set_int("channels", from.channels);
    graph_.node(made).set_int("channels_last", 1);
    ++changes_;
  }

  /// Resampling that the blocked operator can do: the nearest value, or linearly.
  [[nodiscard]] bool blocked_resampling(const Node& node) const {
    const std::string_view mode = node.text("mode"), places = node.text("coordinate_transformation_mode");
    const bool newer = graph_.opset() >= 11 && node.op == "Resize";
    if (mode.empty() || mode == "nearest")
      return !newer || (places == "asymmetric" && node.text("nearest_mode") == "floor");
    return mode == "linear" &&
           (!newer || places == "asymmetric" || places == "align_corners" || places == "half_pixel");
  }

  /// Whole factors of the image's axes; nothing where it is anything else.
  [[nodiscard]] std::optional<Dims> factors(const Node& node) const {
    const TensorInfo &in = info(node.inputs[0]), &out = info(node.outputs[0]);
    if (!blocked_resampling(node) || !in.known || !out.known || in.dims.size() != 4 || out.dims.size() != 4)
      return std::nullopt;
    Dims scales;
    for (std::size_t axis = 0; axis < 4; ++axis) {
      if (in.dims[axis] <= 0 || out.dims[axis] < in.dims[axis] || out.dims[axis] % in.dims[axis] != 0)
        return std::nullopt;
      scales.push_back(out.dims[axis] / in.dims[axis]);
    }
    if (scales[0] != 1 || scales[1] != 1) return std::nullopt;
    return scales;
  }

  void resize(NodeId id) {
    if (graph_.opset() >= 18 && version_ < since::kLateResize) return;
    const Node node = graph_.node(id);
    Blocked* input = blocked(node.inputs[0]);
    const auto scales = input == nullptr ? std::nullopt : factors(node);
    if (!scales) return;
    --input->uses_left;
    const ValueId from = input->value;
    const NodeId made = replace(id, "Upsample", {from}, input->channels);
    std::vector<onnx::Attribute> attributes;
    for (const char* name : {"mode", "coordinate_transformation_mode"}) {
      if (const onnx::Attribute* kept = node.attribute(name)) attributes.push_back(*kept);
    }
    graph_.node(made).attributes = std::move(attributes);
    graph_.node(made).set_ints("scales", *scales);
  }

  void reorder_outputs() {
    for (ValueId plain = 0; plain < blocked_.size(); ++plain) {
      const Blocked one = blocked_[plain];
      if (one.maker == kNothing || one.uses_left == 0) continue;
      const NodeId made = graph_.add_node("ReorderOutput", kNchwc, "ReorderOutput", {one.value}, {plain});
      graph_.node(made).set_int("channels", one.channels);
    }
    for (const NodeId id : transposes_) {
      if (graph_.uses(graph_.node(id).outputs[0]) == 0) graph_.remove(id);
    }
  }

  Graph& graph_;
  int version_;
  std::int64_t block_;
  // By the plain value, of those that were there before; kNothing: there is none.
  std::vector<Blocked> blocked_;
  std::vector<ValueId> reordered_, filters_, biases_;
  std::vector<NodeId> transposes_;
  std::size_t changes_ = 0;
};

}  // namespace

std::size_t block_channels(Graph& graph, const EngineTarget& target) {
  return target.block > 1 ? Layout(graph, target).run() : 0;
}

}  // namespace latcast::rules::onnxruntime
