// The graph that an engine would execute, deduced from the file's graph without the engine.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "graph/executed_graph.h"
#include "graph/onnx_model.h"
#include "latcast/result.h"
#include "rules/rule.h"

namespace latcast::rules {

/// The newest version that the rules were checked against; empty where there are none. Newer ones get its rules.
[[nodiscard]] std::string_view newest_known(std::string_view engine);

/// Rewrites a network into what the engine, which must be known, would execute. `applied` (may be null) counts rules.
/// Nodes have the inputs that their operators must have.
void deduce(Graph& graph, std::string_view engine, const EngineTarget& target, std::map<std::string, int>* applied);

/// The same of a file. Errc::unsupported: no rules for the engine. The bindings are those of link().
[[nodiscard]] Result<ExecutedGraph> executed_graph(const onnx::Model& model, const DimBindings& bindings,
                                                   std::string_view engine, const EngineTarget& target,
                                                   const Catalogue* catalogue = nullptr,
                                                   std::map<std::string, int>* applied = nullptr);

/// From an engine's version ("1.30.0"), its CPU's features ("avx2 avx512f") and its level of optimization ("none",
/// "basic", "extended", "all"). Errc::unsupported: no rules for the engine, no such version or level, or a version or a
/// CPU that the rules do not hold for.
[[nodiscard]] Result<EngineTarget> engine_target(std::string_view engine, std::string_view version,
                                                 std::string_view cpu_features, std::string_view level = "all");

}  // namespace latcast::rules
