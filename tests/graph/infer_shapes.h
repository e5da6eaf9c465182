// Shapes by the names of tensors.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "graph/link.h"

namespace latcast::test {

inline Result<std::map<std::string, TensorInfo>> infer_shapes(const onnx::Model& model, const DimBindings& bindings,
                                                              const Catalogue* catalogue) {
  auto graph = link(model, bindings, catalogue, Misfits::unknown);
  if (!graph) return tl::unexpected(graph.error());
  std::map<std::string, TensorInfo> out;
  for (ir::ValueId id = 0; id < graph->values(); ++id) out.emplace(graph->name(id), std::move(graph->value(id).info));
  return out;
}

}  // namespace latcast::test
