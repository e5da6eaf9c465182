#include "graph/executed_graph.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "graph/link.h"
#include "graph/onnx_parse.h"

namespace latcast {
namespace {

using onnx::wire::Failure;
using onnx::wire::Field;
using onnx::wire::Reader;
using onnx::wire::Type;
using onnx::wire::Writer;

/// No ONNX file begins so.
constexpr std::string_view kMagic = "latcast-executed-1\n";
constexpr std::size_t kMaxRank = 64;

// Stored on disk: numbers never change their meaning.
namespace field {
constexpr std::uint32_t domain = 1, version = 2, value = 3, node = 4, nodes = 5;
namespace value_ {
constexpr std::uint32_t name = 1, type = 2, dim = 3, flags = 4, element = 5, layout = 6;
}
namespace node_ {
constexpr std::uint32_t op = 1, domain = 2, name = 3, attribute = 4, input = 5, output = 6, stands_for = 7, kernel = 8;
}
}  // namespace field
enum Flag : std::uint8_t { kKnown = 1, kConstant = 2, kWeight = 4, kInput = 8, kOutput = 16, kValues = 32 };

void write_value(Writer& out, const std::string& name, const ir::Value& value, const std::string& layout) {
  namespace f = field::value_;
  const TensorInfo& info = value.info;
  out.text(f::name, name);
  out.integer(f::type, static_cast<std::int64_t>(info.type));
  for (const std::int64_t dim : info.known ? info.dims : Dims()) out.integer(f::dim, dim);
  out.integer(f::flags, (info.known ? kKnown : 0) | (info.constant ? kConstant : 0) | (value.constant ? kWeight : 0) |
                            (value.input ? kInput : 0) | (value.output ? kOutput : 0) | (info.values ? kValues : 0));
  for (const double one : info.values.value_or(std::vector<double>())) {
    const auto narrow = static_cast<float>(one);
    static_cast<double>(narrow) == one ? out.real(f::element, narrow)
                                       : out.integer(f::element, std::bit_cast<std::int64_t>(one));
  }
  out.text(f::layout, layout);
}

void write_node(Writer& out, const ir::Node& node) {
  namespace f = field::node_;
  out.text(f::op, node.op);
  out.text(f::domain, node.domain);
  out.text(f::name, node.name);
  for (const onnx::Attribute& attribute : node.attributes)
    out.nested(f::attribute, [&](Writer& inner) { write_attribute(inner, attribute, onnx::Weights::skeleton); });
  // By number from 1 on; 0: left out.
  for (const ir::ValueId id : node.inputs) out.integer(f::input, static_cast<ir::ValueId>(id + 1));
  for (const ir::ValueId id : node.outputs) out.integer(f::output, static_cast<ir::ValueId>(id + 1));
}

/// One message after the other; `failure` says whether it can be used.
class GraphReader {
 public:
  GraphReader(std::string_view bytes, Failure& failure) : reader_(bytes, kMagic.size(), failure), failure_(failure) {}

  ExecutedGraph run() {
    std::string domain;
    std::uint64_t nodes = ~std::uint64_t{0};
    while (const auto part = reader_.next()) {
      if (part->is(field::domain, Type::bytes)) domain = part->text();
      if (part->is(field::version, Type::varint)) out_.graph.set_opset(domain, part->as_int());
      if (part->is(field::nodes, Type::varint)) nodes = part->value;
      if (part->is(field::value, Type::bytes)) read_value(*part);
      if (part->is(field::node, Type::bytes)) read_node(*part);
    }
    if (out_.order.size() != nodes) failure_.set(Failure::Kind::truncated, 0, "nodes are missing");
    return std::move(out_);
  }

 private:
  void refuse(const Field& where, const char* what) { failure_.set(Failure::Kind::invalid, where.offset, what); }

