#include "learn/data/rows.h"

#include <algorithm>
#include <cmath>

#include "core/kernel_forecast.h"

namespace latcast::learn {
namespace {

/// One huge weight would make the other samples invisible, a tiny one is as good as none.
void normalise(Eigen::VectorXd& weight) {
  if (weight.size() == 0) return;
  weight /= weight.mean();
  weight = weight.cwiseMax(0.02).cwiseMin(20.0);
  weight /= weight.mean();
}

}  // namespace

RowMatrix log_features(const RowMatrix& features) {
  return features.unaryExpr([](double x) { return log_feature(x); });
}

bool usable(const KernelSamples& samples, Eigen::Index row) {
  return std::isfinite(samples.latency_ns[row]) && samples.latency_ns[row] > 0 && std::isfinite(samples.weight[row]) &&
         samples.weight[row] > 0 && samples.terms.row(row).allFinite() && samples.features.row(row).allFinite();
}

Rows make_rows(const KernelSamples& samples, std::vector<Eigen::Index>& kept) {
  kept.clear();
  for (Eigen::Index i = 0; i < samples.latency_ns.size(); ++i) {
    if (usable(samples, i)) kept.push_back(i);
  }
  Rows out;
  out.terms = samples.terms(kept, Eigen::all).cwiseMax(0.0);
  out.features = samples.features(kept, Eigen::all);
  out.logs = log_features(out.features);
  out.latency_ns = samples.latency_ns(kept);
  out.weight = samples.weight(kept);
  for (const Eigen::Index i : kept) out.group.push_back(samples.network[static_cast<std::size_t>(i)]);
  normalise(out.weight);
  return out;
}

Rows take(const Rows& rows, std::span<const Eigen::Index> indices) {
  const std::vector<Eigen::Index> picked(indices.begin(), indices.end());
  Rows out;
  out.terms = rows.terms(picked, Eigen::all);
  out.features = rows.features(picked, Eigen::all);
  out.logs = rows.logs(picked, Eigen::all);
  out.latency_ns = rows.latency_ns(picked);
  out.weight = rows.weight(picked);
  for (const Eigen::Index i : picked) out.group.push_back(rows.group[static_cast<std::size_t>(i)]);
  normalise(out.weight);
  return out;
}

}  // namespace latcast::learn
