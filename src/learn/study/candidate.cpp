#include "learn/study/candidate.h"

#include <algorithm>
#include <cmath>

#include "learn/math/metrics.h"

namespace latcast::learn {
namespace {

/// Weighted mean of value(forecast, truth) over the rows that have a forecast.
template <class Value>
double weighted_mean(const std::vector<KernelEstimate>& forecasts, const Rows& rows, double nothing, Value value) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < forecasts.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (!(forecasts[i].latency_ns > 0)) continue;
    sum += rows.weight[row] * value(forecasts[i].latency_ns, rows.latency_ns[row]);
    weight += rows.weight[row];
  }
  return weight > 0 ? sum / weight : nothing;
}

}  // namespace

bool may_compete(std::string_view name, const std::vector<std::string>& models) {
  return models.empty() || std::ranges::find(models, name) != models.end();
}

double weighted_error(const std::vector<KernelEstimate>& forecasts, const Rows& rows) {
  return weighted_mean(forecasts, rows, 1.0,
                       [](double forecast, double truth) { return std::min(std::abs(forecast / truth - 1.0), 1.0); });
}

double weighted_bias(const std::vector<KernelEstimate>& forecasts, const Rows& rows) {
  return weighted_mean(forecasts, rows, 0.0,
                       [](double forecast, double truth) { return std::clamp(std::log(forecast / truth), -1.0, 1.0); });
}

void judge(const Rows& rows, Candidate& one) {
  MetricsCollector collector;
  for (std::size_t i = 0; i < one.out_of_fold.size(); ++i) {
    collector.add(one.out_of_fold[i].latency_ns, rows.latency_ns[static_cast<Eigen::Index>(i)]);
  }
  const ModuleMetrics metrics = collector.metrics();
  one.score.error = weighted_error(one.out_of_fold, rows);
  one.score.bias = weighted_bias(one.out_of_fold, rows);
  one.score.r2 = metrics.r2;
  one.score.within5 = metrics.within5;
  one.score.within10 = metrics.within10;
  one.score.median_log = metrics.median_log;
}

}  // namespace latcast::learn
