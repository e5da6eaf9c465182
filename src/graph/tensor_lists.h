// Lists of tensors: what is taken from one has the shape of what was put there.
#pragma once

#include <optional>

#include "graph/ir.h"

namespace latcast {

/// What SequenceAt or ConcatFromSequence gives; nothing: another operator, or it is not known what lies in the list.
[[nodiscard]] std::optional<TensorInfo> taken_from_list(const ir::Graph& graph, const ir::Node& node);

}  // namespace latcast
