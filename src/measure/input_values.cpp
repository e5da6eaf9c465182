#include "measure/input_values.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/shapes/node_shapes.h"
#include "graph/tensor_data.h"

namespace latcast {
namespace {

/// Larger ids only reach further into a table; the time does not depend on it.
constexpr double kLargestIndex = 29999;

using Range = std::optional<ValueRange>;

/// A length of one of a node's inputs; none: it has no such axis, or it is not known.
std::optional<std::int64_t> length(const ir::Graph& graph, const ir::Node& node, std::size_t input, std::int64_t axis) {
  const ir::ValueId id = node.input(input);
  if (id == ir::kNothing || !graph.info(id).known) return std::nullopt;
  const Dims& dims = graph.info(id).dims;
  const auto at = shapes::normal_axis(axis, dims.size());
  return at ? std::optional(dims[*at]) : std::nullopt;
}

/// Indices of so many things: the first one is there whatever is not known.
Range below(std::optional<std::int64_t> count) {
  return ValueRange{0, std::clamp(static_cast<double>(count.value_or(1)) - 1, 0.0, kLargestIndex)};
}

/// Lengths that are all there is; the shortest where that is not known.
Range all_of(std::optional<std::int64_t> count) {
  const auto value = static_cast<double>(count.value_or(1));
  return ValueRange{value, value};
}

Range along_axis(const ir::Graph& graph, const ir::Node& node) {
  const std::int64_t axis = node.integer("axis", 0);
  return below(length(graph, node, 0, node.op == "GatherBlockQuantized" ? node.integer("gather_axis", 0) : axis));
}

/// Places of several axes at once: within the shortest of them.
Range tuples(const ir::Graph& graph, const ir::Node& node) {
  const std::int64_t first = node.op == "GatherND" ? node.integer("batch_dims", 0) : 0;
  std::optional<std::int64_t> shortest;
  for (std::int64_t i = 0; i < length(graph, node, 1, -1).value_or(0); ++i)
    shortest = std::min(shortest.value_or(std::numeric_limits<std::int64_t>::max()),
                        length(graph, node, 0, first + i).value_or(1));
  return below(shortest);
}

template <std::size_t kTable>
Range rows(const ir::Graph& graph, const ir::Node& node) {
  return below(length(graph, node, kTable, 0));
}

Range steps(const ir::Graph& graph, const ir::Node& node) {
  return all_of(length(graph, node, 0, node.integer("layout", 0)));
}
Range reversed_steps(const ir::Graph& graph, const ir::Node& node) {
  return all_of(length(graph, node, 0, node.integer("time_axis", 0)));
}

/// What a grouped attention has in its cache and gets, up to the last one (`last`: its index).
std::optional<std::int64_t> grouped_total(const ir::Graph& graph, const ir::Node& node) {
  const auto now = length(graph, node, 0, 1);
  return now ? std::optional(length(graph, node, 3, 2).value_or(0) + *now) : std::nullopt;
}
Range grouped_last(const ir::Graph& graph, const ir::Node& node) {
  return all_of(grouped_total(graph, node).value_or(1) - 1);
}
Range grouped_all(const ir::Graph& graph, const ir::Node& node) { return all_of(grouped_total(graph, node)); }

/// A mask of one axis: the length of each sequence. Others are of ones.
Range mask_of(const ir::Graph& graph, const ir::Node& node, std::size_t mask, std::optional<std::int64_t> keys,
              std::optional<std::int64_t> cached) {
  const auto masks = length(graph, node, mask, 0);
  if (length(graph, node, mask, 1) || !keys || masks != length(graph, node, 0, 0)) return ValueRange{1, 1};
  return all_of(cached.value_or(0) + *keys);
}
Range attention_mask(const ir::Graph& graph, const ir::Node& node) {
  if (node.domain.empty()) return std::nullopt;
  return mask_of(graph, node, 3, length(graph, node, 0, 1), length(graph, node, 4, 3));
}
Range padding_mask(const ir::Graph& graph, const ir::Node& node) {
  const std::int64_t axis = length(graph, node, 1, 3) ? 2 : 1;  // keys of several heads, or side by side
  const auto keys = node.input(1) == ir::kNothing ? length(graph, node, 0, 1) : length(graph, node, 1, axis);
  return mask_of(graph, node, 4, keys, length(graph, node, 6, 2));
}
Range keys_without_padding(const ir::Graph& graph, const ir::Node& node) {
  if (!node.domain.empty()) return std::nullopt;
  return all_of(length(graph, node, 1, length(graph, node, 1, 3) ? 2 : 1));
}

/// What an operator wants of one of its inputs.
struct Wish {
  std::string_view op;
  std::size_t input;
  Range (*values)(const ir::Graph& graph, const ir::Node& node);
};

constexpr Wish kWishes[] = {
    {"Gather", 1, along_axis},
    {"GatherBlockQuantized", 1, along_axis},
    {"GatherElements", 1, along_axis},
    {"Scatter", 1, along_axis},
    {"ScatterElements", 1, along_axis},
    {"GatherND", 1, tuples},
    {"ScatterND", 1, tuples},
    {"EmbedLayerNormalization", 0, rows<2>},
    {"EmbedLayerNormalization", 1, rows<4>},
    {"EmbedLayerNormalization", 8, rows<3>},
    {"RoiAlign", 2, rows<0>},
    {"CropAndResize", 2, rows<0>},
    {"LSTM", 4, steps},
    {"GRU", 4, steps},
    {"RNN", 4, steps},
    {"ReverseSequence", 1, reversed_steps},
    {"GroupQueryAttention", 5, grouped_last},
    {"GroupQueryAttention", 6, grouped_all},
    {"Attention", 3, attention_mask},
    {"Attention", 6, keys_without_padding},
    {"MultiHeadAttention", 4, padding_mask},
};

Range wish_of(const ir::Graph& graph, const ir::Node& node, std::size_t input) {
  const auto wish =
      std::ranges::find_if(kWishes, [&](const Wish& one) { return one.input == input && one.op == node.op; });
  return wish == std::end(kWishes) ? std::nullopt : wish->values(graph, node);
}

/// A row of what operators take as boxes: the first quarter of the first image. Empty: the input is none.
std::vector<double> box_of(const ir::Graph& graph, const ir::Node& node, std::size_t input) {
  if (input != 1) return {};
  const double scale = 2 * std::max(node.real("spatial_scale", 1), 1e-6F);
  const double height = static_cast<double>(length(graph, node, 0, 2).value_or(2)) / scale;
  const double width = static_cast<double>(length(graph, node, 0, 3).value_or(2)) / scale;
  if (node.op == "RoiAlign") return {0, 0, width, height};
  if (node.op == "MaxRoiPool") return {0, 0, 0, width, height};
  if (node.op == "CropAndResize") return {0, 0, 0.5, 0.5};
  return {};
}

std::string rows_of(const std::vector<double>& row, const InputSpec& input) {
  std::string out;
  std::int64_t elements = 1;
  for (const std::int64_t dim : input.dims) elements *= dim;
  for (std::int64_t i = 0; i < elements; ++i)
    if (!onnx::append_value(input.type, row[static_cast<std::size_t>(i) % row.size()], out)) return {};
  return out;
}

ValueRange both(const ValueRange& one, const ValueRange& other) {
  const double to = std::min(one.to, other.to);
  return {std::min(std::max(one.from, other.from), to), to};
}

}  // namespace

ValueRange limits_of(onnx::DataType type) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (type == onnx::DataType::boolean) return {0, 1};
  if (type == onnx::DataType::float16) return {-65504, 65504};
  if (type == onnx::DataType::float32 || type == onnx::DataType::bfloat16)
    return {std::numeric_limits<float>::lowest(), std::numeric_limits<float>::max()};
  if (type == onnx::DataType::float64)
    return {std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()};
  const auto bits = 8 * onnx::element_size(type);
  const bool with_sign = to_string(type).starts_with('i');
  const double top = bits > 32 ? kExact : static_cast<double>((std::uint64_t{1} << (bits - (with_sign ? 1 : 0))) - 1);
  return {with_sign ? -top - (bits > 32 ? 0 : 1) : 0.0, top};
}

