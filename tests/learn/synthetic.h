// Generated training sets with a known law: module types (c, h, k), networks of several families, noise.
#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "learn/data/rows.h"
#include "learn/data/training_set.h"

namespace latcast::learn::test {

struct Work {
  double c = 1, h = 1, k = 1;
  [[nodiscard]] double elements() const { return c * h * h; }
  [[nodiscard]] double macs() const { return elements() * k; }
};

using Law = std::function<double(const Work&, int kernel)>;

/// A staircase (vector width 8), memory and a fixed cost.
inline double staircase_law(const Work& w, int kernel) {
  const double padded = std::ceil(w.c / 8) * 8 * w.h * w.h * w.k;
  const double cache = 1.0 + 0.3 / (1.0 + std::exp(-(std::log2(w.elements()) - 15.0)));
  return (0.02 + 0.01 * kernel) * padded + 0.3 * w.elements() * cache + 1500.0;
}

inline Program product(const std::vector<std::uint32_t>& slots) {
  Program out;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    out.push_back({Opcode::load, slots[i], 0});
    if (i > 0) out.push_back({Opcode::multiply, 0, 0});
  }
  return out;
}

inline Program constant(double value) { return {{Opcode::constant, 0, value}}; }

/// `kernels` classes per type, chosen by the fourth parameter.
inline std::vector<ModuleType> make_types(int types, int kernels) {
  std::vector<ModuleType> out;
  for (int t = 0; t < types; ++t) {
    ModuleType type;
    type.name = "work" + std::to_string(t);
    type.file = type.name + ".toml";
    type.source = "name = \"" + type.name + "\"\n";
    for (const char* name : {"c", "h", "k", "kernel"}) type.parameters.push_back({name, {}});
    type.derived.push_back({"elements", product({0, 1, 1})});
    type.derived.push_back({"macs", product({4, 2})});
    type.macs = Expression{"macs", product({5})};
    for (int k = 0; k < kernels; ++k) {
      Kernel kernel;
      kernel.name = "k" + std::to_string(k);
      kernel.when = {{Opcode::load, 3, 0}, {Opcode::constant, 0, double(k)}, {Opcode::equal, 0, 0}};
      kernel.base = {{"macs", product({5})}, {"elements", product({4})}, {"1", constant(1)}};
      kernel.features = {{"c", product({0})},
                         {"h", product({1})},
                         {"k", product({2})},
                         {"macs", product({5})},
                         {"elements", product({4})}};
      type.kernels.push_back(std::move(kernel));
    }
    out.push_back(std::move(type));
  }
  return out;
}

struct SyntheticOptions {
  int types = 2, kernels = 2, networks = 60, families = 6, modules = 40;
  double module_noise = 0.03, network_noise = 0.01;
  double family_effect = 0.0;  // standard deviation of a factor common to a family's networks
  double outliers = 0.0;       // share of module samples that are 3 to 20 times too slow
  std::uint64_t seed = 1;
  Law law = staircase_law;
};

inline KernelSamples empty_samples(const std::vector<ModuleType>& types, int type, int kernel, int count) {
  KernelSamples out;
  out.type = static_cast<std::size_t>(type);
  out.kernel = static_cast<std::size_t>(kernel);
  out.type_name = types[out.type].name;
  out.kernel_name = types[out.type].kernels[out.kernel].name;
  for (const Expression& e : types[out.type].kernels[out.kernel].base) out.term_names.push_back(e.text);
  for (const Expression& e : types[out.type].kernels[out.kernel].features) out.feature_names.push_back(e.text);
  out.terms.resize(count, static_cast<Eigen::Index>(out.term_names.size()));
  out.features.resize(count, static_cast<Eigen::Index>(out.feature_names.size()));
  out.latency_ns.resize(count);
  out.weight.resize(count);
  return out;
}

