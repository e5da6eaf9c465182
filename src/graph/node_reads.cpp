#include "graph/node_reads.h"

#include "graph/views/node_views.h"

namespace latcast {
namespace {

using Kind = NodeRead::Kind;

std::string label(const NodeView& view) { return view.node->op + " '" + view.node->name + "'"; }

tl::unexpected<Error> absent(const NodeView& view, const std::string& what) {
  return fail(Errc::unsupported, what + " on " + label(view));
}

/// `what` makes the text, where it is needed.
template <class What>
Result<double> or_fallback(const NodeView& view, const NodeRead& read, const What& what) {
  if (read.fallback) return *read.fallback;
  return absent(view, what());
}

/// The tensor a read is about; null where it is absent (and its fallback, if any, counts).
const TensorInfo* tensor_of(const NodeView& view, const NodeRead& read, bool output) {
  const auto& tensors = output ? view.outputs : view.inputs;
  const auto index = static_cast<std::size_t>(read.index);
  return read.index >= 0 && index < tensors.size() ? tensors[index] : nullptr;
}

std::string tensor_name(const NodeRead& read, bool output) {
  return (output ? "out" : "in") + std::to_string(read.index);
}

/// An element by position, negative ones counting from the end.
template <class List>
auto at_position(const List& list, int position) -> std::optional<double> {
  const auto size = static_cast<std::int64_t>(list.size());
  const std::int64_t place = position < 0 ? position + size : position;
  if (place < 0 || place >= size) return std::nullopt;
  return static_cast<double>(list[static_cast<std::size_t>(place)]);
}

Result<double> read_tensor(const NodeView& view, const NodeRead& read, bool output) {
  const TensorInfo* tensor = tensor_of(view, read, output);
  if (tensor == nullptr) return or_fallback(view, read, [&] { return tensor_name(read, output) + " is absent"; });
  if (read.kind == Kind::input_element_size) return static_cast<double>(onnx::element_size(tensor->type));
  if (!tensor->known) return absent(view, "the shape of " + tensor_name(read, output) + " is not known");
  switch (read.kind) {
    case Kind::input_rank:
    case Kind::output_rank:
      return static_cast<double>(tensor->dims.size());
    case Kind::input_elements:
    case Kind::output_elements:
      return tensor->elements();
    default:
      break;
  }
  if (const auto dim = at_position(tensor->dims, read.position)) return *dim;
  return or_fallback(view, read,
                     [&] { return tensor_name(read, output) + "[" + std::to_string(read.position) + "] is absent"; });
}

Result<double> read_value(const NodeView& view, const NodeRead& read) {
  const TensorInfo* tensor = tensor_of(view, read, false);
  if (tensor == nullptr) return or_fallback(view, read, [&] { return tensor_name(read, false) + " is absent"; });
  if (tensor->values)
    if (const auto value = at_position(*tensor->values, read.position)) return *value;
  return or_fallback(view, read, [&] {
    return tensor_name(read, false) + ".value[" + std::to_string(read.position) + "] is not known";
  });
}

std::optional<double> attribute_value(const onnx::Attribute& attribute, const NodeRead& read) {
  using AttributeKind = onnx::Attribute::Kind;
  const int position = read.has_position ? read.position : 0;
  switch (attribute.kind) {
    case AttributeKind::i:
      return static_cast<double>(attribute.i);
    case AttributeKind::f:
      return attribute.f;
    case AttributeKind::ints:
      return at_position(attribute.ints, position);
    case AttributeKind::floats:
      return at_position(attribute.floats, position);
    case AttributeKind::t:
      if (!attribute.t) return std::nullopt;
      return attribute.t->floats.empty() ? at_position(attribute.t->ints, position)
                                         : at_position(attribute.t->floats, position);
    default:
      return std::nullopt;
  }
}

Result<double> read_attribute(const NodeView& view, const NodeRead& read) {
  const onnx::Attribute* attribute = view.node->attribute(read.name);
  if (attribute == nullptr) return or_fallback(view, read, [&] { return "attr." + read.name + " is absent"; });
  if (const auto value = attribute_value(*attribute, read)) return *value;
  return or_fallback(view, read, [&] {
    return "attr." + read.name + (read.has_position ? "[" + std::to_string(read.position) + "]" : "") +
           " is not a number that is there";
  });
}

double attribute_count(const onnx::Attribute* attribute) {
  if (attribute == nullptr) return 0;
  return static_cast<double>(attribute->ints.size() + attribute->floats.size() + attribute->strings.size());
}

bool is_operator(const onnx::Operation& node, std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return node.op == name;
  const std::string_view domain = name.substr(0, colon);
  return node.op == name.substr(colon + 1) && node.domain == (domain == "ai.onnx" ? std::string_view() : domain);
}

/// Sum over inputs (constant ones or the others) or outputs.
Result<double> read_total(const NodeView& view, Kind kind) {
  const bool output = kind == Kind::output_bytes;
  const bool constants = kind == Kind::weight_bytes || kind == Kind::weight_elements;
  double total = 0;
  const auto& tensors = output ? view.outputs : view.inputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo* tensor = tensors[i];
    if (tensor == nullptr || (!output && tensor->constant != constants)) continue;
    if (!tensor->known)
      return absent(view, std::string("the shape of ") + (output ? "out" : "in") + std::to_string(i) + " is not known");
    total += kind == Kind::weight_elements ? tensor->elements() : tensor->bytes();
  }
  return total;
}

}  // namespace

