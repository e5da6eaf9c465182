#include "graph/dimensions.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "catalogue/expression_compiler.h"
#include "catalogue/expression_parser.h"
#include "graph/shapes/node_shapes.h"

namespace latcast {
namespace {

/// A dimension's name as an expression over others; every name becomes a slot.
class NameParser final : public ExpressionParser {
 public:
  NameParser(std::string_view text, std::vector<std::string>& names) : ExpressionParser(text), names_(names) {}

 private:
  void named(const std::string& name) override {
    const auto found = std::ranges::find(names_, name);
    load(static_cast<std::size_t>(found - names_.begin()));
    if (found == names_.end()) names_.push_back(name);
  }
  [[nodiscard]] std::size_t slot_count() const override { return names_.size(); }

  std::vector<std::string>& names_;
};

struct Computed {
  Program program;                 // empty: the name is only a name
  std::vector<std::string> names;  // that it reads

  [[nodiscard]] std::optional<std::int64_t> value(std::span<const double> slots) const {
    const double out = evaluate(program, slots);
    if (!(out >= 0) || out > static_cast<double>(shapes::kMaxDim)) return std::nullopt;
    return static_cast<std::int64_t>(std::floor(out));
  }
};

Computed computed(const std::string& name) {
  std::string text = name;
  const auto slashes = std::ranges::unique(text, [](char a, char b) { return a == '/' && b == '/'; });
  text.erase(slashes.begin(), slashes.end());
  Computed out;
  if (is_identifier(text)) return out;
  auto program = NameParser(text, out.names).run();
  if (!program || out.names.empty()) return {};
  out.program = std::move(*program);
  return out;
}

std::string place_of(const onnx::ValueInfo& input, std::size_t axis) { return input.name + ":" + std::to_string(axis); }

/// One free dimension of an input.
struct FreeDim {
  std::string name, place;
  std::size_t input, axis;
  Computed from = {};
  std::optional<std::int64_t> value = {};

  [[nodiscard]] std::string text() const {
    std::string of;
    for (const std::string& one : from.names) of += (of.empty() ? ", of " : " and ") + one;
    return name.empty() ? place : "'" + name + "' (" + place + of + ")";
  }
};

std::vector<FreeDim> free_dims(const onnx::Graph& graph) {
  std::vector<FreeDim> out;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const onnx::ValueInfo& input = graph.inputs[i];
    for (std::size_t axis = 0; input.shape && axis < input.shape->size(); ++axis) {
      const onnx::Dim& dim = (*input.shape)[axis];
      if (dim.value < 0) out.push_back({dim.name, place_of(input, axis), i, axis, computed(dim.name)});
    }
  }
  return out;
}

std::string listed(const std::vector<FreeDim>& dims) {
  std::string out;
  for (const FreeDim& one : dims) out += (out.empty() ? "" : ", ") + one.text();
  return out;
}

/// Gives free dimensions their values, by one thing that is known after the other.
class Binding {
 public:
  Binding(const onnx::Graph& graph, const DimBindings& bindings)
      : bindings_(bindings), dims_(free_dims(graph)), values_(bindings.named) {}

  Result<std::vector<FreeDim>> run() {
    for (FreeDim& one : dims_)
      if (const auto found = bindings_.named.find(one.place); found != bindings_.named.end()) set(one, found->second);
    by_name();
    for (FreeDim& one : dims_)
      if (one.axis == 0 && one.from.program.empty()) by_batch(one);
    by_name();
    while (solve()) by_name();
    for (FreeDim& one : dims_)
      if (one.axis == 0) by_batch(one);
    by_name();
    if (!problem_.empty()) return fail(Errc::invalid_input, problem_);
    return std::move(dims_);
  }

 private:
  void by_batch(FreeDim& one) {
    if (!one.value && bindings_.batch) set(one, *bindings_.batch);
  }
  void by_name() {
    for (FreeDim& one : dims_)
      if (const auto found = values_.find(one.name); !one.name.empty() && found != values_.end())
        set(one, found->second);
  }
  void set(FreeDim& one, std::int64_t value) {
    const std::int64_t known = one.name.empty() ? value : values_.try_emplace(one.name, value).first->second;
    if (one.value.value_or(known) != value || known != value) refuse(one, one.value.value_or(known), value);
    one.value = value;
  }
  void refuse(const FreeDim& one, std::int64_t first, std::int64_t second) {
    if (problem_.empty())
      problem_ =
          "the dimension " + one.text() + " cannot be both " + std::to_string(first) + " and " + std::to_string(second);
  }
  /// Dimensions from those that their names read, or the one of these that is missing. False: nothing is left to do.
  bool solve() {
    bool any = false;
    for (FreeDim& one : dims_) {
      const std::vector<std::string>& names = one.from.names;
      std::vector<double> slots;
      std::size_t missing = names.size();
      for (std::size_t i = 0; i < names.size(); ++i) {
        const auto found = values_.find(names[i]);
        slots.push_back(found == values_.end() ? 0.0 : static_cast<double>(found->second));
        if (found == values_.end()) missing = missing == names.size() ? i : names.size() + 1;
      }
      if (names.empty() || missing > names.size() || !problem_.empty()) continue;
      any = (missing == names.size() ? compute(one, slots) : invert(one, std::move(slots), missing)) || any;
    }
    return any;
  }
  bool compute(FreeDim& one, std::span<const double> slots) {
    const auto value = one.from.value(slots);
    if (value && one.value != value) return set(one, *value), true;
    if (!value) problem_ = "the dimension " + one.text() + " cannot be what the others make of it";
    return false;
  }
  bool invert(const FreeDim& one, std::vector<double> slots, std::size_t missing) {
    if (!one.value) return false;
    const double base = evaluate(one.from.program, slots);
    slots[missing] = 1;
    const double slope = evaluate(one.from.program, slots) - base;
    if (slope == 0) return false;  // any value may do
    const double found = (static_cast<double>(*one.value) - base) / slope;
    slots[missing] = found;
    const bool whole = found >= 0 && found <= static_cast<double>(shapes::kMaxDim) && found == std::floor(found);
    if (whole && one.from.value(slots) == one.value)
      return values_.emplace(one.from.names[missing], static_cast<std::int64_t>(found)).second;
    problem_ = "the dimension " + one.text() + " cannot be " + std::to_string(*one.value) + " with the others as given";
    return false;
  }

