// resize.*: Resize and Upsample, read off the shapes, so that sizes and scales give the same.
#include "graph/views/node_views.h"

namespace latcast::views {
namespace {

/// The numbers are part of the catalogue's language.
Result<double> mode(const NodeView& node) {
  const std::string_view text = node.node->text("mode");
  if (text.empty() || text == "nearest") return 0.0;
  if (text == "linear" || text == "bilinear") return 1.0;
  if (text == "cubic") return 2.0;
  return not_applicable("the mode '" + std::string(text) + "' is unknown");
}

double ratio(const NodeView& node, std::size_t axis) {
  const Dims& in = input_dims(node, 0);
  const Dims& out = output_dims(node, 0);
  if (axis >= in.size() || axis >= out.size() || in[axis] == 0) return 1;
  return static_cast<double>(out[axis]) / static_cast<double>(in[axis]);
}

/// A guess: no network resizes its channels.
bool is_channels_last(const NodeView& node) {
  return input_dims(node, 0).size() == 4 && ratio(node, 1) != 1 && ratio(node, 3) == 1;
}

/// The spatial axis `back` places before the last spatial one.
double spatial_ratio(const NodeView& node, std::size_t back) {
  const std::size_t end = input_dims(node, 0).size() - (is_channels_last(node) ? 1 : 0);
  return end > back ? ratio(node, end - 1 - back) : 1;
}

Result<double> scale_h(const NodeView& node) { return spatial_ratio(node, 1); }
Result<double> scale_w(const NodeView& node) { return spatial_ratio(node, 0); }
Result<double> channels_last(const NodeView& node) { return is_channels_last(node) ? 1.0 : 0.0; }
Result<double> antialias(const NodeView& node) { return node.node->integer("antialias", 0) != 0 ? 1.0 : 0.0; }

Result<double> axes(const NodeView& node) {
  double count = 0;
  for (std::size_t i = 0; i < input_dims(node, 0).size(); ++i)
    if (ratio(node, i) != 1) ++count;
  return count;
}

constexpr Row kRows[] = {
    {"resize.mode", mode}, {"resize.scale_h", scale_h},     {"resize.scale_w", scale_w},
    {"resize.axes", axes}, {"resize.antialias", antialias}, {"resize.channels_last", channels_last},
};

}  // namespace

std::span<const Row> resize_views() { return kRows; }

}  // namespace latcast::views