Result<double> read_node(const NodeView& view, const NodeRead& read, const views::Row* row) {
  switch (read.kind) {
    case Kind::input_dim:
    case Kind::input_rank:
    case Kind::input_elements:
    case Kind::input_element_size:
      return read_tensor(view, read, false);
    case Kind::at_boundary:
      return view.at_boundary ? 1.0 : 0.0;
    case Kind::input_reuse:
    case Kind::input_idle: {
      const auto input = static_cast<std::size_t>(read.index);
      const Reuse reuse = input < view.reuse.size() ? view.reuse[input] : Reuse{};
      return read.kind == Kind::input_idle ? reuse.idle_ns : reuse.bytes;
    }
    case Kind::output_dim:
    case Kind::output_rank:
    case Kind::output_elements:
      return read_tensor(view, read, true);
    case Kind::input_value:
      return read_value(view, read);
    case Kind::input_constant: {
      const TensorInfo* tensor = tensor_of(view, read, false);
      return tensor != nullptr && tensor->constant ? 1.0 : 0.0;
    }
    case Kind::input_present:
      return tensor_of(view, read, false) != nullptr ? 1.0 : 0.0;
    case Kind::attribute:
      return read_attribute(view, read);
    case Kind::attribute_equals:
      if (read.fallback && view.node->attribute(read.name) == nullptr) return *read.fallback;
      return view.node->text(read.name) == read.text ? 1.0 : 0.0;
    case Kind::attribute_count:
      if (read.fallback && view.node->attribute(read.name) == nullptr) return *read.fallback;
      return attribute_count(view.node->attribute(read.name));
    case Kind::attribute_present:
      return view.node->attribute(read.name) != nullptr ? 1.0 : 0.0;
    case Kind::is_operator:
      return is_operator(*view.node, read.name) ? 1.0 : 0.0;
    case Kind::input_bytes:
    case Kind::output_bytes:
    case Kind::weight_bytes:
    case Kind::weight_elements:
      return read_total(view, read.kind);
    case Kind::view: {
      if (row == nullptr) row = views::find_view(read.name);
      if (row == nullptr) return or_fallback(view, read, [&] { return "there is no view '" + read.name + "'"; });
      const auto value = views::read_view(view, *row);
      return value ? Result<double>(*value) : or_fallback(view, read, [&] { return value.error().context; });
    }
  }
  return absent(view, "an unknown kind of read");
}

}  // namespace latcast
