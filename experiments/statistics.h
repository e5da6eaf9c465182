// Whether a difference or a share is more than chance.
#pragma once

#include <vector>

namespace latcast::experiments {

/// a - b, over networks; below zero: a is better.
struct PairedDifference {
  double mean = 0, low = 0, high = 0;  // 95 % of the mean
};
[[nodiscard]] PairedDifference paired(const std::vector<double>& a, const std::vector<double>& b);

struct Range {
  double low = 0, high = 1;
};
/// 95 % of the share behind `held` of `total` (Wilson 1927).
[[nodiscard]] Range binomial_range(int held, int total);

}  // namespace latcast::experiments
