// Packs for tests and benchmarks: the real catalogue's types and expressions, made-up models of the sizes that training
// exports.
#pragma once

#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "core/sample_pack.h"
#include "latcast/pack.h"

namespace latcast::bench {

struct Sizes {
  std::size_t terms = 0, features = 0;
};
using MakeForm = std::function<FormSpec(const Sizes&)>;

/// Value of a Result that cannot fail here.
template <class T>
T must(Result<T> result) {
  if (!result) std::abort();
  return std::move(*result);
}

/// Weights as non-negative least squares leaves them: a third of the terms counts.
inline FormSpec base(const Sizes& sizes) {
  std::vector<double> weights(sizes.terms, 0.0);
  for (std::size_t i = 0; i < sizes.terms; i += 3) weights[i] = 0.01;
  weights.back() = 1000;
  return test::linear_terms(weights);
}

inline FormSpec one_node(FormKind kind, std::vector<double> doubles, std::vector<std::int32_t> ints = {},
                         std::vector<float> floats = {}) {
  FormNode node;
  node.kind = kind;
  node.doubles = std::move(doubles);
  node.ints = std::move(ints);
  node.floats = std::move(floats);
  return {node};
}

inline std::vector<double> random_numbers(std::size_t count, double scale) {
  std::mt19937_64 random(count);
  std::normal_distribution<double> normal(0.0, scale);
  std::vector<double> out(count);
  for (double& x : out) x = normal(random);
  return out;
}

inline FormSpec ridge(const Sizes& sizes) {
  return one_node(FormKind::linear_features, random_numbers(1 + 2 * sizes.features, 0.001));
}

inline FormSpec trees(int count, int depth, const Sizes& sizes) {
  return test::random_trees(count, depth, static_cast<int>(sizes.features), 7);
}

inline FormSpec gaussian_process(int centres, const Sizes& sizes) {
  return test::random_gp(centres, static_cast<int>(sizes.features), 9);
}

inline FormSpec quadratic(const Sizes& sizes) {
  const std::size_t d = sizes.features;
  return one_node(FormKind::quadratic, random_numbers(1 + 2 * d + d * (d + 1) / 2, 1e-4));
}

inline FormSpec neighbours(int points, const Sizes& sizes) {
  const std::vector<double> drawn = random_numbers(static_cast<std::size_t>(points) * sizes.features, 3.0);
  std::vector<double> doubles = random_numbers(1 + sizes.features + static_cast<std::size_t>(points), 0.1);
  doubles[0] = 0.01;
  return one_node(FormKind::neighbours, doubles, {5, points}, {drawn.begin(), drawn.end()});
}

inline FormSpec dense(int width, int activation, const Sizes& sizes) {
  const auto in = static_cast<std::size_t>(sizes.features), w = static_cast<std::size_t>(width);
  const std::vector<double> drawn = random_numbers((in + 1) * w + (w + 1) * w + w + 1, 0.05);
  return one_node(FormKind::dense, {}, {activation, 3, static_cast<std::int32_t>(in), width, width, 1, 0, 0, 0},
                  {drawn.begin(), drawn.end()});
}

inline FormSpec sparse(const Sizes& sizes) {
  const auto terms = std::min<std::int32_t>(4, static_cast<std::int32_t>(sizes.terms));
  const auto features = std::min<std::int32_t>(6, static_cast<std::int32_t>(sizes.features));
  std::vector<std::int32_t> ints = {terms};
  for (std::int32_t i = 0; i < terms; ++i) ints.push_back(i);
  for (std::int32_t i = 0; i < features; ++i) ints.push_back(i);
  return one_node(FormKind::linear_sparse, std::vector<double>(ints.size(), 0.01), ints);
}

struct NamedForm {
  const char* name;
  MakeForm make;
};

/// The base alone, then base x each kind of model, as training exports them.
inline const std::vector<NamedForm>& named_forms() {
  const auto over_base = [](auto residual) {
    return [residual](const Sizes& s) { return product_form(base(s), residual(s)); };
  };
  static const std::vector<NamedForm> forms = {
      {"base", base},
      {"base x ridge", over_base(ridge)},
      {"sparse linear", sparse},
      {"base x quadratic", over_base(quadratic)},
      {"base x trees 40 d4", over_base([](const Sizes& s) { return trees(40, 4, s); })},
      {"base x trees 150 d4", over_base([](const Sizes& s) { return trees(150, 4, s); })},
      {"base x trees 150 d5", over_base([](const Sizes& s) { return trees(150, 5, s); })},
      {"base x process 200", over_base([](const Sizes& s) { return gaussian_process(200, s); })},
      {"base x neighbours 500", over_base([](const Sizes& s) { return neighbours(500, s); })},
      {"base x dense 64 relu", over_base([](const Sizes& s) { return dense(64, 0, s); })},
      {"base x dense 64 silu", over_base([](const Sizes& s) { return dense(64, 1, s); })},
  };
  return forms;
}

inline std::vector<NamedProgram> named(const std::vector<Expression>& expressions) {
  std::vector<NamedProgram> out;
  for (const Expression& e : expressions) out.push_back({e.text, e.text, e.program});
  return out;
}

inline TypeModel model_of(const ModuleType& type, const MakeForm& make) {
  TypeModel out;
  out.name = type.name;
  for (const Parameter& p : type.parameters) out.parameters.push_back(p.name);
  out.conditions = type.conditions;
  for (const Derived& d : type.derived) out.derived.push_back({d.name, d.name, d.program});
  if (type.macs) out.macs = type.macs->program;
  for (const Kernel& kernel : type.kernels) {
    KernelModel& model = out.kernels.emplace_back();
    model.name = kernel.name;
    model.when = kernel.when;
    model.free = kernel.free;
    if (kernel.free) continue;
    model.terms = named(kernel.base);
    model.features = named(kernel.features);
    const Sizes sizes{model.terms.size(), model.features.size()};
    model.low.assign(sizes.features, 0.0);
    model.high.assign(sizes.features, 40.0);
    model.samples = 100;
    model.form = make(sizes);
    model.extrapolation = base(sizes);
  }
  return out;
}

/// The whole catalogue, each kernel class with a model of that form.
inline PackContent pack_content(const Catalogue& catalogue, const MakeForm& make) {
  PackContent content = test::sample_content();
  content.types.clear();
  content.info.conditions = catalogue.condition_ranges();
  for (const ModuleType& type : catalogue.types()) content.types.push_back(model_of(type, make));
  return content;
}

/// The same, of an engine on a machine with AVX-512, with the catalogue inside: what networks are forecast with.
inline PackContent network_pack_content(const std::string& engine = "onnxruntime") {
  const Catalogue catalogue = must(Catalogue::builtin());
  PackContent content = pack_content(catalogue, named_forms()[4].make);
  content.info.target.engine = engine;
  content.info.target.engine_version = "1.30.0";
  content.info.target.cpu_features = {"avx", "avx2", "avx512f"};
  content.info.sources.clear();
  for (const ModuleType& type : catalogue.types()) content.info.sources.push_back({type.file, type.source});
  for (const auto& [file, text] : catalogue.definitions()) content.info.sources.push_back({file, text});
  return content;
}

}  // namespace latcast::bench
