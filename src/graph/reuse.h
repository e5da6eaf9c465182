// How cold a node's inputs are: the bytes that a run touches between the last touch of a tensor and this one.
//
// A tensor produced by the node before is in the nearest cache; a skip connection's other side was written long ago;
// weights and graph inputs were last touched in the run before. The same operator on the same shapes takes several
// times as long on a cold input, so the distance is a parameter like any other.
#pragma once

#include <span>
#include <vector>

#include "graph/ir.h"

namespace latcast {

/// Per node and input: bytes touched since; 0 for absent inputs. Tensors of unknown shape count nothing. Runs repeat,
/// so distances of weights and graph inputs go around. Nodes that only look at a tensor under another shape
/// (Reshape ...) touch nothing.
class ReuseDistances {
 public:
  /// `order`: the nodes in the order of their execution.
  ReuseDistances(const ir::Graph& graph, std::span<const ir::NodeId> order);

  /// Of the node at a place in the order, per input.
  [[nodiscard]] std::span<const double> of(std::size_t place) const {
    return std::span(distances_).subspan(first_[place], first_[place + 1] - first_[place]);
  }

 private:
  std::vector<double> distances_;
  std::vector<std::size_t> first_;  // of each node's inputs, and the end
};

}  // namespace latcast
