// How operators behave when what they read is transposed.
#pragma once

#include <cstdint>

#include "rules/rule.h"

namespace latcast::rules::onnxruntime {

/// What becomes of a transpose before an operator.
enum class Kind : std::uint8_t {
  none,
  every,      // all inputs alike
  first,      // the first input alone
  broadcast,  // inputs of several ranks
  axis,       // with an axis: all inputs
  split,
  softmax,
  pad,
  reduce,
  arg,
  squeeze,
  unsqueeze,
  slice,
  gather,
  tile,
  transpose,
  reshape,
  resize,
};

[[nodiscard]] Kind kind_of(const Node& node);

/// Whether a transposed input gives a transposed output.
[[nodiscard]] inline bool passes_on(Kind kind) {
  return kind != Kind::none && kind != Kind::transpose && kind != Kind::reshape;
}

}  // namespace latcast::rules::onnxruntime
