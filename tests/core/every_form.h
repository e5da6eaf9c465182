// Forms of every kind, for tests of what must hold for each of them.
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "core/sample_pack.h"

namespace latcast::test {

inline FormSpec random_form(FormKind kind, std::vector<std::int32_t> ints, std::size_t doubles, std::size_t floats) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, 0.3);
  FormNode node;
  node.kind = kind;
  node.ints = std::move(ints);
  for (std::size_t i = 0; i < doubles; ++i) node.doubles.push_back(normal(random));
  for (std::size_t i = 0; i < floats; ++i) node.floats.push_back(static_cast<float>(normal(random)));
  return {node};
}

inline FormSpec random_neighbours(std::size_t points, std::size_t features) {
  FormSpec out = random_form(FormKind::neighbours, {3, static_cast<std::int32_t>(points)}, 1 + features + points,
                             points * features);
  out[0].doubles[0] = 0.1;
  return out;
}

inline FormSpec random_dense(std::int32_t activation, std::int32_t features) {
  FormSpec out = random_form(FormKind::dense, {activation, 2, features, 5, 1, 1, 0}, 0, 6);
  const std::size_t shared = static_cast<std::size_t>(features + 1) * 5;
  out[0].shared = std::make_shared<const std::vector<float>>(random_form(FormKind::dense, {}, 0, shared)[0].floats);
  return out;
}

/// A residual of every kind, as a product over linear terms so that the values tell rows apart, and what products are
/// made of. At least two terms and three features.
inline std::vector<FormSpec> every_form(FormShape shape) {
  const std::size_t d = shape.features;
  const auto width = static_cast<int>(d);
  std::vector<FormSpec> residuals = {
      constant_form(0.25),
      random_form(FormKind::linear_features, {}, 1 + d, 0),
      random_form(FormKind::linear_features, {}, 1 + 2 * d, 0),
      random_form(FormKind::quadratic, {}, 1 + 2 * d + d * (d + 1) / 2, 0),
      random_gp(30, width, 9, 0),
      random_gp(30, width, 9, 1),
      random_neighbours(21, d),
      random_dense(0, width),
      random_dense(1, width),
      random_trees(5, 9, width, 4),
  };
  for (const auto& [count, depth] : {std::pair{1, 0}, {9, 1}, {20, 2}, {17, 3}, {40, 4}, {11, 5}, {7, 6}}) {
    residuals.push_back(random_trees(count, depth, width, 3));
    residuals.push_back(laid_out(random_trees(count, depth, width, 3)));
  }
  residuals.push_back(mean_form({residuals[1], residuals[4], residuals.back()}, {0.25, 0.5, 0.25}));
  std::vector<double> weights(shape.terms, 0.0);
  weights[0] = 0.4;
  weights.back() = 1000;
  std::vector<FormSpec> out = {linear_terms(weights), random_form(FormKind::linear_sparse, {1, 1, 2, 0}, 4, 0),
                               random_form(FormKind::linear_sparse, {2, 1, 0}, 3, 0)};
  for (const FormSpec& residual : residuals) out.push_back(product_form(out[0], residual, -2, 2));
  out.push_back(sum_form({out[0], out[1], out.back()}, {0.5, 2, 0.1}));
  out.back().back().doubles[4] = 50;  // the second one's cap
  return out;
}

}  // namespace latcast::test
