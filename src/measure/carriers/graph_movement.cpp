// Operators that move elements, and their shapes.
#include <algorithm>
#include <utility>

#include "measure/carriers/graph_builder.h"
#include "measure/carriers/graph_shapes.h"

namespace latcast::carriers {

Value GraphBuilder::reshape(const Value& x, const Shape& shape) {
  Shape out = shape;
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& d : out) {
    if (d < 0)
      open = &d;
    else
      known *= d;
  }
  if (open != nullptr) *open = known > 0 ? x.elements() / known : 0;
  require(product(out) == x.elements(), "Reshape", x);
  elements_ -= static_cast<double>(x.elements());  // a view
  return node("Reshape", {x, ints(shape)}, {}, out, x.type);
}

Value GraphBuilder::flatten(const Value& x, int axis) {
  const auto split_at = x.dims.begin() + axis;
  elements_ -= static_cast<double>(x.elements());
  return node("Flatten", {x}, {attr("axis", axis)},
              {product(Shape(x.dims.begin(), split_at)), product(Shape(split_at, x.dims.end()))}, x.type);
}

Value GraphBuilder::transpose(const Value& x, const Ints& perm) {
  require(perm.size() == x.dims.size(), "Transpose", x);
  Shape out = permuted(x.dims, perm);
  return node("Transpose", {x}, {attr("perm", perm)}, out, x.type);
}

Value GraphBuilder::squeeze(const Value& x, Ints axes) {
  Shape out;
  for (int i = 0; i < x.rank(); ++i) {
    const bool gone = std::any_of(axes.begin(), axes.end(),
                                  [&](std::int64_t a) { return positive(static_cast<int>(a), x.rank()) == i; });
    require(!gone || x.dims[static_cast<std::size_t>(i)] == 1, "Squeeze", x);
    if (!gone) out.push_back(x.dims[static_cast<std::size_t>(i)]);
  }
  elements_ -= static_cast<double>(x.elements());
  return node("Squeeze", {x, ints(std::move(axes))}, {}, out, x.type);
}

Value GraphBuilder::unsqueeze(const Value& x, Ints axes) {
  Shape out = x.dims;
  Ints sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (const std::int64_t a : sorted) {
    require(a >= 0 && a <= static_cast<std::int64_t>(out.size()), "Unsqueeze", x);
    out.insert(out.begin() + a, 1);
  }
  elements_ -= static_cast<double>(x.elements());
  return node("Unsqueeze", {x, ints(std::move(axes))}, {}, out, x.type);
}

Value GraphBuilder::concat(const std::vector<Value>& xs, int axis) {
  Shape out = xs.front().dims;
  const auto at = static_cast<std::size_t>(positive(axis, xs.front().rank()));
  out[at] = 0;
  for (const Value& x : xs) {
    require(x.rank() == xs.front().rank(), "Concat", x);
    for (std::size_t i = 0; i < out.size(); ++i) require(i == at || x.dims[i] == out[i], "Concat", x);
    out[at] += x.dims[at];
  }
  return node("Concat", xs, {attr("axis", axis)}, out, xs.front().type);
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, const Ints& sizes) {
  const auto at = static_cast<std::size_t>(positive(axis, x.rank()));
  std::int64_t sum = 0;
  std::vector<Shape> outs;
  for (const std::int64_t s : sizes) {
    Shape shape = x.dims;
    shape[at] = s;
    sum += s;
    outs.push_back(std::move(shape));
  }
  require(sum == x.dims[at], "Split", x);
  return multi("Split", {x, ints(sizes)}, {attr("axis", axis)}, outs, x.type);
}

std::vector<Value> GraphBuilder::split(const Value& x, int axis, int parts) {
  const std::int64_t size = x.dim(axis);
  require(size % parts == 0, "Split", x);
  return split(x, axis, Ints(static_cast<std::size_t>(parts), size / parts));
}

Value GraphBuilder::slice(const Value& x, int axis, std::int64_t start, std::int64_t end, std::int64_t step) {
  return slices(x, {axis}, {start}, {end}, {step});
}