  const DimBindings& bindings_;
  std::vector<FreeDim> dims_;
  std::map<std::string, std::int64_t> values_;  // by name
  std::string problem_;
};

Result<void> check_values(const DimBindings& bindings) {
  for (const auto& [name, value] : bindings.named)
    if (value < 0 || value > shapes::kMaxDim)
      return fail(Errc::invalid_input, "dimension '" + name + "' cannot be " + std::to_string(value));
  if (bindings.batch && (*bindings.batch < 1 || *bindings.batch > shapes::kMaxDim))
    return fail(Errc::invalid_input, "the batch cannot be " + std::to_string(*bindings.batch));
  return {};
}

/// A place that the file has; -1: free, nothing: it has no such place.
std::optional<std::int64_t> at_place(const onnx::Graph& graph, const std::string& place) {
  for (const onnx::ValueInfo& input : graph.inputs)
    for (std::size_t axis = 0; input.shape && axis < input.shape->size(); ++axis)
      if (place_of(input, axis) == place) return (*input.shape)[axis].value;
  return std::nullopt;
}

}  // namespace

Result<std::vector<TensorInfo>> bind_inputs(const onnx::Graph& graph, const DimBindings& bindings) {
  if (auto checked = check_values(bindings); !checked) return tl::unexpected(checked.error());
  const auto bound = Binding(graph, bindings).run();
  if (!bound) return tl::unexpected(bound.error());
  std::vector<TensorInfo> infos;
  std::string free;
  for (const onnx::ValueInfo& input : graph.inputs) {
    TensorInfo& info = infos.emplace_back(TensorInfo{.type = input.type});
    if (input.is_tensor && !input.shape) free += (free.empty() ? "" : ", ") + input.name + " (its whole shape)";
    for (const onnx::Dim& dim : input.shape.value_or(std::vector<onnx::Dim>())) info.dims.push_back(dim.value);
    info.known = input.is_tensor && input.shape;
  }
  for (const FreeDim& one : *bound) {
    if (!one.value) free += (free.empty() ? "" : ", ") + one.text();
    infos[one.input].dims[one.axis] = one.value.value_or(1);
  }
  for (TensorInfo& info : infos) info.known = info.known && shapes::acceptable(info.dims);
  if (free.empty()) return infos;
  return fail(Errc::invalid_input, "free dimensions of the inputs need a value (--batch N, --dim NAME=V): " + free);
}

Result<void> check_asked(const onnx::Graph& graph, const DimBindings& bindings) {
  const std::vector<FreeDim> free = free_dims(graph);
  std::vector<std::string> names;
  for (const FreeDim& one : free) {
    if (!one.name.empty()) names.push_back(one.name);
    names.push_back(one.place);
    names.insert(names.end(), one.from.names.begin(), one.from.names.end());
  }
  for (const auto& [name, value] : bindings.named) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto fixed = at_place(graph, name);
    if (fixed == value) continue;
    if (fixed)
      return fail(Errc::invalid_input, "the dimension " + name + " is fixed at " + std::to_string(*fixed) +
                                           " in the file, it cannot be " + std::to_string(value));
    std::string problem = "no input has a dimension '";
    problem += name + "': ";
    problem += free.empty() ? "all of them are fixed in the file" : "free are " + listed(free);
    if (const auto near = closest_name(name, names)) problem += "; did you mean '" + *near + "'?";
    return fail(Errc::invalid_input, problem);
  }
  return {};
}

DimBindings bind_all(const onnx::Graph& graph, const DimBindings& asked, std::int64_t length) {
  DimBindings out;
  for (const auto& one : asked.named)
    if (check_asked(graph, {.named = {one}, .batch = {}})) out.named.insert(one);
  const auto key = [](const FreeDim& one) { return one.name.empty() ? one.place : one.name; };
  const auto called_batch = [](const FreeDim& one) { return one.name.find("batch") != std::string::npos; };
  const auto known = [](const FreeDim& one) { return one.value ? 2 : one.from.program.empty() ? 0 : 1; };
  while (const auto bound = Binding(graph, out).run()) {
    for (const FreeDim& one : *bound)
      if (one.value) out.named[key(one)] = *one.value;
    const auto next = std::ranges::min_element(*bound, {}, known);
    if (next == bound->end() || next->value) break;
    const bool batch =
        called_batch(*next) || (next->axis == 0 && (next->name.empty() || std::ranges::none_of(*bound, called_batch)));
    out.named[key(*next)] = batch ? asked.batch.value_or(1) : length;
  }
  return out;
}

std::optional<std::int64_t> other_batch(const onnx::Graph& graph, const DimBindings& bindings) {
  if (!bindings.batch) return std::nullopt;
  std::optional<std::int64_t> first;
  for (const onnx::ValueInfo& input : graph.inputs) {
    if (!input.shape || input.shape->empty()) continue;
    if (input.shape->front().value < 0) return std::nullopt;
    if (!first) first = input.shape->front().value;
  }
  const std::int64_t file = first.value_or(1);  // no input has an axis: nothing can be rebound, which is said there
  return file == bindings.batch ? std::nullopt : std::optional(file);
}

}  // namespace latcast
