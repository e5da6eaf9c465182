#include "experiments/take_networks.h"

#include <algorithm>

namespace latcast::experiments {
using namespace learn;

namespace {

/// New number per old one, -1 for those left out.
using Renumbering = std::vector<int>;

KernelSamples take_samples(const KernelSamples& samples, const Renumbering& networks, Renumbering& rows) {
  KernelSamples out;
  out.type = samples.type;
  out.kernel = samples.kernel;
  out.type_name = samples.type_name;
  out.kernel_name = samples.kernel_name;
  out.term_names = samples.term_names;
  out.feature_names = samples.feature_names;
  out.term_units = samples.term_units;
  out.parameters = samples.parameters;
  std::vector<Eigen::Index> kept;
  rows.assign(samples.network.size(), -1);
  for (std::size_t i = 0; i < samples.network.size(); ++i) {
    const int network = networks[static_cast<std::size_t>(samples.network[i])];
    if (network < 0) continue;
    rows[i] = static_cast<int>(kept.size());
    kept.push_back(static_cast<Eigen::Index>(i));
    out.network.push_back(network);
  }
  out.terms = samples.terms(kept, Eigen::all);
  out.features = samples.features(kept, Eigen::all);
  out.latency_ns = samples.latency_ns(kept);
  out.weight = samples.weight(kept);
  return out;
}

}  // namespace

TrainingSet take_networks(const TrainingSet& set, const std::function<bool(std::size_t)>& keep) {
  TrainingSet out;
  Renumbering networks(set.networks.size(), -1);
  for (std::size_t n = 0; n < set.networks.size(); ++n) {
    if (!keep(n)) continue;
    networks[n] = static_cast<int>(out.networks.size());
    out.networks.push_back(set.networks[n]);
  }
  std::vector<Renumbering> rows(set.kernels.size());
  for (std::size_t k = 0; k < set.kernels.size(); ++k) {
    out.kernels.push_back(take_samples(set.kernels[k], networks, rows[k]));
  }
  out.representative = set.representative;
  Renumbering unlisted_rows;
  for (const KernelSamples& unlisted : set.unlisted) {
    out.unlisted.push_back(take_samples(unlisted, networks, unlisted_rows));
  }
  for (NetworkTruth& network : out.networks) {
    for (ModuleRef& module : network.modules) {
      if (module.kernel_samples < 0) continue;
      module.row = rows[static_cast<std::size_t>(module.kernel_samples)][static_cast<std::size_t>(module.row)];
    }
  }
  return out;
}

}  // namespace latcast::experiments
