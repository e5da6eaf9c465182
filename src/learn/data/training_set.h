// What regression models are trained on: module samples per kernel class, and the whole networks they were part of.
//
// Plain values, made from a store by learn/dataset.cpp (or by anything else that has measurements).
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_seal.h"

namespace latcast::learn {

/// All samples of one kernel class of one module type.
struct KernelSamples {
  std::size_t type = 0;    // index into the catalogue
  std::size_t kernel = 0;  // index into ModuleType::kernels
  std::string type_name, kernel_name;
  std::vector<std::string> term_names, feature_names;
  std::vector<TermUnit> term_units;  // of the terms; empty: unknown
  Eigen::MatrixXd terms;             // samples x base terms, raw, >= 0
  Eigen::MatrixXd features;          // samples x features, raw; learners see log2(1 + max(x, 0))
  Eigen::VectorXd latency_ns;        // > 0
  Eigen::VectorXd weight;            // > 0, from the measurements' own noise and the share of time that is at stake
  std::vector<int> network;          // per sample: index into TrainingSet::networks (cross-validation groups by it)
  std::vector<double> parameters;    // of the first sample's module; empty: unknown
  Conditions conditions;             // that its type reads, of the first sample
};

struct ModuleRef {
  int kernel_samples = -1;  // index into TrainingSet::kernels; -1: unknown module
  int row = -1;             // row there
  double input_bytes = 0, output_bytes = 0, weight_bytes = 0, macs = 0;  // for the physical estimate of unknown ones
  double latency_ns = 0;                                                 // measured share of the network's time
};

/// Identity of a network: of a carrier's skeleton, of the name where that is all that is known. Never 0.
[[nodiscard]] inline std::uint64_t identity_of(std::string_view content) {
  const std::uint64_t hash =
      detail::content_hash(std::span(reinterpret_cast<const std::uint8_t*>(content.data()), content.size()));
  return hash != 0 ? hash : 1;
}

/// One measured network (a carrier) with its unprofiled end-to-end truth.
struct NetworkTruth {
  std::string name;
  std::uint64_t identity = 0;  // identity_of() what it is; two networks of a set never share one. 0: its name's
  std::string family;          // block family: intervals leave whole families out
  bool adaptive = false;       // chosen because the error was large there: not used for intervals
  bool probe = false;          // operators in a row, unlike a network: samples only, neither calibration nor intervals
  double quiet_ns = 0;
  double noise_ns = 0;
  std::vector<ModuleRef> modules;
  Conditions conditions = {};  // that it was measured under
};

/// A network with a truth and modules, like those that people have; others teach nothing about sums.
[[nodiscard]] inline bool counts(const NetworkTruth& network) {
  return !network.probe && std::isfinite(network.quiet_ns) && network.quiet_ns > 0 && !network.modules.empty();
}

struct TrainingSet {
  std::vector<KernelSamples> kernels;
  std::vector<NetworkTruth> networks;  // each once, however often it was measured: folds go by this list
  /// Modules that nothing was measured of (their latencies are not numbers): networks' totals tell what they cost. Not
  /// among NetworkTruth::modules.
  std::vector<KernelSamples> unlisted;
  /// The networks are of the population that will be forecast (a table's, not generated carriers): what they take
  /// beyond their modules' sum is learnt too.
  bool representative = false;
};

}  // namespace latcast::learn