  void read_value(const Field& message) {
    namespace f = field::value_;
    std::string name, layout;
    TensorInfo info;
    std::vector<double> values;
    std::uint64_t flags = 0;
    Reader reader(message, failure_);
    while (const auto part = reader.next()) {
      if (part->is(f::name, Type::bytes)) name = part->text();
      if (part->is(f::type, Type::varint)) info.type = static_cast<onnx::DataType>(part->value & 0x7FFFFFFF);
      if (part->is(f::dim, Type::varint)) info.dims.push_back(part->as_int());
      if (part->is(f::flags, Type::varint)) flags = part->value;
      if (part->is(f::element, Type::fixed32)) values.push_back(part->as_float());
      if (part->is(f::element, Type::varint)) values.push_back(part->as_double());
      if (part->is(f::layout, Type::bytes)) layout = part->text();
    }
    info.known = (flags & kKnown) != 0;
    info.constant = (flags & kConstant) != 0;
    if (!shapes::acceptable(info.dims) || info.dims.size() > kMaxRank)
      return refuse(message, "a tensor of an impossible shape");
    if ((flags & kValues) != 0) {
      if (info.elements() != static_cast<double>(values.size())) return refuse(message, "a tensor lacks its elements");
      info.values = std::move(values);
    }
    const ir::ValueId id = out_.graph.add_named(std::move(name), std::move(info));
    ir::Value& value = out_.graph.value(id);
    value.constant = (flags & kWeight) != 0;
    value.input = (flags & kInput) != 0;
    value.output = (flags & kOutput) != 0;
    if (!layout.empty()) out_.layouts[id] = std::move(layout);
  }

  void read_node(const Field& message) {
    namespace f = field::node_;
    onnx::Operation operation;
    ir::Ids inputs, outputs;
    std::vector<std::size_t> stands_for;
    std::string kernel;
    Reader reader(message, failure_);
    while (const auto part = reader.next()) {
      if (part->is(f::op, Type::bytes)) operation.op = part->text();
      if (part->is(f::domain, Type::bytes)) operation.domain = part->text();
      if (part->is(f::name, Type::bytes)) operation.name = part->text();
      if (part->is(f::attribute, Type::bytes)) operation.attributes.push_back(onnx::read_attribute(*part, failure_));
      if (part->is(f::input, Type::varint)) inputs.push_back(value_id(*part));
      if (part->is(f::output, Type::varint)) outputs.push_back(value_id(*part));
      if (part->is(f::stands_for, Type::varint)) stands_for.push_back(part->value);
      if (part->is(f::kernel, Type::bytes)) kernel = part->text();
    }
    if (failure_.failed()) return;
    if (operation.op.empty()) return refuse(message, "a node without an operator");
    for (const ir::ValueId id : outputs) {
      if (id == ir::kNothing) continue;
      const ir::Value& value = out_.graph.value(id);
      if (value.constant || value.input || value.producer != ir::kNothing || !value.readers.empty())
        return refuse(message, "a tensor is given twice, or only after it was read");
    }
    out_.order.push_back(out_.graph.add_node(std::move(operation), std::move(inputs), std::move(outputs)));
    out_.stands_for.push_back(std::move(stands_for));
    out_.kernels.push_back(std::move(kernel));
  }

  ir::ValueId value_id(const Field& part) {
    if (part.value > out_.graph.values()) refuse(part, "a tensor that is not there");
    return static_cast<ir::ValueId>(part.value) - 1;
  }

