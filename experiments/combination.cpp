#include "experiments/combination.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "learn/models/fallback.h"

namespace latcast::experiments {
using namespace learn;

Judge::Judge(const TrainingSet& set, const PreparedSet& prepared, const ModelTable& table,
             std::vector<int> part_of_network, int parts)
    : set_(set),
      prepared_(prepared),
      table_(table),
      part_of_network_(std::move(part_of_network)),
      parts_(parts),
      fallback_(fit_fallback(set)) {}

Combination Judge::judge(std::string name, const Plan& plan) const {
  Combination out;
  out.name = std::move(name);
  const Estimates estimates = combine(plan);
  out.modules = module_metrics(estimates);
  judge_networks(estimates, out);
  judge_cost(plan, out);
  return out;
}

Plan Judge::everywhere(std::size_t model) const {
  return Plan(static_cast<std::size_t>(parts_), std::vector<std::size_t>(prepared_.kernels.size(), model));
}

std::vector<RawNetwork> Judge::sums(const Estimates& estimates, const std::vector<double>& errors) const {
  std::vector<RawNetwork> out;
  for (std::size_t n = 0; n < set_.networks.size(); ++n) {
    out.push_back(sum_network(set_.networks[n], prepared_.places[n], estimates, errors, fallback_));
  }
  return out;
}

Estimates Judge::combine(const Plan& plan) const {
  Estimates out;
  for (std::size_t k = 0; k < prepared_.kernels.size(); ++k) {
    const Rows& rows = prepared_.kernels[k].rows;
    auto& own = out.emplace_back(static_cast<std::size_t>(rows.size()));
    for (std::size_t i = 0; i < own.size(); ++i) {
      const int part = part_of_network_[static_cast<std::size_t>(rows.group[i])];
      own[i] = table_.forecasts[plan[static_cast<std::size_t>(part)][k]][k][i];
    }
  }
  return out;
}

ModuleMetrics Judge::module_metrics(const Estimates& estimates) const {
  MetricsCollector collector;
  for (std::size_t k = 0; k < estimates.size(); ++k) {
    const Rows& rows = prepared_.kernels[k].rows;
    for (std::size_t i = 0; i < estimates[k].size(); ++i) {
      if (!counts(set_.networks[static_cast<std::size_t>(rows.group[i])])) continue;
      collector.add(estimates[k][i].latency_ns, rows.latency_ns[static_cast<Eigen::Index>(i)]);
    }
  }
  return collector.metrics();
}

void Judge::judge_networks(const Estimates& estimates, Combination& out) const {
  const std::vector<RawNetwork> raw = sums(estimates, std::vector<double>(prepared_.kernels.size(), 0.0));
  std::vector<Calibration> calibrations;
  for (int part = 0; part < parts_; ++part) {
    std::vector<RawNetwork> others;
    for (std::size_t n = 0; n < raw.size(); ++n) {
      if (part_of_network_[n] != part && counts(set_.networks[n])) others.push_back(raw[n]);
    }
    calibrations.push_back(fit_calibration(others));
  }
  for (std::size_t n = 0; n < raw.size(); ++n) {
    if (!counts(set_.networks[n])) continue;
    const Calibration& calibration = calibrations[static_cast<std::size_t>(part_of_network_[n])];
    out.network_error.push_back(std::abs(calibrated_ns(raw[n], calibration) / raw[n].quiet_ns - 1.0));
    out.module_error.push_back(module_error(n, estimates));
    out.network_mape += out.network_error.back();
  }
  out.network_mape /= static_cast<double>(std::max<std::size_t>(out.network_error.size(), 1));
}

double Judge::module_error(std::size_t n, const Estimates& estimates) const {
  double off = 0, time = 0;
  for (const ModulePlace& place : prepared_.places[n]) {
    if (place.kernel < 0) continue;
    const auto k = static_cast<std::size_t>(place.kernel);
    const double truth = prepared_.kernels[k].rows.latency_ns[place.row];
    if (!(estimates[k][static_cast<std::size_t>(place.row)].latency_ns > 0)) continue;  // there is none
    off += std::abs(estimates[k][static_cast<std::size_t>(place.row)].latency_ns - truth);
    time += truth;
  }
  return time > 0 ? off / time : 0.0;
}

void Judge::judge_cost(const Plan& plan, Combination& out) const {
  double modules = 0, networks = 0;
  for (std::size_t n = 0; n < set_.networks.size(); ++n) {
    if (!counts(set_.networks[n])) continue;
    networks += 1;
    for (const ModulePlace& place : prepared_.places[n]) {
      if (place.kernel < 0) continue;
      const auto k = static_cast<std::size_t>(place.kernel);
      modules += 1;
      out.network_time_ns += table_.time_ns[plan[static_cast<std::size_t>(part_of_network_[n])][k]][k];
    }
  }
  out.module_time_ns = out.network_time_ns / std::max(modules, 1.0);
  out.network_time_ns /= std::max(networks, 1.0);
  for (const auto& models : plan) {
    double shared = 0;
    for (std::size_t k = 0; k < models.size(); ++k) {
      if (prepared_.kernels[k].rows.size() == 0) continue;
      out.pack_bytes += table_.bytes[models[k]][k] / parts_;
      shared = std::max(shared, table_.shared_bytes[models[k]]);
    }
    out.pack_bytes += shared / parts_;
  }
}

}  // namespace latcast::experiments
