#include "rules/agreement.h"

#include <algorithm>
#include <functional>

#include "graph/describe.h"

namespace latcast::rules {
namespace {

using Tensors = std::map<std::string, TensorInfo>;

/// What a node is, and what it does to which shapes.
std::string describe(const onnx::Node& node, const Tensors& tensors) {
  std::string text = operator_name(node);
  if (const onnx::Attribute* activation = node.attribute("activation")) text += "+" + activation->s;
  const auto list = [&](std::vector<std::string> names, bool inputs) {
    while (!names.empty() && names.back().empty()) names.pop_back();  // left out, or not there at all
    for (const std::string& name : names) {
      const auto found = name.empty() ? tensors.end() : tensors.find(name);
      if (found == tensors.end()) {
        text += " -";
        continue;
      }
      text += (inputs && found->second.constant ? " c" : " ") + shape_text(found->second);
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

Described described(const onnx::Model& model, const Tensors& tensors) {
  Described out;
  std::map<std::string, std::size_t> maker;  // tensor -> node
  for (std::size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const onnx::Node& node = model.graph.nodes[i];
    out.own.push_back(describe(node, tensors));
    std::string near = out.own.back();
    std::size_t deep = std::hash<std::string>()(near);
    for (const std::string& input : node.inputs) {
      if (input.empty()) continue;
      const auto found = maker.find(input);
      near += found == maker.end() ? " | ." : " | " + out.own[found->second];
      mix(deep, found == maker.end() ? 1 : out.deep[found->second]);
    }
    out.near.push_back(std::move(near));
    out.deep.push_back(deep);
    for (const std::string& output : node.outputs) {
      if (!output.empty()) maker[output] = i;
    }
  }
  return out;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  return values;
}

/// Constants that a file keeps as nodes are no part of what is executed.
onnx::Model without_constants(onnx::Model model) {
  std::erase_if(model.graph.nodes, [](const onnx::Node& node) { return node.op == "Constant" && node.domain.empty(); });
  return model;
}

}  // namespace

Result<Agreement> compare_graphs(const onnx::Model& engine, const onnx::Model& rules, const DimBindings& bindings,
                                 const Catalogue* catalogue) {
  const auto engine_tensors = infer_shapes(engine, bindings, catalogue);
  if (!engine_tensors) return fail_in("the engine's graph", engine_tensors.error());
  const auto rule_tensors = infer_shapes(rules, bindings, catalogue);
  if (!rule_tensors) return fail_in("the rules' graph", rule_tensors.error());
  const Described a = described(without_constants(engine), *engine_tensors);
  const Described b = described(without_constants(rules), *rule_tensors);
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
