// One model per kernel class, from anywhere: what such a combination errs and costs on networks that it has not seen.
#pragma once

#include <string>
#include <vector>

#include "experiments/all_models.h"
#include "learn/math/metrics.h"
#include "learn/network/calibrated_sum.h"

namespace latcast::experiments {

struct Combination {
  std::string name;
  learn::ModuleMetrics modules;
  double network_mape = 0;
  double module_time_ns = 0, network_time_ns = 0, pack_bytes = 0;  // forms only
  std::vector<double> module_error, network_error;                 // per network that counts
};

/// Which model of the table every part uses for every class.
using Plan = std::vector<std::vector<std::size_t>>;

/// Puts together and judges combinations of a table's models. Refers to what it is made of.
class Judge {
 public:
  Judge(const learn::TrainingSet& set, const learn::PreparedSet& prepared, const ModelTable& table,
        std::vector<int> part_of_network, int parts);

  [[nodiscard]] Combination judge(std::string name, const Plan& plan) const;
  [[nodiscard]] Plan everywhere(std::size_t model) const;
  [[nodiscard]] Estimates combine(const Plan& plan) const;
  /// `errors`: per class, relative.
  [[nodiscard]] std::vector<learn::RawNetwork> sums(const Estimates& estimates,
                                                    const std::vector<double>& errors) const;

 private:
  [[nodiscard]] learn::ModuleMetrics module_metrics(const Estimates& estimates) const;
  void judge_networks(const Estimates& estimates, Combination& out) const;
  /// Share of a network's time that its modules' forecasts are off by.
  [[nodiscard]] double module_error(std::size_t n, const Estimates& estimates) const;
  void judge_cost(const Plan& plan, Combination& out) const;

  const learn::TrainingSet& set_;
  const learn::PreparedSet& prepared_;
  const ModelTable& table_;
  std::vector<int> part_of_network_;
  int parts_;
  Fallback fallback_;
};

}  // namespace latcast::experiments
