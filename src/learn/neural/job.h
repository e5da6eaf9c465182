// From samples to a job for the neural plugin, and from its result to a form that core evaluates.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/form.h"
#include "learn/data/rows.h"
#include "learn/math/effort.h"
#include "learn/neural/plugin.h"

namespace latcast::learn {

/// The samples of one kernel class, as a network sees them.
struct NeuralClass {
  const RowMatrix& logs;
  const Eigen::VectorXd& weight;      // mean about 1
  Eigen::VectorXd target;             // natural logarithm
  std::vector<std::int32_t> names;    // of the inputs: equal numbers are the same input in different classes
  std::int32_t kind = 0;              // the same for a class on several devices
  RowMatrix quantities;               // samples x auxiliary quantities; may have no columns
  std::vector<std::uint8_t> present;  // which of them the class has
};

/// Classes with fewer samples, or without features, get no network.
inline constexpr Eigen::Index kFewestNeuralSamples = 3;

/// What takes a class's log features to the network's inputs; features that do not vary become zero.
struct Standardisation {
  Eigen::VectorXd mean, inverse;
};

[[nodiscard]] Standardisation standardise(const RowMatrix& logs);

/// `settings.batch` and `.epochs` are filled in where they are zero, after the number of samples and the effort.
[[nodiscard]] NeuralJob make_job(std::span<const NeuralClass> classes, std::span<const Standardisation> standard,
                                 NeuralSettings settings, Effort effort);

using Trunk = std::shared_ptr<const std::vector<float>>;

/// The network of one class of a result. With a `trunk` the layers that classes share are stored once.
[[nodiscard]] FormNode dense_node(const NeuralResult& result, std::size_t index, const NeuralSettings& settings,
                                  const Standardisation& standard, const Trunk& trunk);

}  // namespace latcast::learn
