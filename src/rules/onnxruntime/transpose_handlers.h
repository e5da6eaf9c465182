// What becomes of an operator that a transpose is pushed through, by kind.
#pragma once

#include "rules/onnxruntime/transpose_pass.h"

namespace latcast::rules::onnxruntime {

/// `transpose` moves axes by `perm` and feeds `id`, whose transposable inputs are `inputs`. False: it stays.
bool push_through(TransposePass& pass, NodeId transpose, NodeId id, const Axes& perm, const Places& inputs);

}  // namespace latcast::rules::onnxruntime
