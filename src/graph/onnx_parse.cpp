#include "graph/onnx_parse.h"

#include <algorithm>
#include <charconv>

#include "graph/onnx_fields.h"
#include "graph/tensor_data.h"

namespace latcast::onnx {
namespace {

using wire::Failure;
using wire::Field;
using wire::Reader;
using wire::Type;

// No operator of any known set has more; they bound what two bytes of a hostile file can make us allocate.
constexpr std::size_t kMaxAttributes = 1024;
constexpr std::size_t kMaxRank = 64;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 62;
constexpr int kMaxDepth = 32;    // of graphs inside of nodes
constexpr int kNewestType = 26;  // of elements: int2

void invalid(Failure& failure, const Field& where, std::string what) {
  failure.set(Failure::Kind::invalid, where.offset, std::move(what));
}

std::string normalised(const std::string& domain) { return domain == "ai.onnx" ? std::string() : domain; }

/// A repeated integer field, packed or not.
void read_ints(const Field& field, Failure& failure, Dims& out) {
  if (field.type == Type::varint) {
    out.push_back(field.as_int());
  } else if (field.type == Type::bytes) {
    Reader packed(field, failure);
    while (const auto value = packed.varint()) out.push_back(static_cast<std::int64_t>(*value));
  }
}

void read_floats(const Field& field, std::vector<float>& out) {
  if (field.type == Type::fixed32) {
    out.push_back(field.as_float());
  } else if (field.type == Type::bytes) {
    const std::size_t count = field.bytes.size() / sizeof(float);
    if (count == 0) return;
    out.resize(out.size() + count);
    std::memcpy(out.data() + (out.size() - count), field.bytes.data(), count * sizeof(float));
  }
}

/// Two texts of a message.
std::pair<std::string, std::string> read_pair(const Field& message, field::Number first, field::Number second,
                                              Failure& failure) {
  std::pair<std::string, std::string> pair;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->is(first, Type::bytes)) pair.first = part->text();
    if (part->is(second, Type::bytes)) pair.second = part->text();
  }
  return pair;
}

/// "latcast:normal:0.05" -> Fill
Fill read_fill(std::string_view doc) {
  constexpr std::string_view kPrefix = "latcast:";
  if (!doc.starts_with(kPrefix)) return {};
  doc.remove_prefix(kPrefix.size());
  const std::size_t colon = doc.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view kind = doc.substr(0, colon);
  Fill fill;
  const char* end = doc.data() + doc.size();
  if (std::from_chars(doc.data() + colon + 1, end, fill.scale).ptr != end) return {};
  if (kind == "normal") fill.kind = Fill::Kind::normal;
  if (kind == "constant") fill.kind = Fill::Kind::constant;
  return fill;
}

bool dims_fit(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) return false;
  std::int64_t product = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || (dim > 0 && product > kMaxElements / dim)) return false;
    product *= std::max<std::int64_t>(dim, 1);
  }
  return true;
}

/// Where raw bytes are given, they must be as many as the dims say (types of whole bytes only).
void check_raw_size(const Field& message, const Tensor& tensor, std::size_t raw_bytes, Failure& failure) {
  const bool packs = static_cast<std::int32_t>(tensor.type) > static_cast<std::int32_t>(DataType::bfloat16);
  const std::size_t size = element_size(tensor.type);
  if (packs || size == 0 || raw_bytes == 0) return;
  if (static_cast<std::int64_t>(raw_bytes / size) == tensor.elements() && raw_bytes % size == 0) return;
  invalid(failure, message,
          "tensor '" + tensor.name + "' has " + std::to_string(raw_bytes) + " bytes of data for " +
              std::to_string(tensor.elements()) + " elements of " + std::string(to_string(tensor.type)));
}

void check_type(const Field& message, const std::string& name, DataType type, Failure& failure) {
  const auto number = static_cast<std::int32_t>(type);
  if (number > kNewestType)
    invalid(failure, message, "'" + name + "' has the element type " + std::to_string(number) + ", which ONNX lacks");
}

std::int64_t whole_number(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp<std::int64_t>(value, 0, kMaxElements / 2);
}