InputSpec legal_input(const ir::Graph& graph, ir::ValueId input) {
  static const std::set<std::string, std::less<>> kPassing = {
      "Cast", "Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Slice", "Transpose", "Expand", "Tile"};
  const TensorInfo& info = graph.info(input);
  InputSpec out{.name = graph.name(input), .type = info.type, .dims = info.dims};
  std::vector<double> box;
  std::vector<ir::ValueId> same = {input};  // values that hold nothing else
  for (std::size_t i = 0; i < same.size(); ++i) {
    const ir::Ids readers = graph.value(same[i]).readers;
    for (const ir::NodeId reader : std::set<ir::NodeId>(readers.begin(), readers.end())) {
      const ir::Node& node = graph.node(reader);
      if (kPassing.contains(node.op) && node.input(0) == same[i]) same.push_back(node.outputs[0]);
      for (std::size_t at = 0; at < node.inputs.size(); ++at) {
        if (node.inputs[at] != same[i]) continue;
        if (const Range wish = wish_of(graph, node, at)) out.range = both(out.range.value_or(*wish), *wish);
        if (box.empty()) box = box_of(graph, node, at);
      }
    }
  }
  if (!out.range && !onnx::is_real(out.type)) out.range = ValueRange{1, 1};
  if (out.range && onnx::element_size(out.type) > 0) out.range = both(limits_of(out.type), *out.range);
  if (!box.empty()) out.bytes = rows_of(box, out);
  return out;
}

}  // namespace latcast
