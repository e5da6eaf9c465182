// A network in two: which operators are on which side, and what goes from one to the other.
#include <algorithm>

#include "graph/network_access.h"

namespace latcast {
namespace {

/// Who wants a tensor on the side after the cut.
enum class Want : std::uint8_t { nobody, arithmetic, operators };

/// Known before anything runs: a constant, or an element of a shape. Engines fold what computes such.
bool fixed(const TensorInfo& info) { return info.constant || info.values.has_value(); }

class Sides {
 public:
  Sides(const ir::Graph& graph, std::span<const Tensor> at)
      : graph_(graph),
        before_(graph.nodes(), false),
        after_(graph.nodes(), false),
        at_(graph.values(), false),
        wanted_(graph.values(), Want::nobody) {
    for (const Tensor& tensor : at) at_[tensor.id] = true;
    find_before();
    find_after();
    settle_arithmetic();
  }

  /// Operators that run are on both sides of the cut.
  [[nodiscard]] bool cuts() const { return runs(before_) && runs(after_); }
  [[nodiscard]] bool crosses(ir::ValueId id) const;
  [[nodiscard]] Network before() const;
  [[nodiscard]] Network after() const;

 private:
  void find_before();
  void find_after();
  void settle_arithmetic();
  [[nodiscard]] bool runs(const std::vector<bool>& side) const;
  [[nodiscard]] bool fixed_node(ir::NodeId id) const;
  [[nodiscard]] bool available_after(ir::ValueId id) const;
  [[nodiscard]] bool output_before(ir::ValueId id) const {
    const ir::Value& value = graph_.value(id);
    return value.output && (value.producer == ir::kNothing || before_[value.producer]);
  }
  template <class Flags>
  [[nodiscard]] Network part(const std::vector<bool>& nodes, std::span<const ir::ValueId> folded, Flags flags) const;

  const ir::Graph& graph_;
  std::vector<bool> before_, after_;  // by node
  std::vector<bool> at_;              // by value
  std::vector<Want> wanted_;          // by value
  std::vector<ir::ValueId> folded_;   // constants after the cut: known, but computed from what does not cross
};

bool Sides::fixed_node(ir::NodeId id) const {
  return std::ranges::all_of(graph_.node(id).outputs,
                             [&](ir::ValueId output) { return output == ir::kNothing || fixed(graph_.info(output)); });
}

void Sides::find_before() {
  std::vector<bool> needed = at_;
  for (ir::NodeId id = static_cast<ir::NodeId>(graph_.nodes()); id-- > 0;) {
    const ir::Node& node = graph_.node(id);
    before_[id] = !node.removed && std::ranges::any_of(node.outputs, [&](ir::ValueId output) {
      return output != ir::kNothing && needed[output];
    });
    if (!before_[id]) continue;
    for (const ir::ValueId input : node.inputs) {
      if (input != ir::kNothing) needed[input] = true;
    }
  }
}

void Sides::find_after() {
  for (ir::ValueId id = 0; id < graph_.values(); ++id) {
    if (graph_.value(id).output && !output_before(id)) wanted_[id] = Want::operators;
  }
  for (ir::NodeId id = static_cast<ir::NodeId>(graph_.nodes()); id-- > 0;) {
    const ir::Node& node = graph_.node(id);
    Want want = Want::nobody;
    for (const ir::ValueId output : node.outputs) {
      if (output != ir::kNothing) want = std::max(want, wanted_[output]);
    }
    const bool arithmetic = fixed_node(id);
    if (node.removed || want == Want::nobody || (!arithmetic && (before_[id] || want == Want::arithmetic))) continue;
    after_[id] = true;
    for (const ir::ValueId input : node.inputs) {
      if (input != ir::kNothing)
        wanted_[input] = std::max(wanted_[input], arithmetic ? Want::arithmetic : Want::operators);
    }
  }
}

/// The size of a tensor that is not there after the cut is a constant there; so is what else of a node before is known.
void Sides::settle_arithmetic() {
  for (ir::NodeId id = 0; id < graph_.nodes(); ++id) {
    const ir::Node& node = graph_.node(id);
    if (node.removed) continue;
    const bool there = after_[id] && (!fixed_node(id) || std::ranges::all_of(node.inputs, [&](ir::ValueId input) {
                         return input == ir::kNothing || available_after(input);
                       }));
    after_[id] = there;
    for (const ir::ValueId output : node.outputs) {
      const bool known = output != ir::kNothing && wanted_[output] != Want::nobody && fixed(graph_.info(output));
      if (known && !there) folded_.push_back(output);
    }
  }
}

bool Sides::available_after(ir::ValueId id) const {
  const ir::Value& value = graph_.value(id);
  if (value.constant || fixed(value.info)) return true;
  return value.producer != ir::kNothing && after_[value.producer] ? true : crosses(id);
}

bool Sides::crosses(ir::ValueId id) const {
  const ir::Value& value = graph_.value(id);
  if (wanted_[id] != Want::operators || value.constant || fixed(value.info)) return false;
  return value.producer == ir::kNothing || before_[value.producer];
}

bool Sides::runs(const std::vector<bool>& side) const {
  for (ir::NodeId id = 0; id < side.size(); ++id) {
    if (side[id] && !fixed_node(id)) return true;
  }
  return false;
}

/// `flags(id, value)` says what is input and output of the part.
template <class Flags>
Network Sides::part(const std::vector<bool>& nodes, std::span<const ir::ValueId> folded, Flags flags) const {
  ir::Graph graph = graph_;
  for (const ir::ValueId id : folded) graph.fold(id);
  for (ir::NodeId id = 0; id < graph.nodes(); ++id) {
    if (!nodes[id]) graph.remove(id);
  }
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    ir::Value& value = graph.value(id);
    flags(id, value);
    if (value.readers.empty() && !value.output) value.input = value.constant = false;
  }
  return NetworkAccess::make(std::move(graph));
}

Network Sides::before() const {
  return part(before_, {}, [&](ir::ValueId id, ir::Value& value) {
    const bool made = value.producer != ir::kNothing;
    value.output = (made && (at_[id] || crosses(id))) || output_before(id);
  });
}

Network Sides::after() const {
  return part(after_, folded_, [&](ir::ValueId id, ir::Value& value) {
    value.input = crosses(id);
    value.output = value.output && !output_before(id);
  });
}

}  // namespace

Result<NetworkCut> Network::cut(std::span<const Tensor> at) const {
  if (error_) return tl::unexpected(*error_);
  const ir::Graph& graph = content_->graph;
  for (const Tensor& tensor : at) {
    const auto refused = [&](const std::string& why) {
      return fail(Errc::invalid_input, "cannot cut at " + place_of(graph, tensor) + ": " + why);
    };
    if (!has(graph, tensor)) return refused("the network has no such tensor");
    if (fixed(graph.info(tensor.id))) return refused("it is a constant, which no operator has to run for");
  }
  const Sides sides(graph, at);
  if (!sides.cuts()) return fail(Errc::invalid_input, "all operators are on one side of the cut");
  NetworkCut out{sides.before(), sides.after(), {}};
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    if (sides.crosses(id)) out.crossing.push_back(describe({id}));
  }
  return out;
}

Result<NetworkCut> Network::cut(std::initializer_list<Tensor> at) const {
  return cut(std::span(at.begin(), at.size()));
}

}  // namespace latcast
