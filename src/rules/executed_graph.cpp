#include "rules/executed_graph.h"

#include <charconv>

#include "rules/onnxruntime/stages.h"

namespace latcast::rules {
namespace {

void run(const Stage& stage, EditGraph& graph, const EngineTarget& target, std::map<std::string, int>& applied) {
  for (int round = 0; round < stage.rounds; ++round) {
    std::size_t changes = 0;
    for (const Rule& rule : stage.rules) {
      if (target.version < rule.since || target.version >= rule.before) continue;
      const std::size_t count = rule.apply(graph, target);
      if (count > 0) applied[std::string(rule.name)] += static_cast<int>(count);
      changes += count;
    }
    if (changes == 0) return;
  }
}

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

}  // namespace

bool knows(std::string_view engine) { return engine == "onnxruntime"; }

std::string_view newest_known(std::string_view engine) { return knows(engine) ? "1.30.0" : std::string_view(); }

Result<EngineTarget> engine_target(std::string_view version, std::string_view cpu_features) {
  int major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  const bool dotted = first.ec == std::errc() && first.ptr != end && *first.ptr == '.';
  if (!dotted || std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) {
    return fail(Errc::unsupported, "'" + std::string(version) + "' is no version of an engine");
  }
  const int block = has_word(cpu_features, "avx512f") ? 16 : has_word(cpu_features, "avx") ? 8 : 0;
  return EngineTarget{major * 1000 + minor, block};
}

Result<ExecutedGraph> executed_graph(const onnx::Model& model, const DimBindings& bindings, std::string_view engine,
                                     const EngineTarget& target) {
  if (!knows(engine))
    return fail(Errc::unsupported, "there are no rules for what " + std::string(engine) + " executes");
  auto shapes = infer_shapes(model, bindings, nullptr);
  if (!shapes) return tl::unexpected(shapes.error());
  EditGraph graph(model, std::move(*shapes));
  ExecutedGraph out;
  for (const Stage& stage : onnxruntime::stages()) run(stage, graph, target, out.applied);
  out.model = graph.to_model(model);
  return out;
}

}  // namespace latcast::rules
