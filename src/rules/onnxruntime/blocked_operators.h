// Operators that the blocked layout knows: each stays plain where its rule does not hold.
#pragma once

#include "rules/onnxruntime/blocked_layout.h"

namespace latcast::rules::onnxruntime {

void block_convolution(BlockedLayout& layout, NodeId id);
void block_pool(BlockedLayout& layout, NodeId id);
/// A depthwise convolution of one tap.
void block_normalisation(BlockedLayout& layout, NodeId id);
void block_resize(BlockedLayout& layout, NodeId id);

/// `add`: the convolution that makes one operand may add the other.
void block_binary(BlockedLayout& layout, NodeId id, bool add);
/// By a constant per channel: a depthwise convolution of one tap.
void block_multiplication(BlockedLayout& layout, NodeId id);
void block_concat(BlockedLayout& layout, NodeId id);
/// `fused`: a convolution may compute it along with itself.
void block_activation(BlockedLayout& layout, NodeId id, bool fused);

}  // namespace latcast::rules::onnxruntime
