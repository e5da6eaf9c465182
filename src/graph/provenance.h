// Which of the file's nodes each executed node stands for.
//
// Engines fuse, rename and insert nodes, and say nothing about it; what stays are tensor names, node names with
// suffixes, and the flow of data.
#pragma once

#include <string>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast {

/// For every node of `executed`, indices of nodes of `original`, ascending. Each original node is in at most one list;
/// in none are those that the engine computed beforehand (constants, shapes). Inserted nodes have empty lists.
[[nodiscard]] std::vector<std::vector<std::size_t>> trace_nodes(const onnx::Graph& executed,
                                                                const onnx::Graph& original);

}  // namespace latcast
