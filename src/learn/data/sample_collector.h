// Modules with their parameters -> samples of their kernel classes.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

class SampleCollector {
 public:
  /// The catalogue must outlive the collector.
  explicit SampleCollector(const Catalogue& catalogue) : catalogue_(&catalogue) {}

  struct Place {
    int kernel_samples = 0, row = 0;  // in the samples
    double macs = 0;
  };

  /// What a module's parameters say before it is added.
  struct Slots {
    std::vector<double> values;  // parameters, conditions, then derived
    std::size_t kernel = 0;
  };
  /// Every condition that the type reads must be among `conditions`.
  [[nodiscard]] Slots slots(std::size_t type, std::span<const double> parameters, const Conditions& conditions) const;

  /// Whether its kernel class costs nothing of its own.
  [[nodiscard]] bool free(std::size_t type, const Slots& slots) const {
    return catalogue_->types()[type].kernels[slots.kernel].free;
  }

  /// `network`: index of its network.
  Place add(std::size_t type, const Slots& slots, double latency_ns, double weight, int network);

  [[nodiscard]] std::vector<KernelSamples> samples() const;

 private:
  struct Rows {
    int index = 0;
    std::vector<double> inputs;  // of the first: parameters, then conditions
    std::vector<std::vector<double>> terms, features;
    std::vector<double> latency, weight;
    std::vector<int> network;
  };
  [[nodiscard]] KernelSamples to_samples(std::pair<std::size_t, std::size_t> key, const Rows& rows) const;

  const Catalogue* catalogue_;
  std::map<std::pair<std::size_t, std::size_t>, Rows> rows_;  // by type and kernel
};

}  // namespace latcast::learn
