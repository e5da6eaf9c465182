// How good forecasts of modules are, over one kernel class or many.
#pragma once

#include <cstddef>
#include <vector>

namespace latcast::learn {

/// Means over modules that have a forecast; empty: all zero.
struct ModuleMetrics {
  std::size_t modules = 0;
  double mape = 0;           // mean |forecast / truth - 1|
  double time_weighted = 0;  // sum |forecast - truth| / sum truth
  double median_log = 0;     // median |log(forecast / truth)|
  double r2 = 0;             // of log latency; 1 - residual / total sum of squares
  double within5 = 0, within10 = 0;
};

/// Collects pairs of forecast and truth, in ns.
class MetricsCollector {
 public:
  void add(double forecast_ns, double truth_ns);
  void add(const MetricsCollector& other);
  [[nodiscard]] ModuleMetrics metrics() const;

 private:
  std::vector<double> forecasts_, truths_;
};

}  // namespace latcast::learn
