#include "core/network_correction.h"

#include <algorithm>
#include <cmath>

#include "core/simd/simd.h"

namespace latcast {
namespace {

// What a correction may do at most: a wrong one never ruins a forecast.
constexpr double kLeastFactor = 0.5, kMostFactor = 2.0;

static_assert(kNetworkFeatures + kMaxShares <= kMaxFeatures);

}  // namespace

void RawSum::features(std::span<double> out) const noexcept {
  const double modules = static_cast<double>(modules_);
  const std::array<double, kNetworkFeatures> first = {sum_ns_, modules, modules_ > 0 ? sum_ns_ / modules : 0.0};
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i < first.size()) {
      out[i] = first[i];
    } else {
      out[i] = sum_ns_ > 0.0 ? parts_[i - first.size()] / sum_ns_ : 0.0;
    }
  }
}

void network_features(std::span<const ClassRef> shares, std::span<const ClassLatency> modules,
                      std::span<double> out) noexcept {
  RawSum sum;
  for (const ClassLatency& module : modules) {
    const auto found = std::ranges::find(shares, module.kernel_class);
    sum.add(module.raw_ns, found == shares.end() ? kNoShare : static_cast<ShareIndex>(found - shares.begin()));
  }
  sum.features(out);
}

NetworkCorrector::NetworkCorrector(std::span<const FormNodeView> form, std::span<const double> low,
                                   std::span<const double> high)
    : form_(form, {0, low.size()}), low_(low.begin(), low.end()), high_(high.begin(), high.end()) {}

double NetworkCorrector::factor(std::span<const double> features) const noexcept {
  if (empty()) return 1.0;
  std::array<double, kMaxFeatures> raw = {}, logs = {};
  std::array<float, kMaxFeatures> logs32 = {};
  const std::size_t count = low_.size();
  std::copy_n(features.begin(), count, raw.begin());
  simd::functions().log_features(raw.data(), logs.data(), simd::padded(count, simd::kLanes));
  for (std::size_t i = 0; i < count; ++i) {
    logs[i] = std::clamp(logs[i], low_[i], high_[i]);
    logs32[i] = static_cast<float>(logs[i]);
  }
  const double value = form_.value({{}, {logs.data(), count}, {logs32.data(), count}});
  return std::isfinite(value) ? std::clamp(value, kLeastFactor, kMostFactor) : 1.0;
}

double NetworkCorrector::factor(const RawSum& sum) const noexcept {
  if (empty()) return 1.0;
  std::array<double, kMaxFeatures> raw;
  const std::span<double> features(raw.data(), low_.size());
  sum.features(features);
  return factor(features);
}

}  // namespace latcast
