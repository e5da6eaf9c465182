// Reading an executed node: what the catalogue's NodeReads say, as numbers.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "graph/module_network.h"
#include "graph/reuse.h"

namespace latcast {

/// Fields of a view that are computed together, in the order of their table.
using ViewFields = std::array<double, 8>;

namespace views {
struct Row;
}

/// One node with what is known of its tensors; null where an optional one is left out. Refers to all of it.
struct NodeView {
  const onnx::Operation* node = nullptr;
  std::int64_t opset = 1;  // of the operator's own domain
  std::vector<const TensorInfo*> inputs;
  std::vector<const TensorInfo*> outputs;
  bool at_boundary = false;      // reads an input of the network or writes one of its outputs
  std::span<const Reuse> reuse;  // per input (graph/reuse.h); empty: not known
  /// The group of views that was computed last, and its fields; null: none of this node.
  mutable Result<ViewFields> (*computed)(const NodeView&) = nullptr;
  mutable ViewFields fields = {};

  [[nodiscard]] bool has_input(std::size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
};

/// The number, or why there is none, for people: "attr.axis is absent on Softmax 'n12'". `view`: of a read that is one,
/// where it was looked up before.
[[nodiscard]] Result<double> read_node(const NodeView& node, const NodeRead& read, const views::Row* view = nullptr);

}  // namespace latcast
