#include "graph/catalogue_shapes.h"

#include <algorithm>

#include "graph/node_reads.h"

namespace latcast {
namespace {

std::vector<double> read_all(const ModuleType& type, const NodeView& view) {
  std::vector<double> slots;
  for (const NodeRead& read : type.reads) {
    const auto value = read_node(view, read);
    // Reads of outputs cannot be answered yet; the shape's programs do not use them.
    slots.push_back(value ? *value : 0.0);
  }
  return slots;
}

bool give_shapes(const ModuleType& type, std::span<const double> slots, shapes::NodeShapes& n) {
  for (std::size_t i = 0; i < type.output_shapes.size(); ++i) {
    shapes::Dims dims;
    for (const Program& program : type.output_shapes[i]) dims.push_back(shapes::bounded(evaluate(program, slots)));
    if (std::ranges::any_of(dims, [](std::int64_t dim) { return dim <= 0; })) return false;
    if (!n.give(i, std::move(dims), n.type())) return false;
  }
  return type.output_shapes.size() >= n.outputs().size();
}

}  // namespace

bool catalogue_shapes(const Catalogue& catalogue, shapes::NodeShapes& n) {
  NodeView view{.node = &n.node(), .opset = n.opset(), .inputs = {}, .outputs = {}, .at_boundary = false, .reuse = {}};
  for (std::size_t i = 0; i < n.input_count(); ++i) view.inputs.push_back(n.has(i) ? &n.input(i) : nullptr);
  for (const std::size_t index : catalogue.covering(n.node().domain, n.node().op)) {
    const ModuleType& type = catalogue.types()[index];
    if (type.output_shapes.empty()) continue;
    if (give_shapes(type, read_all(type, view), n)) return true;
  }
  return false;
}

}  // namespace latcast
