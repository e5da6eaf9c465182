// What pushing a transpose does to the inputs and outputs of an operator.
#pragma once

#include <cstddef>

#include "rules/onnxruntime/transpose_pass.h"

namespace latcast::rules::onnxruntime {

void drop_if_unread(TransposePass& pass, NodeId id);

/// The input comes transposed: whatever that takes.
void transpose_input(TransposePass& pass, NodeId id, std::size_t i, const Axes& perm);

/// Whoever reads the outputs gets them transposed from now on.
void transpose_outputs(TransposePass& pass, NodeId id, const Axes& perm);

}  // namespace latcast::rules::onnxruntime
