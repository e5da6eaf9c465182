// One run over a graph that pushes transposes down, and what it may look through.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "rules/onnxruntime/permutation.h"
#include "rules/onnxruntime/transpose_kinds.h"
#include "rules/onnxruntime/versions.h"

namespace latcast::rules::onnxruntime {

/// Of inputs.
using Places = InlineVector<std::uint32_t, 4>;

struct TransposePass {
  Graph& graph;
  int version = 0;        // EngineTarget::version
  bool assigned = false;  // operators have their provider: the second run

  [[nodiscard]] const TensorInfo& info(ValueId id) const { return graph.info(id); }

  [[nodiscard]] static const Axes* perm_of(const Node& node) {
    const onnx::Attribute* perm = node.attribute("perm");
    return perm != nullptr && !perm->ints.empty() && is_permutation(perm->ints) ? &perm->ints : nullptr;
  }

  /// The transpose that makes a value, if it has a valid order.
  [[nodiscard]] NodeId transpose_of(ValueId id) const {
    const Node* maker = graph.producer(id);
    return maker != nullptr && maker->is("Transpose") && perm_of(*maker) != nullptr ? graph.value(id).producer
                                                                                    : kNothing;
  }

  /// Operators that this run may look through: resampling only when the provider is known.
  [[nodiscard]] Kind kind(const Node& node) const {
    const Kind found = kind_of(node);
    if (found == Kind::gather && version < since::kTransposeAfterGather) return Kind::none;
    if (node.op == "Gelu" && version < since::kTransposeAfterGelu) return Kind::none;
    if (node.op == "Elu" && version < since::kTransposeAfterElu) return Kind::none;
    return found == Kind::resize && !assigned ? Kind::none : found;
  }

  /// Inputs that must be transposed for the outputs to be.
  [[nodiscard]] Places transposable(const Node& node) const {
    Places out;
    const Kind how = kind(node);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNothing) continue;
      const bool scalar = info(node.inputs[i]).known && info(node.inputs[i]).dims.empty();
      const bool all = how == Kind::every || how == Kind::axis || (how == Kind::broadcast && !scalar);
      if (all || (i == 0 && how != Kind::broadcast)) out.push_back(static_cast<std::uint32_t>(i));
    }
    return out;
  }
};

}  // namespace latcast::rules::onnxruntime
