#include "experiments/network_design.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>

#include "learn/data/rows.h"
#include "learn/models/gaussian_process.h"

namespace latcast::experiments {
using namespace learn;

namespace {

/// Octaves of all features together within which modules are alike.
constexpr double kLength = 1.5;

/// The modules of one class that belong to the pool, those alike merged.
struct Modules {
  Eigen::MatrixXd similarity;
  Eigen::VectorXd count;                                // of each kind
  std::map<std::size_t, std::vector<Eigen::Index>> of;  // network -> kinds
};

Modules modules_of(const KernelSamples& samples, std::span<const std::size_t> pool) {
  Modules out;
  std::map<std::vector<double>, Eigen::Index> kinds;
  std::vector<Eigen::Index> first;
  std::vector<double> count;
  for (std::size_t row = 0; row < samples.network.size(); ++row) {
    const auto network = static_cast<std::size_t>(samples.network[row]);
    if (std::ranges::find(pool, network) == pool.end()) continue;
    const auto at = static_cast<Eigen::Index>(row);
    const auto [kind, fresh] =
        kinds.try_emplace({samples.features.row(at).begin(), samples.features.row(at).end()}, kinds.size());
    if (fresh) {
      first.push_back(at);
      count.push_back(0);
    }
    count[static_cast<std::size_t>(kind->second)] += 1;
    out.of[network].push_back(kind->second);
  }
  const RowMatrix logs = log_features(samples.features(first, Eigen::all));
  out.similarity = (squared_distances(logs, logs).array() * (-0.5 / (kLength * kLength))).exp().matrix();
  out.count = Eigen::Map<Eigen::VectorXd>(count.data(), static_cast<Eigen::Index>(count.size()));
  return out;
}

/// How well each kind is covered if the network is taken as well.
Eigen::VectorXd covered(const Modules& modules, const Eigen::VectorXd& now, std::size_t network) {
  Eigen::VectorXd out = now;
  const auto own = modules.of.find(network);
  if (own == modules.of.end()) return out;
  for (const Eigen::Index kind : own->second) out = out.cwiseMax(modules.similarity.col(kind));
  return out;
}

}  // namespace

std::vector<std::size_t> design_networks(const TrainingSet& set, std::span<const std::size_t> pool, std::size_t count) {
  std::vector<Modules> classes;
  for (const auto* kernels : {&set.kernels, &set.unlisted}) {
    for (const KernelSamples& samples : *kernels) classes.push_back(modules_of(samples, pool));
  }
  std::vector<Eigen::VectorXd> cover;
  for (const Modules& one : classes) cover.push_back(Eigen::VectorXd::Zero(one.count.size()));
  std::vector<std::size_t> left(pool.begin(), pool.end()), out;
  while (out.size() < count && !left.empty()) {
    double most = -1;
    std::size_t best = left.front();
    for (const std::size_t network : left) {
      double gain = 0;
      for (std::size_t c = 0; c < classes.size(); ++c) {
        if (classes[c].count.size() == 0) continue;
        gain += (covered(classes[c], cover[c], network) - cover[c]).dot(classes[c].count);
      }
      if (gain > most) {
        most = gain;
        best = network;
      }
    }
    for (std::size_t c = 0; c < classes.size(); ++c) cover[c] = covered(classes[c], cover[c], best);
    out.push_back(best);
    std::erase(left, best);
  }
  return out;
}

}  // namespace latcast::experiments