/// Types of 4 bits and of 2 are packed.
std::int64_t stored_bytes(std::int64_t elements, DataType type) {
  const auto number = static_cast<std::int32_t>(type);
  if (number >= 21 && number <= 23) return (elements + 1) / 2;
  if (number >= 25 && number <= 26) return (elements + 3) / 4;
  return elements * static_cast<std::int64_t>(element_size(type));
}

/// Where its data are, of a tensor that has them in another file.
void read_external(const Field& message, Failure& failure, Tensor& tensor) {
  std::int64_t offset = 0, length = 0;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (!part->is(field::tensor::external, Type::bytes)) continue;
    auto [key, value] = read_pair(*part, field::entry::key, field::entry::value, failure);
    if (key == "offset") offset = whole_number(value);
    if (key == "length") length = whole_number(value);
    if (key == "location") tensor.external_location = std::move(value);
  }
  if (length == 0 && dims_fit(tensor.dims))
    length = stored_bytes(std::min(tensor.elements(), kMaxElements / 64), tensor.type);
  tensor.external_end = offset + length;
}

/// A field with elements of a tensor, of whichever type.
bool holds_data(const Field& part) {
  namespace f = field::tensor;
  const bool data = (part.number >= f::float_data && part.number <= f::int64_data) || part.number == f::raw_data ||
                    part.number == f::double_data || part.number == f::uint64_data;
  return data && (part.type != Type::bytes || !part.bytes.empty() || part.number == f::string_data);
}

Tensor read_tensor(const Field& message, Failure& failure) {
  namespace f = field::tensor;
  Tensor tensor;
  std::size_t raw_bytes = 0;
  bool data = false, external = false;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->number == f::dims) read_ints(*part, failure, tensor.dims);
    if (part->is(f::type, Type::varint)) tensor.type = static_cast<DataType>(part->value & 0x7FFFFFFF);
    if (part->is(f::name, Type::bytes)) tensor.name = part->text();
    if (part->is(f::doc, Type::bytes)) tensor.fill = read_fill(part->bytes);
    if (part->is(f::raw_data, Type::bytes)) raw_bytes = part->bytes.size();
    data = data || holds_data(*part);
    external = external || part->number == f::external;
  }
  if (external) read_external(message, failure, tensor);
  check_type(message, tensor.name, tensor.type, failure);
  if (failure.failed()) return tensor;
  if (!dims_fit(tensor.dims)) {
    invalid(failure, message, "tensor '" + tensor.name + "' has negative or impossibly large dimensions");
    return tensor;
  }
  tensor.stripped = !data && !external && tensor.fill.kind == Fill::Kind::none && tensor.elements() > 0;
  check_raw_size(message, tensor, raw_bytes, failure);
  if (!failure.failed()) read_values(message, failure, tensor);
  return tensor;
}

Tensor read_sparse_tensor(const Field& message, Failure& failure) {
  Tensor tensor;
  Dims dims;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->is(field::sparse::values, Type::bytes)) tensor = read_tensor(*part, failure);
    if (part->number == field::sparse::dims) read_ints(*part, failure, dims);
  }
  if (!dims_fit(dims)) invalid(failure, message, "sparse tensor '" + tensor.name + "' has impossible dimensions");
  tensor.dims = std::move(dims);
  tensor.ints.clear();
  tensor.floats.clear();
  return tensor;
}

/// IR versions before 2 did not write the attribute's type: the filled field tells.
Attribute::Kind kind_of_field(field::Number number) {
  namespace f = field::attribute;
  if (number == f::graphs) return Attribute::Kind::g;
  const bool holds = number >= f::f && number <= f::strings;  // numbered as the types, after the name
  return holds ? static_cast<Attribute::Kind>(number - f::name) : Attribute::Kind::undefined;
}

Attribute::Kind kind_of_type(std::uint64_t type) {
  if (type == 10) return Attribute::Kind::g;  // GRAPHS
  return type <= 8 ? static_cast<Attribute::Kind>(type) : Attribute::Kind::other;
}

Graph read_graph(const Field& message, Failure& failure, int depth);

