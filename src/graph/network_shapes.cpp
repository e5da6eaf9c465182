// A network under other shapes of its inputs: what depends on them is deduced anew.
#include <algorithm>
#include <string>

#include "graph/describe.h"
#include "graph/link.h"
#include "graph/network_access.h"

namespace latcast {
namespace {

/// The first dimension of a tensor that has changed, and how. None has: before and after are the same.
struct Changed {
  std::size_t axis = 0;
  std::int64_t before = 1, after = 1;
  [[nodiscard]] bool any() const { return before != after; }
};

std::int64_t product_before(const Dims& dims, std::size_t axis) { return shapes::product(std::span(dims).first(axis)); }

class Reshaping {
 public:
  explicit Reshaping(const ir::Graph& before)
      : before_(before), after_(before), changed_(before.values(), false), outside_(before.values(), 1) {}

  void set_input(ir::ValueId id, std::span<const std::int64_t> dims) {
    after_.value(id).info.dims.assign(dims.begin(), dims.end());
    after_.value(id).info.known = true;
    changed_[id] = differs(id);
  }
  /// Constants follow the batch.
  void follow(std::int64_t before, std::int64_t after) { batch_ = Changed{0, before, after}; }
  Result<ir::Graph> run();

 private:
  [[nodiscard]] bool differs(ir::ValueId id) const;
  [[nodiscard]] bool reads_changed(const ir::Node& node) const;
  /// The operator's rule gave its outputs their shapes before.
  [[nodiscard]] bool fitted(ir::NodeId id) const;
  [[nodiscard]] Changed change_of(ir::ValueId id) const;
  /// How many pieces of it lie before the batch, in row-major order: 1 where samples come first.
  [[nodiscard]] std::int64_t pieces(ir::ValueId id) const;
  [[nodiscard]] std::optional<std::size_t> batch_axis(const Dims& target, std::int64_t pieces) const;
  void follow(ir::NodeId id);
  void follow_target(ir::NodeId id);
  void follow_sizes(ir::NodeId id, std::size_t index);
  void follow_parts(ir::NodeId id);
  void follow_states(ir::NodeId id);
  /// A constant input as large as the change asks for, where it is as large as before.
  void resize(ir::NodeId id, std::size_t index, const Changed& change);
  void note_pieces(ir::NodeId id);
  [[nodiscard]] std::vector<double> given(ir::ValueId list) const;
  void replace(ir::NodeId id, std::size_t index, ir::ValueId constant);
  void replace_list(ir::NodeId id, std::size_t index, const std::vector<double>& values);
  [[nodiscard]] Result<void> check_samples(ir::NodeId id) const;

