#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "core/mapped_file.h"
#include "graph/onnx_fields.h"
#include "graph/onnx_parse.h"
#include "graph/other_files.h"

namespace latcast::onnx {
namespace {

using wire::Failure;

/// Whether the file begins as a ModelProto: the first field is one of its own, with the right wire type.
bool begins_as_model(std::string_view bytes) {
  namespace f = field::model;
  if (bytes.empty()) return false;
  const auto tag = static_cast<std::uint8_t>(bytes[0]);
  const unsigned number = tag >> 3;
  const bool integer = number == f::ir_version || number == f::version;
  const bool text = (number >= f::producer && number <= f::opset && !integer) || number == f::metadata;
  return (integer && (tag & 7) == 0) || (text && (tag & 7) == 2);
}

tl::unexpected<Error> not_onnx(std::string_view bytes) {
  const std::string_view kind = other_kind(bytes);
  return fail(Errc::invalid_input, "not an ONNX file" + (kind.empty() ? "" : ": " + std::string(kind)));
}

tl::unexpected<Error> without_graph(const Model& model) {
  // Their field of our producer's name is a message.
  if (std::ranges::any_of(model.producer, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return fail(Errc::invalid_input,
                "not an ONNX file: perhaps a TensorFlow SavedModel, convert its folder with tf2onnx");
  return fail(Errc::invalid_input, "no graph: the file ends before its graph, or is another kind of protobuf");
}

tl::unexpected<Error> explain(const Failure& failure) {
  const std::string place = " at byte " + std::to_string(failure.offset);
  switch (failure.kind) {
    case Failure::Kind::invalid:
      return fail(Errc::invalid_input, failure.what + " (" + place.substr(1) + ")");
    case Failure::Kind::truncated:
      return fail(Errc::invalid_input, "the file is truncated" + place + ": its last field is longer");
    default:
      return fail(Errc::invalid_input, "damaged: " + failure.what + place);
  }
}

Result<void> check_location(const std::filesystem::path& folder, const std::string& location, std::int64_t end) {
  const std::filesystem::path relative(location);
  const bool escapes = relative.is_absolute() || std::ranges::find(relative, "..") != relative.end();
  if (escapes)
    return fail(Errc::invalid_input, "the external weight file '" + location + "' lies outside the model's folder");
  std::error_code missing;
  const auto size = std::filesystem::file_size(folder / relative, missing);
  if (missing) return fail(Errc::not_found, "the external weight file '" + location + "' is missing");
  if (size >= static_cast<std::uintmax_t>(end)) return {};
  return fail(Errc::invalid_input, "the external weight file '" + location + "' is too short: it has " +
                                       std::to_string(size) + " bytes of " + std::to_string(end) +
                                       "; it was cut off on its way here");
}

std::string label(const Node& node) { return node.op + " '" + node.name + "'"; }

using Names = std::unordered_set<std::string_view>;

/// What the nodes of a graph may read: a graph inside of a node sees what is around it, nobody sees what is inside.
struct Scope {
  Names names = {};
  const Scope* around = nullptr;
  [[nodiscard]] bool contains(std::string_view name) const {
    return names.contains(name) || (around != nullptr && around->contains(name));
  }
};

/// Why no earlier node gives `tensor`: a later one does, or none at all.
Result<void> missing_producer(const Graph& graph, const Node& reader, std::string_view tensor) {
  for (const Node& node : graph.nodes)
    for (const std::string& output : node.outputs)
      if (output == tensor)
        return fail(Errc::invalid_input,
                    "node " + label(reader) + " reads the tensor '" + std::string(tensor) + "' of " + label(node) +
                        ", which comes later: the graph has a cycle or its nodes are out of order");
  return fail(Errc::invalid_input,
              "node " + label(reader) + " reads the tensor '" + std::string(tensor) + "', which nothing produces");
}

Result<void> twice(std::string_view tensor) {
  return fail(Errc::invalid_input, "the tensor '" + std::string(tensor) + "' is produced twice");
}

Result<void> check_outputs(const Graph& graph, const Scope& available) {
  for (const ValueInfo& output : graph.outputs)
    if (!available.contains(output.name))
      return fail(Errc::invalid_input, "the graph's output '" + output.name + "' is produced by no node");
  return {};
}

Result<void> check_nodes(const Graph& graph, Scope& available);

Result<void> check_inner(const Graph& graph, const Scope& around) {
  Scope available{.around = &around};
  for (const Tensor& tensor : graph.initializers) {
    if (around.contains(tensor.name)) return twice(tensor.name);
    available.names.insert(tensor.name);
  }
  for (const ValueInfo& input : graph.inputs) available.names.insert(input.name);
  return check_nodes(graph, available);
}

/// What they read, and what the graph gives.
Result<void> check_nodes(const Graph& graph, Scope& available) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs)
      if (!input.empty() && !available.contains(input)) return missing_producer(graph, node, input);
    for (const Attribute& attribute : node.attributes)
      if (auto checked = attribute.g ? check_inner(*attribute.g, available) : Result<void>(); !checked) return checked;
    for (const std::string& output : node.outputs) {
      const bool outside = available.around != nullptr && available.around->contains(output);
      if (!output.empty() && (outside || !available.names.insert(output).second)) return twice(output);
    }
  }
  return check_outputs(graph, available);
}

/// Of several of one name the last, as engines do where they are alike.
Result<void> merge_initializers(Graph& graph) {
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < graph.initializers.size(); ++i) {
    const Tensor& tensor = graph.initializers[i];
    const auto [before, fresh] = last.try_emplace(tensor.name, i);
    if (fresh) continue;
    const Tensor& other = graph.initializers[before->second];
    if (other.type != tensor.type || other.dims != tensor.dims) return twice(tensor.name);
    before->second = i;
  }
  std::vector<Tensor> kept;
  for (std::size_t i = 0; i < graph.initializers.size(); ++i)
    if (last.at(graph.initializers[i].name) == i) kept.push_back(graph.initializers[i]);
  graph.initializers = std::move(kept);
  return {};
}

