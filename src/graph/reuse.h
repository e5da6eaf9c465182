// How cold a node's inputs are: the bytes that a run touches between the last touch of a tensor and this one.
//
// A tensor produced by the node before is in the nearest cache; a skip connection's other side was written long ago;
// weights and graph inputs were last touched in the run before. The same operator on the same shapes takes several
// times as long on a cold input, so the distance is a parameter like any other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/network.h"

namespace latcast {

/// Per node, per input: bytes touched since; 0 for absent inputs and unknown shapes. Runs repeat, so distances of
/// weights and graph inputs go around. Nodes that only look at a tensor under another shape (Reshape ...) touch
/// nothing.
[[nodiscard]] std::vector<std::vector<double>> reuse_distances(const onnx::Graph& graph,
                                                               const std::map<std::string, TensorInfo>& tensors);

}  // namespace latcast
