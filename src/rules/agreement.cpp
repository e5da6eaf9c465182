#include "rules/agreement.h"

#include <algorithm>
#include <functional>

#include "graph/describe.h"

namespace latcast::rules {
namespace {

/// What a node is, and what it does to which shapes.
std::string describe(const ir::Graph& graph, const ir::Node& node) {
  std::string text = operator_name(node);
  if (const onnx::Attribute* activation = node.attribute("activation")) text += "+" + activation->s;
  const auto list = [&](ir::Ids ids, bool inputs) {
    while (!ids.empty() && ids.back() == ir::kNothing) ids.resize(ids.size() - 1);  // left out, or not there at all
    for (const ir::ValueId id : ids) {
      text += id == ir::kNothing                    ? " -"
              : (inputs && graph.info(id).constant) ? " c" + shape_text(graph.info(id))
                                                    : " " + shape_text(graph.info(id));
    }
  };
  list(node.inputs, true);
  text += " ->";
  list(node.outputs, false);
  return text;
}

struct Described {
  std::vector<std::string> own, near;  // per node: itself; and what its inputs come from
  std::vector<std::size_t> deep;       // and everything before it
};

void mix(std::size_t& hash, std::size_t value) { hash ^= value + 0x9e3779b97f4a7c15ULL + (hash << 6U) + (hash >> 2U); }

/// Constants that a file keeps as nodes are no part of what is executed.
Described described(const ExecutedGraph& executed) {
  Described out;
  std::map<ir::ValueId, std::size_t> maker;  // tensor -> node
  for (const ir::NodeId id : executed.order) {
    const ir::Node& node = executed.graph.node(id);
    if (node.is("Constant")) continue;
    out.own.push_back(describe(executed.graph, node));
    std::string near = out.own.back();
    std::size_t deep = std::hash<std::string>()(near);
    for (const ir::ValueId input : node.inputs) {
      if (input == ir::kNothing) continue;
      const auto found = maker.find(input);
      near += found == maker.end() ? " | ." : " | " + out.own[found->second];
      mix(deep, found == maker.end() ? 1 : out.deep[found->second]);
    }
    out.near.push_back(std::move(near));
    out.deep.push_back(deep);
    for (const ir::ValueId output : node.outputs) maker[output] = out.own.size() - 1;
  }
  return out;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  return values;
}

}  // namespace

Agreement compare_graphs(const ExecutedGraph& engine, const ExecutedGraph& rules) {
  const Described a = described(engine), b = described(rules);
  Agreement out;
  out.engine_nodes = a.own.size();
  out.rule_nodes = b.own.size();
  out.equal = sorted(a.deep) == sorted(b.deep);
  std::map<std::string, int> left;
  for (const std::string& one : b.near) ++left[one];
  for (const std::string& one : a.near) {
    const auto found = left.find(one);
    const bool match = found != left.end() && found->second > 0;
    if (match) --found->second;
    out.matched.push_back(match);
    out.common += match ? 1 : 0;
  }
  std::map<std::string, int> difference;
  for (const std::string& one : a.own) ++difference[one];
  for (const std::string& one : b.own) --difference[one];
  for (const auto& [what, count] : difference) {
    if (count > 0) out.missing[what] = count;
    if (count < 0) out.surplus[what] = -count;
  }
  return out;
}

}  // namespace latcast::rules
