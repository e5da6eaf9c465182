#include "experiments/statistics.h"

#include <cmath>
#include <cstddef>

namespace latcast::experiments {
namespace {

constexpr double kZ = 1.96;  // 95 %, both sides

}  // namespace

PairedDifference paired(const std::vector<double>& a, const std::vector<double>& b) {
  PairedDifference out;
  const auto n = static_cast<double>(a.size());
  if (a.size() < 2 || a.size() != b.size()) return out;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out.mean += (a[i] - b[i]) / n;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(a[i] - b[i] - out.mean, 2);
  const double half = kZ * std::sqrt(squares / (n - 1.0) / n);
  out.low = out.mean - half;
  out.high = out.mean + half;
  return out;
}

Range binomial_range(int held, int total) {
  if (total == 0) return {};
  const double n = total, p = held / n, denominator = 1.0 + kZ * kZ / n;
  const double middle = (p + kZ * kZ / (2 * n)) / denominator;
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / denominator;
  return {middle - half, middle + half};
}

}  // namespace latcast::experiments
