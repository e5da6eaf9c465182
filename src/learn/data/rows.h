// The samples of one kernel class as learners see them: log features, log latencies, normalised weights, groups.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "learn/data/training_set.h"

namespace latcast::learn {

/// Row-major, so that a row is a span for core's evaluators.
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Rows {
  RowMatrix terms;             // raw, >= 0
  RowMatrix features;          // raw
  RowMatrix logs;              // log2(1 + max(feature, 0))
  Eigen::VectorXd latency_ns;  // > 0
  Eigen::VectorXd weight;      // mean 1, within [0.02, 20]
  std::vector<int> group;      // network

  [[nodiscard]] Eigen::Index size() const { return latency_ns.size(); }
};

/// log2(1 + max(feature, 0)), as forms see features.
[[nodiscard]] RowMatrix log_features(const RowMatrix& features);

/// Whether a sample can be learnt from: finite, latency and weight positive.
[[nodiscard]] bool usable(const KernelSamples& samples, Eigen::Index row);

/// The usable rows; `kept` receives their positions in `samples`.
[[nodiscard]] Rows make_rows(const KernelSamples& samples, std::vector<Eigen::Index>& kept);

/// Those at `indices`, weights normalised anew.
[[nodiscard]] Rows take(const Rows& rows, std::span<const Eigen::Index> indices);

}  // namespace latcast::learn
