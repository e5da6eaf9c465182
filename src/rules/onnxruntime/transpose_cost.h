// Whether pushing a transpose through an operator makes less work: where the number of axes that are moved falls. The
// heuristics are the optimizer's own.
#pragma once

#include <vector>

#include "rules/onnxruntime/transpose_pass.h"

namespace latcast::rules::onnxruntime {

class TransposeCost {
 public:
  /// `order`: the graph's nodes, as they are before the run.
  TransposeCost(const TransposePass& pass, const std::vector<NodeId>& order);

  [[nodiscard]] bool worth_it(const Node& node, const Axes& perm, const Places& inputs) const;

 private:
  [[nodiscard]] bool leads(ValueId id) const { return id < leading_.size() && leading_[id]; }
  [[nodiscard]] int rank(ValueId id) const;
  [[nodiscard]] bool may_vanish(const Node& transpose) const;
  [[nodiscard]] int input_cost(ValueId input, const Axes& perm) const;

  const TransposePass& pass_;
  /// By value, of those that were there at the start: a way through such operators leads from it to a transpose.
  std::vector<bool> leading_;
};

}  // namespace latcast::rules::onnxruntime
