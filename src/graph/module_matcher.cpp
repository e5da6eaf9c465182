#include "graph/module_matcher.h"

#include <algorithm>
#include <cmath>

#include "graph/views/node_views.h"

namespace latcast {

namespace {

constexpr int kElementTypes = 32;

/// What is not known may be any.
std::uint32_t bits_of(const std::vector<std::string>& names) {
  std::uint32_t bits = 1U << static_cast<int>(onnx::DataType::undefined);
  for (int i = 0; i < kElementTypes; ++i)
    if (std::ranges::find(names, to_string(static_cast<onnx::DataType>(i))) != names.end()) bits |= 1U << i;
  return bits;
}

}  // namespace

ModuleMatcher::ModuleMatcher(const Catalogue& catalogue) : catalogue_(&catalogue) {
  views_.reserve(catalogue.types().size());
  for (const ModuleType& type : catalogue.types()) {
    element_types_.push_back(bits_of(type.dtypes));
    std::vector<const views::Row*>& rows = views_.emplace_back();
    rows.reserve(type.reads.size());
    for (const NodeRead& read : type.reads)
      rows.push_back(read.kind == NodeRead::Kind::view ? views::find_view(read.name) : nullptr);
  }
}

/// Only what the program asks for is read.
Result<double> ModuleMatcher::run(const Program& program, const NodeView& view, std::size_t type,
                                  Memory& memory) const {
  for (const Instruction& instruction : program) {
    if (instruction.op != Opcode::load || memory.read[instruction.slot] != 0) continue;
    const NodeRead& read = catalogue_->types()[type].reads[instruction.slot];
    const auto value = read_node(view, read, views_[type][instruction.slot]);
    if (!value) return value;
    memory.values[instruction.slot] = *value;
    memory.read[instruction.slot] = 1;
  }
  const bool only_read = program.size() == 1 && program[0].op == Opcode::load;
  return only_read ? memory.values[program[0].slot] : evaluate(program, memory.values);
}

Result<void> ModuleMatcher::read_parameters(const NodeView& view, std::size_t type, Memory& memory,
                                            std::vector<double>& out) const {
  const auto& parameters = catalogue_->types()[type].parameters;
  out.reserve(parameters.size());
  for (const Parameter& parameter : parameters) {
    const auto value = run(parameter.program, view, type, memory);
    if (!value) return tl::unexpected(value.error());
    if (!std::isfinite(*value)) return fail(Errc::unsupported, "the parameter '" + parameter.name + "' is not finite");
    out.push_back(*value);
  }
  return {};
}

std::optional<onnx::DataType> ModuleMatcher::foreign_type(const NodeView& view, std::size_t type) const {
  for (const auto* tensors : {&view.inputs, &view.outputs}) {
    if (tensors->empty() || tensors->front() == nullptr) continue;
    const auto bit = static_cast<int>(tensors->front()->type);
    if (bit >= kElementTypes || (element_types_[type] >> bit & 1U) == 0) return tensors->front()->type;
  }
  return std::nullopt;
}

void ModuleMatcher::match(const NodeView& view, Module& module, Memory& memory) const {
  const auto covering = catalogue_->covering(view.node->domain, view.node->op);
  std::string error;
  for (const std::size_t index : covering) {
    const ModuleType& type = catalogue_->types()[index];
    if (const auto foreign = foreign_type(view, index)) {
      error = type.name + ": it does not hold for elements of " + std::string(to_string(*foreign));
      continue;
    }
    memory.values.resize(type.reads.size());
    memory.read.assign(type.reads.size(), 0);
    if (!type.when.empty()) {
      const auto holds = run(type.when, view, index, memory);
      if (!holds) error = type.name + ": " + holds.error().context;
      if (!holds || *holds == 0.0) continue;
    }
    if (auto ok = read_parameters(view, index, memory, module.parameters); !ok) {
      module.parameters.clear();
      module.reason = type.name + ": " + ok.error().context;
      return;
    }
    module.match = ModuleMatch::matched;
    module.type = index;
    return;
  }
  module.reason = covering.empty() ? "no module type covers " + module.op
                  : error.empty()  ? "no module type's condition holds for " + module.op
                                   : error;
}

}  // namespace latcast
