// Which of the file's nodes each executed node stands for.
//
// Engines fuse, rename and insert nodes, and say nothing about it; what stays are tensor names, node names with
// suffixes, and the flow of data.
#pragma once

#include <span>
#include <string_view>

#include "graph/executed_graph.h"
#include "graph/onnx_model.h"

namespace latcast {

/// Fills in ExecutedGraph::stands_for by nodes of `original`. Each of these is in at most one list; in none are those
/// that the engine computed beforehand (constants, shapes). Inserted nodes have empty lists. `reorders`: operators of
/// the engine's own that it inserts to change how a tensor lies.
void trace_nodes(ExecutedGraph& executed, const onnx::Graph& original, std::span<const std::string_view> reorders);

}  // namespace latcast
