#include <array>
#include <charconv>

#include "graph/onnx_fields.h"
#include "graph/onnx_parse.h"
#include "graph/tensor_data.h"
#include "graph/wire.h"

namespace latcast::onnx {
namespace {

using wire::Writer;

constexpr std::size_t kProtobufLimit = (std::size_t{1} << 31) - 1;

void text_unless_empty(Writer& out, field::Number number, const std::string& text) {
  if (!text.empty()) out.text(number, text);
}

std::string fill_text(const Fill& fill) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), fill.scale).ptr;
  return (fill.kind == Fill::Kind::normal ? "latcast:normal:" : "latcast:constant:") + std::string(digits.data(), end);
}

std::size_t data_bytes(const Tensor& tensor) {
  return static_cast<std::size_t>(tensor.elements()) * element_size(tensor.type);
}

bool materialized(const Tensor& tensor, Weights weights) {
  return tensor.has_values() || (tensor.fill.kind != Fill::Kind::none && weights == Weights::materialize);
}

/// Everything but the data.
void write_tensor_head(Writer& out, const Tensor& tensor, Weights weights) {
  namespace f = field::tensor;
  for (const std::int64_t dim : tensor.dims) out.integer(f::dims, dim);
  out.integer(f::type, static_cast<std::int64_t>(tensor.type));
  text_unless_empty(out, f::name, tensor.name);
  if (tensor.fill.kind != Fill::Kind::none && weights == Weights::skeleton) out.text(f::doc, fill_text(tensor.fill));
  if (tensor.external_location.empty()) return;
  out.nested(f::external, [&](Writer& entry) {
    entry.text(field::entry::key, "location");
    entry.text(field::entry::value, tensor.external_location);
  });
  out.integer(f::data_location, 1);
}

/// Data go straight into the one output buffer: they may be most of 2 GB.
void write_tensor(Writer& out, field::Number number, const Tensor& tensor, Weights weights) {
  Writer head;
  write_tensor_head(head, tensor, weights);
  const bool data = materialized(tensor, weights);
  if (data) head.header(field::tensor::raw_data, data_bytes(tensor));
  out.header(number, head.size() + (data ? data_bytes(tensor) : 0));
  out.buffer().append(head.view());
  if (!data) return;
  tensor.has_values() ? append_values(tensor, out.buffer()) : append_fill(tensor, out.buffer());
}

void write_node(Writer& out, const Node& node, Weights weights) {
  namespace f = field::node;
  for (const std::string& input : node.inputs) out.text(f::input, input);
  for (const std::string& output : node.outputs) out.text(f::output, output);
  text_unless_empty(out, f::name, node.name);
  out.text(f::op, node.op);
  text_unless_empty(out, f::domain, node.domain);
  for (const Attribute& attribute : node.attributes)
    out.nested(f::attribute, [&](Writer& inner) { write_attribute(inner, attribute, weights); });
  text_unless_empty(out, f::doc, node.doc);
}

void write_dim(Writer& out, const Dim& dim) {
  if (dim.value >= 0) out.integer(field::type::dim_value, dim.value);
  if (dim.value < 0 && !dim.name.empty()) out.text(field::type::dim_param, dim.name);
}

void write_value_info(Writer& out, const ValueInfo& info) {
  namespace f = field::type;
  out.text(field::value_info::name, info.name);
  if (!info.is_tensor) return;
  if (info.type == DataType::undefined) return;  // left to the engine to infer
  out.nested(field::value_info::type, [&](Writer& type) {
    type.nested(f::tensor, [&](Writer& tensor) {
      tensor.integer(f::elem_type, static_cast<std::int64_t>(info.type));
      if (!info.shape) return;
      tensor.nested(f::shape, [&](Writer& shape) {
        for (const Dim& dim : *info.shape) shape.nested(f::dim, [&](Writer& inner) { write_dim(inner, dim); });
      });
    });
  });
}

void write_graph(Writer& out, const Graph& graph, Weights weights) {
  namespace f = field::graph;
  for (const Node& node : graph.nodes) out.nested(f::node, [&](Writer& inner) { write_node(inner, node, weights); });
  out.text(f::name, graph.name.empty() ? "graph" : graph.name);  // the engine refuses a nameless graph
  const auto infos = [&](field::Number number, const std::vector<ValueInfo>& list) {
    for (const ValueInfo& info : list) out.nested(number, [&](Writer& inner) { write_value_info(inner, info); });
  };
  infos(f::input, graph.inputs);
  infos(f::output, graph.outputs);
  infos(f::value_info, graph.value_infos);
  for (const Tensor& tensor : graph.initializers) write_tensor(out, f::initializer, tensor, weights);
}

bool fits(const Graph& graph, Weights weights) {
  std::size_t total = 0;
  for (const Tensor& tensor : graph.initializers) {
    if (!materialized(tensor, weights)) continue;
    if (tensor.elements() > static_cast<std::int64_t>(kProtobufLimit)) return false;
    total += data_bytes(tensor);
    if (total > kProtobufLimit) return false;
  }
  return true;
}

}  // namespace

void write_attribute(Writer& out, const Attribute& attribute, Weights weights) {
  namespace f = field::attribute;
  using Kind = Attribute::Kind;
  out.text(f::name, attribute.name);
  if (attribute.kind == Kind::f) out.real(f::f, attribute.f);
  if (attribute.kind == Kind::i) out.integer(f::i, attribute.i);
  if (attribute.kind == Kind::s) out.text(f::s, attribute.s);
  if (attribute.kind == Kind::t && attribute.t) write_tensor(out, f::t, *attribute.t, weights);
  if (attribute.g) out.nested(f::g, [&](Writer& inner) { write_graph(inner, *attribute.g, weights); });
  for (const float value : attribute.floats) out.real(f::floats, value);
  for (const std::int64_t value : attribute.ints) out.integer(f::ints, value);
  for (const std::string& value : attribute.strings) out.text(f::strings, value);
  out.integer(f::type, static_cast<std::int64_t>(attribute.kind));
}

Result<std::string> write_model(const Model& model, Weights weights) {
  namespace f = field::model;
  const auto too_large = [] {
    return fail(Errc::unsupported, "the model has 2 GB or more, which an ONNX file cannot hold");
  };
  if (!fits(model.graph, weights)) return too_large();
  Writer graph;
  write_graph(graph, model.graph, weights);
  Writer out;
  out.integer(f::ir_version, model.ir_version);
  text_unless_empty(out, f::producer, model.producer);
  for (const auto& [domain, version] : model.opsets)
    out.nested(f::opset, [&](Writer& inner) {
      inner.text(field::opset::domain, domain);
      inner.integer(field::opset::version, version);
    });
  // The graph is moved, not copied, behind the little that precedes it.
  out.header(f::graph, graph.size());
  graph.buffer().insert(0, out.view());
  if (graph.size() > kProtobufLimit) return too_large();
  return std::move(graph.buffer());
}

}  // namespace latcast::onnx