  const ir::Graph& before_;
  ir::Graph after_;
  std::vector<bool> changed_;          // by value of the graph before
  Changed batch_;                      // none: constants do not follow
  std::vector<std::int64_t> outside_;  // by value: what lies outside the batch in the dimension that has changed
  bool followed_ = false;
};

bool Reshaping::differs(ir::ValueId id) const {
  const TensorInfo &before = before_.info(id), &after = after_.info(id);
  return before.known != after.known || !(before.dims == after.dims) || before.values != after.values;
}

bool Reshaping::reads_changed(const ir::Node& node) const {
  return std::ranges::any_of(node.inputs, [&](ir::ValueId id) { return id < changed_.size() && changed_[id]; });
}

bool Reshaping::fitted(ir::NodeId id) const {
  const ir::Node& node = before_.node(id);
  const auto outputs =
      infer_outputs(node, before_.opset(node.domain), infos_of(before_, node.inputs), node.outputs.size(), nullptr);
  return !outputs.empty() && outputs.front().known;
}

Changed Reshaping::change_of(ir::ValueId id) const {
  if (id == ir::kNothing) return {};
  const Dims &before = before_.info(id).dims, &after = after_.info(id).dims;
  if (!before_.info(id).known || !after_.info(id).known || before.size() != after.size()) return {};
  for (std::size_t axis = 0; axis < before.size(); ++axis) {
    if (before[axis] != after[axis] && before[axis] > 0) return {axis, before[axis], after[axis]};
  }
  return {};
}

void Reshaping::replace(ir::NodeId id, std::size_t index, ir::ValueId constant) {
  after_.set_input(id, index, constant);
  followed_ = true;
}

void Reshaping::replace_list(ir::NodeId id, std::size_t index, const std::vector<double>& values) {
  Dims dims;
  for (const double value : values) dims.push_back(shapes::bounded(value));
  replace(id, index, after_.add_ints("constant", dims));
}

std::int64_t Reshaping::pieces(ir::ValueId id) const {
  return product_before(before_.info(id).dims, change_of(id).axis) * outside_[id];
}

/// Where the batch is in what a Reshape gives: in row-major order there is as much before it as in what it reads.
/// Where that leaves a choice, it is a dimension of its own, or goes with the heads behind it, but never with all that
/// is left: then samples are rows.
std::optional<std::size_t> Reshaping::batch_axis(const Dims& target, std::int64_t pieces) const {
  std::optional<std::size_t> found;
  std::int64_t before = 1;
  if (pieces <= 0) return found;
  for (std::size_t axis = 0; axis < target.size() && before > 0 && pieces % before == 0; before *= target[axis++]) {
    const std::int64_t outside = pieces / before;
    if (target[axis] % outside != 0 || target[axis] / outside % batch_.before != 0) continue;
    if (outside == 1 && target[axis] == batch_.before) return axis;
    if (!found || axis + 1 < target.size()) found = axis;
  }
  return found;
}

/// A list's values, where they are the same as before; else none.
std::vector<double> Reshaping::given(ir::ValueId list) const {
  if (list == ir::kNothing) return {};
  const auto& values = after_.info(list).values;
  return values && values == before_.info(list).values ? *values : std::vector<double>();
}

void Reshaping::follow_target(ir::NodeId id) {
  const ir::Node& node = after_.node(id);
  const ir::ValueId data = node.input(0), list = node.input(1);
  std::vector<double> values = given(list);
  if (values.empty() || !change_of(data).any() || !before_.info(node.outputs[0]).known) return;
  const Dims& target = before_.info(node.outputs[0]).dims;
  const auto axis = batch_axis(target, pieces(data));
  if (!axis || values.size() != target.size() || values[*axis] < 0) return;
  const std::int64_t samples = target[*axis] / batch_.before * batch_.after;
  values[*axis] = static_cast<double>(samples);
  replace_list(id, 1, values);
}

/// Of the axes of what it reads, or of more before them.
void Reshaping::follow_sizes(ir::NodeId id, std::size_t index) {
  const ir::ValueId data = after_.node(id).input(0), list = after_.node(id).input(index);
  const Changed change = change_of(data);
  std::vector<double> values = given(list);
  if (!change.any() || values.size() < before_.info(data).dims.size()) return;
  double& dim = values[values.size() - before_.info(data).dims.size() + change.axis];
  if (dim != static_cast<double>(change.before)) return;
  dim = static_cast<double>(change.after);
  replace_list(id, index, values);
}

/// Constants beside samples: as many of them.
void Reshaping::follow_parts(ir::NodeId id) {
  const ir::Ids inputs = after_.node(id).inputs;
  Changed change;
  for (std::size_t i = 0; i < inputs.size() && !change.any(); ++i) change = change_of(inputs[i]);
  for (std::size_t i = 0; i < inputs.size() && change.any(); ++i) {
    if (inputs[i] == ir::kNothing) continue;
    const auto joined = shapes::normal_axis(after_.node(id).integer("axis", 1), after_.info(inputs[i]).dims.size());
    if (joined != change.axis) resize(id, i, change);
  }
}

/// What a recurrent network begins with, of every sample.
void Reshaping::follow_states(ir::NodeId id) {
  const ir::Node& node = after_.node(id);
  const Changed change = change_of(node.input(0));
  if (!change.any() || change.axis != (node.integer("layout", 0) == 0 ? 1U : 0U)) return;
  for (const std::size_t i : {5U, 6U}) resize(id, i, change);
}

void Reshaping::resize(ir::NodeId id, std::size_t index, const Changed& change) {
  const ir::ValueId input = after_.node(id).input(index);
  if (input == ir::kNothing || !after_.info(input).constant) return;
  Dims dims = after_.info(input).dims;
  if (dims.size() <= change.axis || dims[change.axis] != change.before) return;
  dims[change.axis] = change.after;
  replace(id, index, after_.add_constant("constant", {.type = after_.info(input).type, .dims = std::move(dims)}));
}

void Reshaping::follow(ir::NodeId id) {
  const ir::Node& node = after_.node(id);
  if (node.is("Reshape")) follow_target(id);
  if (node.is("Expand")) follow_sizes(id, 1);
  if (node.is("Resize") && node.attribute("axes") == nullptr) follow_sizes(id, 3);
  if (node.is("Concat")) follow_parts(id);
  if (node.is("LSTM") || node.is("GRU") || node.is("RNN")) follow_states(id);
}

/// What the outputs have before the batch: a Reshape leaves it as it is, others leave it in its dimension.
void Reshaping::note_pieces(ir::NodeId id) {
  const ir::Node& node = after_.node(id);
  ir::ValueId read = ir::kNothing;
  for (const ir::ValueId input : node.inputs) {
    if (read == ir::kNothing && input < changed_.size() && change_of(input).any()) read = input;
  }
  for (const ir::ValueId output : node.outputs) {
    if (output == ir::kNothing || read == ir::kNothing || !change_of(output).any()) continue;
    const std::int64_t before = product_before(before_.info(output).dims, change_of(output).axis);
    if (node.is("Reshape") && before > 0 && pieces(read) % before == 0) outside_[output] = pieces(read) / before;
    if (!node.is("Reshape") && change_of(output).before == change_of(read).before) outside_[output] = outside_[read];
  }
}

/// As many elements as before for every sample: else what followed meant something else.
Result<void> Reshaping::check_samples(ir::NodeId id) const {
  for (const ir::ValueId output : after_.node(id).outputs) {
    if (output == ir::kNothing || !before_.info(output).known || !after_.info(output).known) continue;
    const double before = before_.info(output).elements(), after = after_.info(output).elements();
    const bool scaled = after * static_cast<double>(batch_.before) == before * static_cast<double>(batch_.after);
    if (!scaled && after != before)
      return fail(Errc::invalid_input, place_of(after_, id) + " mixes samples: it would give " +
                                           shape_text(after_.info(output)) + " in place of " +
                                           shape_text(before_.info(output)) +
                                           ", so constants with the old batch cannot follow the new one");
  }
  return {};
}

Result<ir::Graph> Reshaping::run() {
  for (ir::NodeId id = 0; id < before_.nodes(); ++id) {
    if (after_.node(id).removed || !reads_changed(after_.node(id))) continue;
    if (batch_.any()) follow(id);
    if (!infer_node(after_, id, nullptr)) {
      const ir::Node& node = after_.node(id);
      const auto what = misfit(node, infos_of(after_, node.inputs));
      if (what && fitted(id)) return fail(Errc::invalid_input, place_of(after_, id) + " " + *what);
    }
    for (const ir::ValueId output : after_.node(id).outputs) {
      if (output != ir::kNothing) changed_[output] = differs(output);
    }
    if (batch_.any()) note_pieces(id);
    if (!followed_) continue;
    if (auto checked = check_samples(id); !checked) return tl::unexpected(checked.error());
  }
  return std::move(after_);
}

}  // namespace

std::optional<std::string> dims_error(std::span<const std::int64_t> dims, std::string_view what) {
  const bool good = shapes::acceptable(dims) && std::ranges::all_of(dims, [](std::int64_t dim) { return dim >= 1; });
  if (good) return std::nullopt;
  return std::string(what) + " of no possible shape: dimensions are at least 1, and at most 2^31";
}

Result<Network> Network::with_inputs(std::span<const InputShape> shapes) const {
  if (error_) return tl::unexpected(*error_);
  const ir::Graph& graph = content_->graph;
  Reshaping reshaping(graph);
  for (const InputShape& one : shapes) {
    if (!has(graph, one.input) || !graph.value(one.input.id).input)
      return fail(Errc::invalid_input, place_of(graph, one.input) + " is no input of the network");
    if (const auto wrong = dims_error(one.dims, place_of(graph, one.input))) return fail(Errc::invalid_input, *wrong);
    reshaping.set_input(one.input.id, one.dims);
  }
  auto reshaped = reshaping.run();
  if (!reshaped) return tl::unexpected(reshaped.error());
  return NetworkAccess::make(std::move(*reshaped));
}

Result<Network> Network::with_inputs(std::initializer_list<InputShape> shapes) const {
  return with_inputs(std::span(shapes.begin(), shapes.size()));
}

Result<ir::Graph> with_batch(const ir::Graph& graph, std::int64_t batch) {
  if (const auto wrong = dims_error({&batch, 1}, "a batch")) return fail(Errc::invalid_input, *wrong);
  Reshaping reshaping(graph);
  std::optional<ir::ValueId> first;
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    Dims dims = graph.info(id).dims;
    if (!graph.value(id).input || dims.empty()) continue;
    if (!first) first = id;
    if (dims[0] != graph.info(*first).dims[0])
      return fail(Errc::invalid_input, "inputs differ in their first dimension, so it is not the batch of both: " +
                                           place_of(graph, Tensor{*first}) + " and " + place_of(graph, Tensor{id}));
    dims[0] = batch;
    reshaping.set_input(id, dims);
  }
  if (!first || graph.info(*first).dims[0] < 1)
    return fail(Errc::invalid_input, "no input has a first dimension that could be the batch");
  reshaping.follow(graph.info(*first).dims[0], batch);
  return reshaping.run();
}

Result<Network> Network::with_batch(std::int64_t batch) const {
  if (error_) return tl::unexpected(*error_);
  auto reshaped = latcast::with_batch(content_->graph, batch);
  if (!reshaped) return tl::unexpected(reshaped.error());
  return NetworkAccess::make(std::move(*reshaped));
}

}  // namespace latcast
