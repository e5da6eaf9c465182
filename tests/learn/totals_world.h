// Networks with totals, made of modules whose units cost what is known: two classes, as tables without operation
// latencies give them.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "learn/data/rows.h"
#include "learn/data/training_set.h"
#include "learn/network/totals_fit.h"

namespace latcast::learn::test {

/// ns per multiply-accumulate, element, call; of a run.
inline constexpr double kMac_ns = 0.05, kElement_ns = 0.4, kCall_ns = 2000, kRun_ns = 50000;

struct Layer {
  double c = 1, h = 1;
  [[nodiscard]] double macs() const { return c * c * h * h; }
  [[nodiscard]] double elements() const { return c * h * h; }
};

struct TotalsWorld {
  std::vector<KernelSamples> classes;  // "conv": macs, elements, 1. "add": elements, 1. Features of both: c, h
  Eigen::VectorXd quiet_ns;
  std::vector<char> use;
  Eigen::MatrixXd sums;     // networks x classes, what the modules take
  Eigen::VectorXd modules;  // per network

  [[nodiscard]] TotalsProblem problem() const {
    return {classes, quiet_ns, use, Eigen::MatrixXd(quiet_ns.size(), 0), {}};
  }
};

struct TotalsWorldOptions {
  int networks = 60;
  double noise = 0.002;
  std::uint64_t seed = 1;
  std::function<double(const Layer&)> factor = [](const Layer&) { return 1.0; };  // on what a conv takes
};

inline KernelSamples totals_class(std::size_t type, const std::string& name, std::vector<TermUnit> units,
                                  const std::vector<std::pair<int, Layer>>& layers) {
  KernelSamples out;
  out.type = type;
  out.type_name = out.kernel_name = name;
  out.term_units = std::move(units);
  out.feature_names = {"c", "h"};
  const bool conv = out.term_units.size() == 3;
  out.term_names = conv ? std::vector<std::string>{"macs", "elements", "1"} : std::vector<std::string>{"elements", "1"};
  const auto rows = static_cast<Eigen::Index>(layers.size());
  out.terms.resize(rows, conv ? 3 : 2);
  out.features.resize(rows, 2);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const auto& [network, layer] = layers[static_cast<std::size_t>(row)];
    if (conv) {
      out.terms.row(row) << layer.macs(), layer.elements(), 1.0;
    } else {
      out.terms.row(row) << layer.elements(), 1.0;
    }
    out.features.row(row) << layer.c, layer.h;
    out.network.push_back(network);
  }
  out.latency_ns = Eigen::VectorXd::Constant(rows, std::nan(""));
  out.weight = Eigen::VectorXd::Zero(rows);
  return out;
}

/// Every fourth network is not in use.
inline TotalsWorld make_totals(const TotalsWorldOptions& options = {}) {
  std::mt19937_64 random(options.seed);
  std::normal_distribution<double> normal;
  const auto draw = [&](int from, int to) { return std::exp2(std::uniform_int_distribution<int>(from, to)(random)); };
  std::vector<std::pair<int, Layer>> convs, adds;
  TotalsWorld out;
  out.quiet_ns.resize(options.networks);
  out.sums = Eigen::MatrixXd::Zero(options.networks, 2);
  out.modules = Eigen::VectorXd::Zero(options.networks);
  for (int n = 0; n < options.networks; ++n) {
    const int count = std::uniform_int_distribution<int>(4, 30)(random);
    const double share = std::uniform_real_distribution<double>(0.1, 1.5)(random);
    for (int m = 0; m < count; ++m) {
      const Layer layer{draw(3, 8), draw(2, 6)};
      convs.emplace_back(n, layer);
      out.sums(n, 0) += options.factor(layer) * (kMac_ns * layer.macs() + kElement_ns * layer.elements() + kCall_ns);
    }
    for (int m = 0; m < static_cast<int>(share * count); ++m) {
      const Layer layer{draw(3, 9), draw(2, 7)};
      adds.emplace_back(n, layer);
      out.sums(n, 1) += kElement_ns * layer.elements() + kCall_ns;
    }
    out.modules[n] = count + static_cast<int>(share * count);
    out.quiet_ns[n] = (out.sums.row(n).sum() + kRun_ns) * std::exp(options.noise * normal(random));
    out.use.push_back(n % 4 == 3 ? 0 : 1);
  }
  using Of = TermUnit::Of;
  out.classes = {totals_class(0, "conv", {{Of::mac}, {Of::element}, {Of::call}}, convs),
                 totals_class(1, "add", {{Of::element}, {Of::call}}, adds)};
  return out;
}

/// Mean |forecast / truth - 1| of the networks that are not in use.
inline double error_of_others(const TotalsWorld& world, const Eigen::VectorXd& forecast_ns) {
  double sum = 0, count = 0;
  for (Eigen::Index i = 0; i < world.quiet_ns.size(); ++i) {
    if (world.use[static_cast<std::size_t>(i)] != 0) continue;
    sum += std::abs(forecast_ns[i] / world.quiet_ns[i] - 1.0);
    count += 1;
  }
  return sum / count;
}

}  // namespace latcast::learn::test