  Reader reader_;
  Failure& failure_;
  ExecutedGraph out_;
};

}  // namespace

Result<ExecutedGraph> executed_as_is(const onnx::Model& file, const DimBindings& bindings) {
  auto graph = link(file, bindings, nullptr, Misfits::unknown);
  if (!graph) return tl::unexpected(graph.error());
  ExecutedGraph out{std::move(*graph), {}, {}};
  for (ir::NodeId id = 0; id < out.graph.nodes(); ++id) {
    out.order.push_back(id);
    out.stands_for.push_back({id});
  }
  return out;
}

void complete_shapes(ExecutedGraph& executed, const Catalogue& catalogue) {
  ir::Graph& graph = executed.graph;
  for (const ir::NodeId id : executed.order) {
    const ir::Node& node = graph.node(id);
    const auto known = [&](ir::ValueId output) { return output == ir::kNothing || graph.info(output).known; };
    if (std::ranges::all_of(node.outputs, known)) continue;
    auto infos =
        infer_outputs(node, graph.opset(node.domain), infos_of(graph, node.inputs), node.outputs.size(), &catalogue);
    for (std::size_t i = 0; i < infos.size(); ++i)
      if (infos[i].known && !known(node.outputs[i])) graph.value(node.outputs[i]).info = std::move(infos[i]);
  }
}

onnx::Model to_model(const ExecutedGraph& executed, const onnx::Model& file) {
  const ir::Graph& graph = executed.graph;
  onnx::Model out{file.ir_version, graph.opsets(), file.producer, {}};
  out.graph.name = file.graph.name;
  out.graph.inputs = file.graph.inputs;
  out.graph.outputs = file.graph.outputs;
  std::vector<bool> listed(graph.values(), false);
  const auto list_constant = [&](ir::ValueId id) {
    if (id == ir::kNothing || !graph.constant(id) || listed[id]) return;
    listed[id] = true;
    onnx::Tensor& own = out.graph.initializers.emplace_back(make_initializer(graph.name(id), graph.info(id)));
    if (own.elements() <= onnx::kSmallTensor) return;  // as readers of files keep them
    own.floats.clear();
    own.ints.clear();
  };
  const auto named = [&](const ir::Ids& ids) {
    std::vector<std::string> list;
    for (const ir::ValueId id : ids) list.push_back(id == ir::kNothing ? std::string() : graph.name(id));
    while (!list.empty() && list.back().empty()) list.pop_back();
    return list;
  };
  for (const ir::NodeId id : executed.order) {
    const ir::Node& node = graph.node(id);
    out.graph.nodes.push_back({node.operation(), named(node.inputs), named(node.outputs)});
    for (const ir::ValueId input : node.inputs) list_constant(input);
    if (!node.domain.empty()) out.opsets.emplace(node.domain, 1);
  }
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    if (graph.value(id).output) list_constant(id);
  }
  return out;
}

std::string write_executed_graph(const ExecutedGraph& executed) {
  const ir::Graph& graph = executed.graph;
  Writer out;
  out.buffer() = kMagic;
  out.integer(field::nodes, static_cast<std::int64_t>(executed.order.size()));
  for (const auto& [domain, version] : graph.opsets()) {
    out.text(field::domain, domain);
    out.integer(field::version, version);
  }
  for (ir::ValueId id = 0; id < graph.values(); ++id) {
    const auto layout = executed.layouts.find(id);
    out.nested(field::value, [&](Writer& inner) {
      write_value(inner, graph.name(id), graph.value(id), layout == executed.layouts.end() ? "" : layout->second);
    });
  }
  for (std::size_t place = 0; place < executed.order.size(); ++place) {
    out.nested(field::node, [&](Writer& inner) {
      write_node(inner, executed.node(place));
      for (const std::size_t one : executed.stands_for[place])
        inner.integer(field::node_::stands_for, static_cast<std::int64_t>(one));
      if (place < executed.kernels.size()) inner.text(field::node_::kernel, executed.kernels[place]);
    });
  }
  return std::move(out.buffer());
}

Result<ExecutedGraph> read_executed_graph(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    const auto model = onnx::read_model(std::as_bytes(std::span(bytes)));
    if (!model) return fail(Errc::corrupt, "no executed graph: " + model.error().context);
    return executed_as_is(*model, {});
  }
  Failure failure;
  ExecutedGraph out = GraphReader(bytes.substr(kMagic.size()), failure).run();
  if (failure.failed())
    return fail(Errc::corrupt,
                "damaged executed graph: " + failure.what + " at byte " + std::to_string(failure.offset));
  return out;
}

}  // namespace latcast
