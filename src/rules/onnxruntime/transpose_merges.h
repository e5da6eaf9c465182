// A transpose and what follows it become one: another transpose, or a reshape that amounts to one.
#pragma once

#include "rules/onnxruntime/transpose_pass.h"

namespace latcast::rules::onnxruntime {

bool merge_transposes(TransposePass& pass, NodeId first, NodeId second);

bool merge_transpose_and_reshape(TransposePass& pass, NodeId transpose, NodeId reshape);

}  // namespace latcast::rules::onnxruntime
