// Interpolation, sampling grids, regions of interest, spectra.
#include <algorithm>
#include <cmath>

#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

/// Axes that sizes and scales are about: all, unless the attribute names some.
std::optional<std::vector<std::size_t>> resized_axes(const NodeShapes& n) {
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : n.integers("axes")) {
    const auto place = normal_axis(axis, n.rank(0));
    if (!place) return std::nullopt;
    axes.push_back(*place);
  }
  if (!n.has_attribute("axes"))
    for (std::size_t i = 0; i < n.rank(0); ++i) axes.push_back(i);
  return axes;
}

bool scale(NodeShapes& n, std::span<const double> scales, std::span<const std::size_t> axes) {
  if (scales.size() != axes.size()) return false;
  Dims dims = n.dims(0);
  // The engine multiplies in single precision.
  for (std::size_t i = 0; i < axes.size(); ++i)
    dims[axes[i]] = bounded(std::floor(static_cast<float>(dims[axes[i]]) * static_cast<float>(scales[i])));
  return n.give(std::move(dims));
}

bool resize_to(NodeShapes& n, const Dims& sizes, std::span<const std::size_t> axes) {
  if (sizes.size() != axes.size()) return false;
  Dims dims = n.dims(0);
  const std::string_view policy = n.text("keep_aspect_ratio_policy");
  if (!policy.empty() && policy != "stretch") {
    double factor = policy == "not_larger" ? HUGE_VAL : 0.0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const double ratio =
          static_cast<double>(sizes[i]) / static_cast<double>(std::max<std::int64_t>(dims[axes[i]], 1));
      factor = policy == "not_larger" ? std::min(factor, ratio) : std::max(factor, ratio);
    }
    for (const std::size_t axis : axes) dims[axis] = bounded(std::round(factor * static_cast<double>(dims[axis])));
    return n.give(std::move(dims));
  }
  for (std::size_t i = 0; i < axes.size(); ++i) dims[axes[i]] = sizes[i];
  return n.give(std::move(dims));
}

bool resize(NodeShapes& n) {
  const auto axes = resized_axes(n);
  if (!axes) return false;
  if (n.has(3)) {
    const auto sizes = n.ints(3);
    return sizes && resize_to(n, *sizes, *axes);
  }
  const std::size_t place = n.opset() >= 11 ? 2 : 1;
  return n.has(place) && n.input(place).values && scale(n, *n.input(place).values, *axes);
}

bool upsample(NodeShapes& n) {
  std::vector<double> scales;
  if (const onnx::Attribute* attribute = n.node().attribute("scales")) {
    scales.assign(attribute->floats.begin(), attribute->floats.end());
  } else if (n.has(1) && n.input(1).values) {
    scales = *n.input(1).values;
  }
  const auto axes = resized_axes(n);
  return axes && scale(n, scales, *axes);
}

bool grid_sample(NodeShapes& n) {
  const Dims& x = n.dims(0);
  const Dims& grid = n.dims(1);
  if (x.size() < 3 || grid.size() != x.size()) return false;
  Dims dims{x[0], x[1]};
  dims.insert(dims.end(), grid.begin() + 1, grid.end() - 1);
  return n.give(std::move(dims));
}

bool affine_grid(NodeShapes& n) {
  const auto size = n.ints(1);
  if (!size || size->size() < 4) return false;
  Dims dims{(*size)[0]};
  dims.insert(dims.end(), size->begin() + 2, size->end());
  dims.push_back(static_cast<std::int64_t>(size->size()) - 2);
  return n.give(std::move(dims));
}

bool roi_align(NodeShapes& n) {
  if (n.rank(0) != 4 || n.rank(1) != 2) return false;
  return n.give({n.dims(1)[0], n.dims(0)[1], n.integer("output_height", 1), n.integer("output_width", 1)});
}

bool max_roi_pool(NodeShapes& n) {
  const Dims pooled = n.integers("pooled_shape");
  if (n.rank(0) != 4 || n.rank(1) != 2 || pooled.size() != 2) return false;
  return n.give({n.dims(1)[0], n.dims(0)[1], pooled[0], pooled[1]});
}

bool dft(NodeShapes& n) {
  Dims dims = n.dims(0);
  std::optional<Dims> axis = Dims{n.integer("axis", n.opset() >= 20 ? -2 : 1)};
  if (n.has(2)) axis = n.ints(2);
  const auto place = axis && axis->size() == 1 ? normal_axis((*axis)[0], dims.size()) : std::nullopt;
  if (!place || dims.size() < 2) return false;
  if (n.has(1)) {
    const auto length = n.ints(1);
    if (!length || length->size() != 1) return false;
    dims[*place] = (*length)[0];
  }
  const bool inverse = n.integer("inverse", 0) != 0;
  const bool half = n.integer("onesided", 0) != 0;
  if (half && !inverse) dims[*place] = dims[*place] / 2 + 1;
  if (half && inverse) return false;  // later versions differ in what they give
  dims.back() = 2;
  return n.give(std::move(dims));
}

/// Signal, step between frames, window, frame length.
bool stft(NodeShapes& n) {
  const Dims& signal = n.dims(0);
  const auto step = n.ints(1);
  if (signal.size() < 2 || !step || step->size() != 1 || (*step)[0] <= 0) return false;
  std::int64_t frame = n.has(2) && n.rank(2) == 1 ? n.dims(2)[0] : 0;
  if (n.has(3)) {
    const auto given = n.ints(3);
    if (!given || given->size() != 1) return false;
    frame = (*given)[0];
  }
  if (frame <= 0 || signal[1] < frame) return false;
  const std::int64_t bins = n.integer("onesided", 1) != 0 ? frame / 2 + 1 : frame;
  return n.give({signal[0], (signal[1] - frame) / (*step)[0] + 1, bins, 2});
}

bool window_function(NodeShapes& n) {
  const auto length = n.ints(0);
  return length && length->size() == 1 && n.give(0, *length, n.data_type("output_datatype", DataType::float32));
}

bool mel_weights(NodeShapes& n) {
  const auto bins = n.ints(0);
  const auto length = n.ints(1);
  if (!bins || !length || bins->size() != 1 || length->size() != 1) return false;
  return n.give(0, {(*length)[0] / 2 + 1, (*bins)[0]}, n.data_type("output_datatype", DataType::float32));
}

bool determinant(NodeShapes& n) {
  const Dims& in = n.dims(0);
  return in.size() >= 2 && n.give(Dims(in.begin(), in.end() - 2));
}

constexpr RuleRow kRules[] = {
    {"Resize", 1, resize},
    {"Upsample", 1, upsample},
    {"GridSample", 2, grid_sample},
    {"GridSample", 2, grid_sample, kMicrosoft},
    {"AffineGrid", 2, affine_grid},
    {"RoiAlign", 3, roi_align},
    {"MaxRoiPool", 2, max_roi_pool},
    {"DFT", 1, dft},
    {"STFT", 2, stft},
    {"HannWindow HammingWindow BlackmanWindow", 1, window_function},
    {"MelWeightMatrix", 5, mel_weights},
    {"Det", 1, determinant},
};

}  // namespace

std::span<const RuleRow> resampling_rules() { return kRules; }

}  // namespace latcast::shapes