Value GraphBuilder::slices(const Value& x, const Ints& axes, const Ints& starts, const Ints& ends, const Ints& steps) {
  Shape out = x.dims;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto at = static_cast<std::size_t>(positive(static_cast<int>(axes[i]), x.rank()));
    const std::int64_t size = x.dims[at];
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    const auto bound = [&](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? v + size : v, 0, size); };
    require(step > 0, "Slice", x);
    out[at] = (bound(ends[i]) - bound(starts[i]) + step - 1) / step;
    require(out[at] > 0, "Slice", x);
  }
  std::vector<Value> inputs{x, ints(starts), ints(ends), ints(axes)};
  if (!steps.empty()) inputs.push_back(ints(steps));
  return node("Slice", inputs, {}, out, x.type);
}

Value GraphBuilder::gather(const Value& x, int axis, const Value& indices) {
  const auto at = static_cast<std::ptrdiff_t>(positive(axis, x.rank()));
  Shape out(x.dims.begin(), x.dims.begin() + at);
  out.insert(out.end(), indices.dims.begin(), indices.dims.end());
  out.insert(out.end(), x.dims.begin() + at + 1, x.dims.end());
  return node("Gather", {x, indices}, {attr("axis", axis)}, out, x.type);
}

Value GraphBuilder::pad(const Value& x, const Ints& pads, std::string_view mode, float value) {
  require(pads.size() == 2 * x.dims.size(), "Pad", x);
  Shape out = x.dims;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += pads[i] + pads[i + out.size()];
  std::vector<Value> inputs{x, ints(pads)};
  if (mode == "constant") inputs.push_back(scalar(value));
  return node("Pad", inputs, {attr("mode", mode)}, out, x.type);
}

Value GraphBuilder::expand(const Value& x, const Shape& shape) {
  return node("Expand", {x, ints(shape)}, {}, broadcast(x.dims, shape), x.type);
}

Value GraphBuilder::tile(const Value& x, const Ints& repeats) {
  Shape out = x.dims;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] *= repeats.at(i);
  return node("Tile", {x, ints(repeats)}, {}, out, x.type);
}

Value GraphBuilder::resize(const Value& x, const ResizeSpec& s) {
  require(x.rank() == 4, "Resize", x);
  const Shape out{x.dims[0], x.dims[1], s.size.h, s.size.w};
  Attributes attributes{attr("coordinate_transformation_mode", s.coordinates), attr("mode", s.mode)};
  if (s.mode == "nearest") attributes.push_back(attr("nearest_mode", "floor"));
  if (s.mode == "cubic") attributes.push_back(attr("cubic_coeff_a", -0.75F));
  elements_ += (s.mode == "cubic" ? 30.0 : 3.0) * static_cast<double>(product(out));
  if (s.by_scales) {
    require(s.size.h % x.dims[2] == 0 && s.size.w % x.dims[3] == 0, "Resize by scales", x);
    const std::int64_t higher = s.size.h / x.dims[2], wider = s.size.w / x.dims[3];
    return node("Resize", {x, none(), floats({1, 1, static_cast<double>(higher), static_cast<double>(wider)}, {4})},
                std::move(attributes), out);
  }
  return node("Resize", {x, none(), none(), ints(out)}, std::move(attributes), out);
}

Value GraphBuilder::depth_to_space(const Value& x, std::int64_t block, std::string_view mode) {
  require(x.rank() == 4 && x.dims[1] % (block * block) == 0, "DepthToSpace", x);
  return node("DepthToSpace", {x}, {attr("blocksize", block), attr("mode", mode)},
              {x.dims[0], x.dims[1] / (block * block), x.dims[2] * block, x.dims[3] * block});
}

Value GraphBuilder::space_to_depth(const Value& x, std::int64_t block) {
  require(x.rank() == 4 && x.dims[2] % block == 0 && x.dims[3] % block == 0, "SpaceToDepth", x);
  return node("SpaceToDepth", {x}, {attr("blocksize", block)},
              {x.dims[0], x.dims[1] * block * block, x.dims[2] / block, x.dims[3] / block});
}

}  // namespace latcast::carriers