struct Draw {
  int kernel = 0;  // over all types
  Work work;
  double latency_ns = 0, measured_ns = 0;
  int network = 0;
};

inline Work draw_work(std::mt19937_64& random, int family) {
  std::uniform_real_distribution<double> unit(0, 1);
  const double centre = 0.08 * family;  // families look at different, overlapping parts
  Work out;
  out.c = std::round(std::exp2(2.0 + 7.0 * std::fmod(unit(random) * 0.8 + centre, 1.0)));
  out.h = std::round(std::exp2(2.0 + 4.0 * unit(random)));
  out.k = std::round(std::exp2(6.0 * unit(random)));
  return out;
}

inline TrainingSet make_set(const std::vector<ModuleType>& types, const SyntheticOptions& o) {
  std::mt19937_64 random(o.seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> unit(0, 1);
  TrainingSet set;
  std::vector<Draw> draws;
  std::vector<double> family_factor;
  for (int f = 0; f < o.families; ++f) family_factor.push_back(std::exp(o.family_effect * normal(random)));
  for (int n = 0; n < o.networks; ++n) {
    const int family = n % o.families;
    NetworkTruth network;
    network.name = "net" + std::to_string(n);
    network.family = "family" + std::to_string(family);
    const int count = std::max(3, int(o.modules * std::exp2(2.0 * unit(random) - 1.0)));
    for (int m = 0; m < count; ++m) {
      Draw draw;
      draw.kernel = int(random() % std::uint64_t(o.types * o.kernels));
      draw.work = draw_work(random, family);
      draw.network = n;
      draw.latency_ns = o.law(draw.work, draw.kernel % o.kernels) * family_factor[std::size_t(family)];
      draw.measured_ns = draw.latency_ns * std::exp(o.module_noise * normal(random));
      if (unit(random) < o.outliers) draw.measured_ns *= 3.0 + 17.0 * unit(random);
      network.quiet_ns += draw.latency_ns;
      draws.push_back(draw);
    }
    network.quiet_ns *= std::exp(o.network_noise * normal(random));
    network.noise_ns = o.network_noise * network.quiet_ns;
    set.networks.push_back(std::move(network));
  }
  for (int k = 0; k < o.types * o.kernels; ++k) {
    const auto count = std::count_if(draws.begin(), draws.end(), [&](const Draw& d) { return d.kernel == k; });
    KernelSamples samples = empty_samples(types, k / o.kernels, k % o.kernels, int(count));
    Eigen::Index row = 0;
    for (const Draw& d : draws) {
      if (d.kernel != k) continue;
      samples.terms.row(row) << d.work.macs(), d.work.elements(), 1.0;
      samples.features.row(row) << d.work.c, d.work.h, d.work.k, d.work.macs(), d.work.elements();
      samples.latency_ns[row] = d.measured_ns;
      samples.weight[row] = d.measured_ns / (d.measured_ns + 20000.0);
      samples.network.push_back(d.network);
      if (row == 0) samples.parameters = {d.work.c, d.work.h, d.work.k, double(k % o.kernels)};
      set.networks[std::size_t(d.network)].modules.push_back(
          {k, int(row), 4 * d.work.elements(), 4 * d.work.elements(), 0, d.work.macs(), d.measured_ns});
      ++row;
    }
    set.kernels.push_back(std::move(samples));
  }
  return set;
}

/// One kernel class of 10 modules a network.
inline SyntheticOptions one_kernel(int networks, std::uint64_t seed) {
  SyntheticOptions options;
  options.types = options.kernels = 1;
  options.modules = 10;
  options.networks = networks;
  options.seed = seed;
  return options;
}

/// The first kernel class's rows.
inline Rows synthetic_rows(const SyntheticOptions& options) {
  const TrainingSet set = make_set(make_types(options.types, options.kernels), options);
  std::vector<Eigen::Index> kept;
  return make_rows(set.kernels.front(), kept);
}

}  // namespace latcast::learn::test