void read_attribute_field(const Field& part, Failure& failure, Attribute& attribute, int depth) {
  namespace f = field::attribute;
  if (part.is(f::name, Type::bytes)) attribute.name = part.text();
  if (part.is(f::f, Type::fixed32)) attribute.f = part.as_float();
  if (part.is(f::i, Type::varint)) attribute.i = part.as_int();
  if (part.is(f::s, Type::bytes)) attribute.s = part.text();
  if (part.is(f::t, Type::bytes)) attribute.t = std::make_shared<const Tensor>(read_tensor(part, failure));
  if (part.number == f::floats) read_floats(part, attribute.floats);
  if (part.number == f::ints) read_ints(part, failure, attribute.ints);
  if (part.is(f::strings, Type::bytes)) attribute.strings.push_back(part.text());
  if (part.is(f::reference, Type::bytes)) attribute.reference = part.text();
  if (!part.is(f::g, Type::bytes)) return;
  if (depth == kMaxDepth) return invalid(failure, part, "graphs lie more than 32 deep inside of each other");
  attribute.g = std::make_shared<const Graph>(read_graph(part, failure, depth + 1));
}

void check_node(const Field& message, const Node& node, Failure& failure) {
  if (failure.failed()) return;
  const std::string label = node.op + " '" + node.name + "'";
  if (node.op.empty()) return invalid(failure, message, "node '" + node.name + "' has no operator type");
  std::vector<std::string_view> names;
  for (const Attribute& attribute : node.attributes) names.push_back(attribute.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) invalid(failure, message, label + " has the attribute '" + std::string(*twice) + "' twice");
}

Node read_node(const Field& message, Failure& failure, int depth) {
  namespace f = field::node;
  Node node;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->type != Type::bytes) continue;
    if (part->number == f::input) node.inputs.push_back(part->text());
    if (part->number == f::output) node.outputs.push_back(part->text());
    if (part->number == f::name) node.name = part->text();
    if (part->number == f::op) node.op = part->text();
    if (part->number == f::domain) node.domain = normalised(part->text());
    if (part->number == f::overload) node.overload = part->text();
    if (part->number != f::attribute) continue;
    if (node.attributes.size() == kMaxAttributes)
      invalid(failure, message, "node '" + node.name + "' has more than 1024 attributes");
    else
      node.attributes.push_back(read_attribute(*part, failure, depth));
  }
  check_node(message, node, failure);
  return node;
}

Dim read_dim(const Field& message, Failure& failure) {
  Dim dim;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->is(field::type::dim_value, Type::varint)) dim.value = std::max<std::int64_t>(part->as_int(), -1);
    if (part->is(field::type::dim_param, Type::bytes)) dim.name = part->text();
  }
  return dim;
}

std::vector<Dim> read_shape(const Field& message, Failure& failure) {
  std::vector<Dim> dims;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (!part->is(field::type::dim, Type::bytes)) continue;
    if (dims.size() == kMaxRank) invalid(failure, message, "a tensor has more than 64 dimensions");
    dims.push_back(read_dim(*part, failure));
  }
  return dims;
}

void read_type(const Field& message, Failure& failure, ValueInfo& info) {
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->type != Type::bytes) continue;
    info.is_tensor = part->number == field::type::tensor;
    if (!info.is_tensor) continue;
    Reader tensor(*part, failure);
    while (const auto inner = tensor.next()) {
      if (inner->is(field::type::elem_type, Type::varint)) info.type = static_cast<DataType>(inner->value & 0x7FFFFFFF);
      if (inner->is(field::type::shape, Type::bytes)) info.shape = read_shape(*inner, failure);
    }
  }
}

void check_shape(const Field& message, const ValueInfo& info, Failure& failure) {
  if (!info.shape) return;
  std::vector<std::int64_t> dims;
  for (const Dim& dim : *info.shape) dims.push_back(std::max<std::int64_t>(dim.value, 1));
  if (!dims_fit(dims)) invalid(failure, message, "'" + info.name + "' has impossibly large dimensions");
}

ValueInfo read_value_info(const Field& message, Failure& failure) {
  ValueInfo info;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->is(field::value_info::name, Type::bytes)) info.name = part->text();
    if (part->is(field::value_info::type, Type::bytes)) read_type(*part, failure, info);
  }
  if (info.name.empty()) invalid(failure, message, "an input or output has no name");
  check_type(message, info.name, info.type, failure);
  check_shape(message, info, failure);
  return info;
}

