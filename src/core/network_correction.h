// What sums of modules miss because it depends on the whole network (the clock of small ones, gaps between kernels,
// caches): a factor on its calibrated latency, from features of its raw sum. Used by the predictor and by training.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/form.h"
#include "core/limits.h"

namespace latcast {

/// A kernel class by its indices.
struct ClassRef {
  std::uint32_t type = 0, kernel = 0;
  friend bool operator==(const ClassRef&, const ClassRef&) = default;
};

/// Features that every network correction has: sum_ns, modules, sum_ns / modules. The shares of sum_ns
/// follow. Modules without a latency of their own do not count.
inline constexpr std::size_t kNetworkFeatures = 3;

/// As packs hold it. Without a form the factor is 1.
struct NetworkCorrection {
  std::vector<ClassRef> shares;   // each a feature; each once, at most kMaxShares
  FormSpec form;                  // no terms; its value is the factor
  std::vector<double> low, high;  // range of log2(1 + feature) in training: the form sees nothing outside of it
};

/// Which share of a correction a kernel class is; kNoShare: none.
using ShareIndex = std::uint8_t;
inline constexpr ShareIndex kNoShare = kMaxShares;

/// Adds up a network's modules, as they are before calibration and anchor.
class RawSum {
 public:
  void add(double raw_ns, ShareIndex share) noexcept {
    if (!(raw_ns > 0.0)) return;
    sum_ns_ += raw_ns;
    ++modules_;
    parts_[share] += raw_ns;
  }
  [[nodiscard]] double sum_ns() const noexcept { return sum_ns_; }
  /// Those that have a latency of their own.
  [[nodiscard]] std::size_t modules() const noexcept { return modules_; }
  /// The first features, as many as `out` has elements; at most kNetworkFeatures + kMaxShares.
  void features(std::span<double> out) const noexcept;

 private:
  double sum_ns_ = 0;
  std::size_t modules_ = 0;
  std::array<double, kMaxShares + 1> parts_ = {};  // of sum_ns_; the last: modules of no share
};

struct ClassLatency {
  ClassRef kernel_class;  // of a module without one: any that is not there
  double raw_ns = 0;
};

/// The raw features of a network's modules, as the predictor computes them; `out`: kNetworkFeatures + shares.
void network_features(std::span<const ClassRef> shares, std::span<const ClassLatency> modules,
                      std::span<double> out) noexcept;

/// A network correction, prepared for evaluation. The arrays that the form's views point to must outlive it.
class NetworkCorrector {
 public:
  NetworkCorrector() = default;
  /// A checked form, or none; as many ranges as features.
  NetworkCorrector(std::span<const FormNodeView> form, std::span<const double> low, std::span<const double> high);

  /// The factor is always 1.
  [[nodiscard]] bool empty() const noexcept { return form_.empty(); }
  /// Of raw features, as many as there are ranges. In [0.5, 2]; 1 where the form's value is not finite.
  [[nodiscard]] double factor(std::span<const double> features) const noexcept;
  [[nodiscard]] double factor(const RawSum& sum) const noexcept;

 private:
  Form form_;
  std::vector<double> low_, high_;
};

}  // namespace latcast
