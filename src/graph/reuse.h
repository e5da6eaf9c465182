// How cold a node's inputs are: the bytes that a run touches between the last touch of a tensor and this one, and how
// long that takes.
//
// A tensor produced by the node before is in the nearest cache; a skip connection's other side was written long ago;
// weights and graph inputs were last touched in the run before. The same operator on the same shapes takes several
// times as long on a cold input, so the distance is a parameter like any other.
#pragma once

#include <span>
#include <vector>

#include "graph/ir.h"

namespace latcast {

struct Reuse {
  double bytes = 0;    // different ones that were touched since: what a cache of its own must hold
  double idle_ns = 0;  // nominal time since: what others may push out of a cache that is shared with them
};

/// Per node and input, what was since its last touch; nothing for absent inputs. Tensors of unknown shape count
/// nothing. Runs repeat, so weights and graph inputs were touched in the run before. Activations count as much as are
/// alive at once. Nodes that only look at a tensor under another shape (Reshape ...) touch nothing.
class Reuses {
 public:
  /// `order`: the nodes in the order of their execution.
  Reuses(const ir::Graph& graph, std::span<const ir::NodeId> order);

  /// Of the node at a place in the order, per input.
  [[nodiscard]] std::span<const Reuse> of(std::size_t place) const {
    return std::span(reuses_).subspan(first_[place], first_[place + 1] - first_[place]);
  }

 private:
  std::vector<Reuse> reuses_;
  std::vector<std::size_t> first_;  // of each node's inputs, and the end
};

}  // namespace latcast
