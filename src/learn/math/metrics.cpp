#include "learn/math/metrics.h"

#include <algorithm>
#include <cmath>

namespace latcast::learn {
namespace {

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

void MetricsCollector::add(double forecast_ns, double truth_ns) {
  if (!(forecast_ns > 0) || !(truth_ns > 0)) return;
  forecasts_.push_back(forecast_ns);
  truths_.push_back(truth_ns);
}

void MetricsCollector::add(const MetricsCollector& other) {
  forecasts_.insert(forecasts_.end(), other.forecasts_.begin(), other.forecasts_.end());
  truths_.insert(truths_.end(), other.truths_.begin(), other.truths_.end());
}

ModuleMetrics MetricsCollector::metrics() const {
  ModuleMetrics out;
  out.modules = forecasts_.size();
  if (forecasts_.empty()) return out;
  const auto n = static_cast<double>(forecasts_.size());
  double off = 0, time = 0, mean_log = 0, left = 0, total = 0;
  for (const double truth : truths_) mean_log += std::log(truth) / n;
  std::vector<double> logs;
  for (std::size_t i = 0; i < forecasts_.size(); ++i) {
    const double ratio = forecasts_[i] / truths_[i], away = std::abs(ratio - 1.0), log_ratio = std::log(ratio);
    out.mape += away / n;
    out.within5 += away <= 0.05 ? 1 / n : 0;
    out.within10 += away <= 0.10 ? 1 / n : 0;
    off += std::abs(forecasts_[i] - truths_[i]);
    time += truths_[i];
    left += log_ratio * log_ratio;
    total += std::pow(std::log(truths_[i]) - mean_log, 2);
    logs.push_back(std::abs(log_ratio));
  }
  out.time_weighted = off / time;
  out.median_log = median_of(std::move(logs));
  out.r2 = total > 0 ? 1.0 - left / total : 0.0;
  return out;
}

}  // namespace latcast::learn