void add_initializer(const Field& message, Tensor tensor, Graph& graph, Failure& failure) {
  if (tensor.name.empty()) invalid(failure, message, "an initializer has no name");
  graph.initializers.push_back(std::move(tensor));
}

Graph read_graph(const Field& message, Failure& failure, int depth) {
  namespace f = field::graph;
  Graph graph;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->type != Type::bytes) continue;
    if (part->number == f::node) graph.nodes.push_back(read_node(*part, failure, depth));
    if (part->number == f::name) graph.name = part->text();
    if (part->number == f::initializer) add_initializer(*part, read_tensor(*part, failure), graph, failure);
    if (part->number == f::sparse_initializer)
      add_initializer(*part, read_sparse_tensor(*part, failure), graph, failure);
    if (part->number == f::input) graph.inputs.push_back(read_value_info(*part, failure));
    if (part->number == f::output) graph.outputs.push_back(read_value_info(*part, failure));
    if (part->number == f::value_info) graph.value_infos.push_back(read_value_info(*part, failure));
  }
  return graph;
}

void read_opset(const Field& message, Failure& failure, std::map<std::string, std::int64_t>& opsets) {
  std::string domain;
  std::int64_t version = 0;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->is(field::opset::domain, Type::bytes)) domain = normalised(part->text());
    if (part->is(field::opset::version, Type::varint)) version = part->as_int();
  }
  if (version < 1)
    invalid(failure, message, "operator set '" + domain + "' has the version " + std::to_string(version));
  opsets.insert_or_assign(std::move(domain), version);
}

Function read_function(const Field& message, Failure& failure) {
  namespace f = field::function;
  Function out;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    if (part->type != Type::bytes) continue;
    if (part->number == f::name) out.name = part->text();
    if (part->number == f::domain) out.domain = normalised(part->text());
    if (part->number == f::overload) out.overload = part->text();
    if (part->number == f::input) out.inputs.push_back(part->text());
    if (part->number == f::output) out.outputs.push_back(part->text());
    if (part->number == f::defaults) out.defaults.push_back(read_attribute(*part, failure));
    if (part->number == f::node) out.nodes.push_back(read_node(*part, failure, 0));
    if (part->number == f::opset) read_opset(*part, failure, out.opsets);
  }
  return out;
}

}  // namespace

Attribute read_attribute(const Field& message, Failure& failure, int depth) {
  Attribute attribute;
  Attribute::Kind seen = Attribute::Kind::undefined;
  bool graph = false;
  Reader reader(message, failure);
  while (const auto part = reader.next()) {
    read_attribute_field(*part, failure, attribute, depth);
    if (part->is(field::attribute::type, Type::varint)) attribute.kind = kind_of_type(part->value);
    if (kind_of_field(part->number) != Attribute::Kind::undefined) seen = kind_of_field(part->number);
    graph = graph || kind_of_field(part->number) == Attribute::Kind::g;
  }
  if (attribute.name.empty()) invalid(failure, message, "an attribute has no name");
  if (attribute.kind == Attribute::Kind::undefined) attribute.kind = seen;
  if (graph) attribute.kind = Attribute::Kind::g;
  return attribute;
}

ParsedModel parse_model(std::string_view bytes, Failure& failure) {
  namespace f = field::model;
  ParsedModel parsed;
  Reader reader(bytes, 0, failure);
  while (const auto part = reader.next()) {
    if (part->is(f::ir_version, Type::varint)) parsed.model.ir_version = part->as_int();
    if (part->is(f::producer, Type::bytes)) parsed.model.producer = part->text();
    if (part->is(f::opset, Type::bytes)) read_opset(*part, failure, parsed.model.opsets);
    if (part->is(f::functions, Type::bytes)) parsed.functions.push_back(read_function(*part, failure));
    if (!part->is(f::graph, Type::bytes)) continue;
    parsed.has_graph = true;
    parsed.model.graph = read_graph(*part, failure, 0);
  }
  return parsed;
}

}  // namespace latcast::onnx