/// Before IR version 4, initializers had to be listed among the inputs too; since then that lets callers override them.
void unlist_initializers(Model& model, const Names& initializers) {
  Graph& graph = model.graph;
  const auto listed = [&](const ValueInfo& input) { return initializers.contains(input.name); };
  if (model.ir_version >= 4) {
    Names overridable;
    for (const ValueInfo& input : graph.inputs) overridable.insert(input.name);
    for (Tensor& tensor : graph.initializers) tensor.overridable = overridable.contains(tensor.name);
  }
  std::erase_if(graph.inputs, listed);
}

/// Every tensor produced once and before it is read; graph outputs produced. Removes initializers from graph.inputs.
Result<void> check_graph(Model& model) {
  Graph& graph = model.graph;
  if (graph.nodes.empty()) return fail(Errc::invalid_input, "the graph has no nodes");
  Scope available;
  available.names.reserve(graph.initializers.size() + graph.inputs.size() + graph.nodes.size());
  const auto name = [&](const Tensor& tensor) { return available.names.insert(tensor.name).second; };
  if (!std::ranges::all_of(graph.initializers, name)) {
    available.names.clear();
    if (auto merged = merge_initializers(graph); !merged) return merged;
    std::ranges::for_each(graph.initializers, name);
  }
  unlist_initializers(model, available.names);
  for (const ValueInfo& input : graph.inputs)
    if (!available.names.insert(input.name).second) return twice(input.name);
  return check_nodes(graph, available);
}

}  // namespace

Result<void> check_weights(const Graph& graph, const std::filesystem::path& folder) {
  std::map<std::string_view, std::int64_t> locations;  // up to where each must reach
  const Tensor* stripped = nullptr;
  const auto add = [&](const Tensor& tensor) {
    if (tensor.stripped) stripped = &tensor;
    if (tensor.external_location.empty()) return;
    std::int64_t& end = locations[tensor.external_location];
    end = std::max(end, tensor.external_end);
  };
  for (const Tensor& tensor : graph.initializers) add(tensor);
  for (const Node& node : graph.nodes)
    for (const Attribute& attribute : node.attributes)
      if (attribute.t) add(*attribute.t);
  for (const auto& [location, end] : locations)
    if (auto checked = check_location(folder, std::string(location), end); !checked) return checked;
  if (stripped == nullptr) return {};
  return fail(Errc::invalid_input, "the file was stripped of its weights ('" + stripped->name +
                                       "' has none), which the engine needs; --graph rules does without them");
}

Result<Model> read_model(std::span<const std::byte> data) {
  const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
  if (!begins_as_model(bytes)) return not_onnx(bytes);
  Failure failure;
  ParsedModel parsed = parse_model(bytes, failure);
  if (failure.failed()) {
    // Other files may begin like ours by accident, but do not get as far as a graph.
    const bool nothing_read = !parsed.has_graph && failure.kind == Failure::Kind::malformed;
    return nothing_read ? not_onnx(bytes) : explain(failure);
  }
  if (!parsed.has_graph) return without_graph(parsed.model);
  if (auto written = write_out_functions(parsed.model, parsed.functions); !written)
    return tl::unexpected(written.error());
  if (auto checked = check_graph(parsed.model); !checked) return tl::unexpected(checked.error());
  if (parsed.model.opsets.empty()) parsed.model.opsets[""] = 1;  // IR versions 1 and 2 had no operator sets
  return std::move(parsed.model);
}

Result<Model> read_model_file(const std::filesystem::path& file, ExternalWeights external) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    return fail(Errc::io, file.string() + ": a folder, not a regular file: give the ONNX file in it");
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  if (mapped->bytes().empty()) return fail(Errc::invalid_input, file.string() + ": not an ONNX file: it is empty");
  auto model = read_model(std::as_bytes(mapped->bytes()));
  if (!model) return fail_in(file.string(), model.error());
  if (external == ExternalWeights::required)
    if (auto checked = check_weights(model->graph, file.parent_path()); !checked)
      return fail_in(file.string(), checked.error());
  return model;
}

}  // namespace latcast::onnx
