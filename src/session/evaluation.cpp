#include "session/evaluation.h"

#include <limits>

namespace latcast::session {
namespace {

/// Quiet latencies from every second round, starting with `first`.
std::vector<QuietLatency> half(std::span<const EvaluationRow> rows, std::size_t first) {
  RoundTable table;
  for (const EvaluationRow& row : rows) {
    std::vector<double> values;
    for (std::size_t round = first; round < row.round_minima_ns.size(); round += 2)
      values.push_back(row.round_minima_ns[round]);
    table.push_back(std::move(values));
  }
  return quiet_latencies(table);
}

double split_half_mape(std::span<const EvaluationRow> rows) {
  const auto even = half(rows, 0);
  const auto odd = half(rows, 1);
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (even[i].rounds == 0 || odd[i].rounds == 0) continue;
    sum += std::abs(even[i].quiet / odd[i].quiet - 1);
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

EvaluationSummary summarize(std::span<const EvaluationRow> rows) {
  EvaluationSummary summary;
  summary.networks = rows.size();
  if (rows.empty()) return summary;
  std::vector<double> errors;
  for (const EvaluationRow& row : rows) {
    const double error = row.error();
    errors.push_back(error);
    const bool covered = row.forecast.time_share >= 0.95;
    summary.mape += std::abs(error);
    summary.within_5 += std::abs(error) <= 0.05 ? 1 : 0;
    summary.within_10 += std::abs(error) <= 0.10 ? 1 : 0;
    summary.interval_held += row.held() ? 1 : 0;
    summary.interval_width += (row.forecast.upper - row.forecast.lower) / row.forecast.quiet;
    summary.mean_noise += row.measured.noise / row.measured.quiet;
    summary.low_coverage += covered ? 0 : 1;
    summary.far_off += covered && std::abs(error) > 0.20 ? 1 : 0;
  }
  for (double* mean : {&summary.mape, &summary.within_5, &summary.within_10, &summary.interval_held,
                       &summary.interval_width, &summary.mean_noise, &summary.low_coverage, &summary.far_off})
    *mean /= static_cast<double>(rows.size());
  summary.bias = median(errors);
  summary.split_half = split_half_mape(rows);
  return summary;
}

}  // namespace latcast::session
