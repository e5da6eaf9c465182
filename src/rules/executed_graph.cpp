#include "rules/executed_graph.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "graph/dimensions.h"
#include "graph/link.h"
#include "graph/provenance.h"
#include "rules/onnxruntime/stages.h"

namespace latcast::rules {
namespace {

constexpr std::array kEngines = {onnxruntime::kRules};

/// Null: there are none.
const EngineRules* find_rules(std::string_view engine) {
  const auto found = std::ranges::find(kEngines, engine, &EngineRules::engine);
  return found == kEngines.end() ? nullptr : &*found;
}

bool has_needed(const Rule& rule, const Graph& graph) {
  return std::ranges::all_of(rule.needs, [&](std::string_view op) { return op.empty() || graph.may_have(op); });
}

/// Rounds until no rule changes anything. A rule is left out while nothing has changed since it found nothing to do.
void run(const Stage& stage, Graph& graph, const EngineTarget& target, std::map<std::string, int>* applied) {
  constexpr std::size_t kNever = ~std::size_t{0};
  std::vector<std::size_t> idle_since(stage.rules.size(), kNever);  // how many changes there had been then
  std::size_t changes = 0;
  for (int round = 0; round < stage.rounds; ++round) {
    const std::size_t before = changes;
    for (std::size_t i = 0; i < stage.rules.size(); ++i) {
      const Rule& rule = stage.rules[i];
      if (target.version < rule.since || target.version >= rule.before) continue;
      if (idle_since[i] == changes || !has_needed(rule, graph)) continue;
      const std::size_t count = rule.apply(graph, target);
      if (count == 0) idle_since[i] = changes;
      if (count > 0 && applied != nullptr) (*applied)[std::string(rule.name)] += static_cast<int>(count);
      changes += count;
    }
    if (changes == before) return;
  }
}

}  // namespace

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

std::string_view newest_known(std::string_view engine) {
  const EngineRules* rules = find_rules(engine);
  return rules != nullptr ? rules->newest : std::string_view();
}

Result<EngineTarget> engine_target(std::string_view engine, std::string_view version, std::string_view cpu_features,
                                   std::string_view level) {
  const EngineRules* rules = find_rules(engine);
  if (rules == nullptr)
    return fail(Errc::unsupported, "there are no rules for what " + std::string(engine) + " executes");
  constexpr unsigned kMost = 999;  // of each part
  unsigned major = 0, minor = 0;
  const char *begin = version.begin(), *end = version.end();
  const auto first = std::from_chars(begin, end, major);
  const bool dotted = first.ec == std::errc() && first.ptr != end && *first.ptr == '.';
  if (!dotted || std::from_chars(first.ptr + 1, end, minor).ec != std::errc() || major > kMost || minor > kMost) {
    return fail(Errc::unsupported, "'" + std::string(version) + "' is no version of an engine");
  }
  EngineTarget out;
  out.version = static_cast<int>(major * 1000 + minor);
  if (out.version < rules->oldest) {
    return fail(Errc::unsupported, "the rules hold from version " + std::to_string(rules->oldest / 1000) + "." +
                                       std::to_string(rules->oldest % 1000) + " on; this is " + std::string(version));
  }
  static constexpr std::array<std::string_view, 4> kLevels = {"none", "basic", "extended", "all"};
  const auto known = std::ranges::find(kLevels, level);
  if (known == kLevels.end())
    return fail(Errc::unsupported, "'" + std::string(level) + "' is no level of optimization that rules know");
  out.level = static_cast<Level>(known - kLevels.begin());
  out.block = rules->block(cpu_features);
  if (out.block < 0)
    return fail(Errc::unsupported, "the rules do not hold for CPUs with '" + std::string(cpu_features) + "'");
  return out;
}

void deduce(Graph& graph, std::string_view engine, const EngineTarget& target, std::map<std::string, int>* applied) {
  const EngineRules* rules = find_rules(engine);
  if (rules == nullptr) return;
  for (const Stage& stage : rules->stages()) {
    if (target.level >= stage.level) run(stage, graph, target, applied);
  }
}

Result<ExecutedGraph> executed_graph(const onnx::Model& model, const DimBindings& bindings, std::string_view engine,
                                     const EngineTarget& target, const Catalogue* catalogue,
                                     std::map<std::string, int>* applied) {
  const EngineRules* rules = find_rules(engine);
  if (rules == nullptr)
    return fail(Errc::unsupported, "there are no rules for what " + std::string(engine) + " executes");
  if (auto ok = check_arity(model.graph); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_asked(model.graph, bindings); !ok) return tl::unexpected(ok.error());
  auto graph = link(model, bindings, catalogue);
  if (!graph) return tl::unexpected(graph.error());
  if (auto ok = rules->check(model, *graph, target); !ok) return tl::unexpected(ok.error());
  deduce(*graph, engine, target, applied);
  graph->name_all();
  ExecutedGraph out{std::move(*graph), {}, {}};
  out.order = out.graph.order();
  trace_nodes(out, model.graph, rules->reorders);
  return out;
}

}  // namespace latcast::rules
