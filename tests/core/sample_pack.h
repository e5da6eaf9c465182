// A small pack made by hand, for the tests of core.
#pragma once

#include <random>
#include <vector>

#include "core/pack_content.h"

namespace latcast::test {

inline Program load(std::uint32_t slot) { return {{Opcode::load, slot, 0}}; }
inline Program constant(double value) { return {{Opcode::constant, 0, value}}; }
inline Program binary(Opcode op, std::uint32_t a, std::uint32_t b) {
  return {{Opcode::load, a, 0}, {Opcode::load, b, 0}, {op, 0, 0}};
}

inline FormSpec linear_terms(std::vector<double> weights) {
  FormNode node;
  node.kind = FormKind::linear_terms;
  node.doubles = std::move(weights);
  return {node};
}

/// A random forest of full binary trees over `features` inputs.
inline FormSpec random_trees(int trees, int depth, int features, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> threshold(0.0F, 12.0F), leaf(-0.02F, 0.02F);
  FormNode node;
  node.kind = FormKind::trees;
  node.doubles = {0.01};
  node.ints = {trees};
  std::vector<std::int32_t> links;
  const int inner = (1 << depth) - 1, all = 2 * inner + 1;
  for (int t = 0; t < trees; ++t) {
    const int root = t * all;
    node.ints.push_back(root);
    for (int i = 0; i < all; ++i) {
      const bool is_leaf = i >= inner;
      links.push_back(is_leaf ? -1 : static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(features)));
      links.push_back(is_leaf ? 0 : root + 2 * i + 1);
      node.floats.push_back(is_leaf ? leaf(random) : threshold(random));
    }
  }
  node.ints.insert(node.ints.end(), links.begin(), links.end());
  return {node};
}

inline FormSpec random_gp(int centres, int features, std::uint64_t seed, int kernel = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  FormNode node;
  node.kind = FormKind::gaussian_process;
  node.ints = {kernel, centres};
  node.doubles = {0.02};
  for (int i = 0; i < features; ++i) node.doubles.push_back(0.25 + 0.1 * i);
  for (int i = 0; i < centres; ++i) node.doubles.push_back(0.1 * normal(random));
  for (int i = 0; i < centres * features; ++i) node.floats.push_back(static_cast<float>(2.0 + normal(random)));
  return {node};
}

/// Two types: "conv" (c, h; derived elements and work; kernels "small" with c <= 8 and "large") and "never" (not
/// trained).
inline PackContent sample_content(int trees = 20, int centres = 30) {
  PackContent content;
  content.info.tool_version = "0.1.0";
  content.info.created_unix_s = 1'700'000'000;
  content.info.target = {
      "host", "CPU", {"avx2"}, "fake", "1.0", {{"threads", "1"}, {"batch", "1"}}, {{"level", "all"}}};
  content.info.target.facts = {{"l2_bytes", 524288}};
  content.info.sources = {{"conv.toml", "name = \"conv\""}};
  content.info.fallback = {0.1, 0.2, 0.05, 0.01, 1000};
  content.info.calibration = {1.02, -50, 3000};
  content.info.interval = {0.9, 1.7, 0.03, 20000, 0.3, 0.5, 0.0, 0.4};
  content.info.anchor = {1.1, 1'700'000'000, 0.02, 25, 0.02, 0.08};
  content.info.training = {1, 2, 3, 4, 0.01, 0.02, {{"mobile", 12, 0.03, -0.01}}};
  content.info.extras = {{"note", "kept"}};
  content.references = {{"carrier0", {1, 2, 3}, 1e6}};

  TypeModel conv;
  conv.name = "conv";
  conv.parameters = {"c", "h"};
  conv.derived = {{"elements", "c * h", binary(Opcode::multiply, 0, 1)},
                  {"work", "elements * c", binary(Opcode::multiply, 2, 0)}};
  conv.macs = load(3);
  KernelModel kernel;
  kernel.name = "small";
  kernel.when = {{Opcode::load, 0, 0}, {Opcode::constant, 0, 8}, {Opcode::less_equal, 0, 0}};
  kernel.terms = {{"work", "work", load(3)}, {"1", "1", constant(1)}};
  kernel.features = {{"c", "c", load(0)}, {"h", "h", load(1)}, {"elements", "elements", load(2)}};
  kernel.low = {1, 1, 2};
  kernel.high = {4, 8, 12};
  kernel.samples = 100;
  kernel.error = 0.04;
  kernel.spread = 0.1;
  kernel.model = "base_trees";
  kernel.candidates = {{"base_trees", 0.04, 100, 200, "", 0.01, 2.5, 90, 0.99, 0.7, 0.9, 0.02, true},
                       {"base", 0.08, 10, 5, ""}};
  kernel.form = product_form(linear_terms({0.5, 1000}), random_trees(trees, 4, 3, 7));
  conv.kernels.push_back(kernel);
  kernel.name = "large";
  kernel.spread = 0;
  kernel.when = {};
  kernel.low = {3, 1, 2};
  kernel.high = {10, 8, 18};
  kernel.form = product_form(constant_form(1.0), random_gp(centres, 3, 9));
  kernel.form.front().doubles = {5000.0};
  kernel.extrapolation = linear_terms({0.4, 1500});
  conv.kernels.push_back(kernel);
  content.types.push_back(conv);

  TypeModel never;
  never.name = "never";
  never.parameters = {"n"};
  KernelModel empty;
  empty.name = "any";
  never.kernels.push_back(empty);
  content.types.push_back(never);
  return content;
}

/// A correction of the sample's networks with the shares of both kernel classes of "conv".
inline NetworkCorrection sample_correction() {
  NetworkCorrection out;
  out.shares = {{0, 1}, {0, 0}};
  out.form = product_form(constant_form(1), random_gp(12, 5, 3), -0.3, 0.3);
  out.low = {8, 1, 4, 0, 0};
  out.high = {24, 8, 20, 6.7, 6.7};
  return out;
}

}  // namespace latcast::test
