#include <algorithm>
#include <set>
#include <system_error>
#include <unordered_set>

#include "core/mapped_file.h"
#include "graph/onnx_fields.h"
#include "graph/onnx_parse.h"

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
  if (bytes.starts_with("version https://git-lfs"))
    return fail(Errc::invalid_input, "not an ONNX file: a Git LFS pointer, the model itself was not fetched");
  return fail(Errc::invalid_input, "not an ONNX file");
}

tl::unexpected<Error> explain(const Failure& failure) {
  const std::string place = " at byte " + std::to_string(failure.offset);
  switch (failure.kind) {
    case Failure::Kind::unsupported:
      return fail(Errc::unsupported, failure.what);
    case Failure::Kind::invalid:
      return fail(Errc::invalid_input, failure.what + " (" + place.substr(1) + ")");
    case Failure::Kind::truncated:
      return fail(Errc::invalid_input, "the file is truncated" + place + ": its last field is longer");
    default:
      return fail(Errc::invalid_input, "damaged: " + failure.what + place);
  }
}

Result<void> refuse_called_functions(const ParsedModel& parsed) {
  if (parsed.functions.empty()) return {};
  const std::set<std::pair<std::string, std::string>> functions(parsed.functions.begin(), parsed.functions.end());
  for (const Node& node : parsed.model.graph.nodes)
    if (functions.contains({node.domain, node.op}))
      return fail(Errc::unsupported, "node '" + node.name + "' calls the model's local function '" + node.op +
                                         "': inline the functions first (onnx.inliner.inline_local_functions)");
  return {};
}

Result<void> check_location(const std::filesystem::path& folder, const std::string& location) {
  const std::filesystem::path relative(location);
  const bool escapes = relative.is_absolute() || std::ranges::find(relative, "..") != relative.end();
  if (escapes)
    return fail(Errc::invalid_input, "the external weight file '" + location + "' lies outside the model's folder");
  std::error_code ignored;
  if (std::filesystem::exists(folder / relative, ignored)) return {};
  return fail(Errc::not_found, "the external weight file '" + location + "' is missing");
}

Result<void> check_external_weights(const Graph& graph, const std::filesystem::path& folder) {
  std::set<std::string_view> locations;
  const auto add = [&](const Tensor& tensor) {
    if (!tensor.external_location.empty()) locations.insert(tensor.external_location);
  };
  for (const Tensor& tensor : graph.initializers) add(tensor);
  for (const Node& node : graph.nodes)
    for (const Attribute& attribute : node.attributes)
      if (attribute.t) add(*attribute.t);
  for (const std::string_view location : locations)
    if (auto checked = check_location(folder, std::string(location)); !checked) return checked;
  return {};
}

using Names = std::unordered_set<std::string_view>;

std::string label(const Node& node) { return node.op + " '" + node.name + "'"; }

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

Result<void> check_nodes(const Graph& graph, Names& available) {
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs)
      if (!input.empty() && !available.contains(input)) return missing_producer(graph, node, input);
    for (const std::string& output : node.outputs)
      if (!output.empty() && !available.insert(output).second) return twice(output);
  }
  return {};
}

/// Every tensor produced once and before it is read; graph outputs produced. Removes initializers from graph.inputs.
Result<void> check_graph(Graph& graph) {
  if (graph.nodes.empty()) return fail(Errc::invalid_input, "the graph has no nodes");
  Names available;
  available.reserve(graph.initializers.size() + graph.inputs.size() + graph.nodes.size());
  for (const Tensor& tensor : graph.initializers)
    if (!available.insert(tensor.name).second) return twice(tensor.name);
  // Before IR version 4, initializers had to be listed among the inputs too.
  std::erase_if(graph.inputs, [&](const ValueInfo& input) { return available.contains(input.name); });
  for (const ValueInfo& input : graph.inputs)
    if (!available.insert(input.name).second) return twice(input.name);
  if (auto checked = check_nodes(graph, available); !checked) return checked;
  for (const ValueInfo& output : graph.outputs)
    if (!available.contains(output.name))
      return fail(Errc::invalid_input, "the graph's output '" + output.name + "' is produced by no node");
  return {};
}

}  // namespace

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
  if (!parsed.has_graph)
    return fail(Errc::invalid_input, "no graph: the file ends before its graph, or is another kind of protobuf");
  if (auto checked = refuse_called_functions(parsed); !checked) return tl::unexpected(checked.error());
  if (auto checked = check_graph(parsed.model.graph); !checked) return tl::unexpected(checked.error());
  if (parsed.model.opsets.empty()) parsed.model.opsets[""] = 1;  // IR versions 1 and 2 had no operator sets
  return std::move(parsed.model);
}

Result<Model> read_model_file(const std::filesystem::path& file, ExternalWeights external) {
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  if (mapped->bytes().empty()) return fail(Errc::invalid_input, file.string() + ": not an ONNX file: it is empty");
  auto model = read_model(std::as_bytes(mapped->bytes()));
  if (!model) return fail_in(file.string(), model.error());
  if (external == ExternalWeights::required)
    if (auto checked = check_external_weights(model->graph, file.parent_path()); !checked)
      return fail_in(file.string(), checked.error());
  return model;
}

}  // namespace latcast::onnx
