#include "session/evaluation.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

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

/// How likely a count as rare as `held` of `count` is where each is held with probability `level`.
double binomial_p(std::size_t held, std::size_t count, double level) {
  const auto n = static_cast<double>(count);
  const auto probability = [&](std::size_t k) {
    const auto x = static_cast<double>(k);
    return std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) + x * std::log(level) +
                    (n - x) * std::log1p(-level));
  };
  const double own = probability(held) * (1 + 1e-9);
  double sum = 0;
  for (std::size_t k = 0; k <= count; ++k) sum += probability(k) <= own ? probability(k) : 0.0;
  return std::min(sum, 1.0);
}

/// The networks that could be forecast.
Result<std::vector<Result<LoadedModel>>> forecast_all(Forecaster& forecaster, const EvaluationOptions& options,
                                                      Listener& listener, Evaluation& out) {
  std::vector<Result<LoadedModel>> models;
  for (const std::string& file : options.models) {
    if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
    listener.progress(0, "forecasting " + file);
    auto loaded = load_for_engine(file, options);
    const auto forecast = loaded ? forecaster.forecast(*loaded, options.dims) : tl::unexpected(loaded.error());
    if (!forecast) {
      out.failures.push_back({file, forecast.error()});
      continue;
    }
    out.rows.push_back({file, forecast->total, {}, {}});
    models.push_back(std::move(loaded));
  }
  return models;
}

}  // namespace

Result<Forecaster> open_to_judge(EvaluationOptions& options, Listener& listener) {
  auto forecaster = Forecaster::open(options.pack, options.settings);
  if (!forecaster) return forecaster;
  std::string why;
  if (!options.foreign && forecaster->foreign(why)) {
    return fail(Errc::mismatch, why +
                                    ". Accuracy can only be judged on the machine and engine the pack was made "
                                    "for; --force does it all the same");
  }
  if (auto ok = forecaster->bind(options.at, options.dims, listener); !ok) return tl::unexpected(ok.error());
  return forecaster;
}

Result<Evaluation> evaluate(const EvaluationOptions& options, Listener& listener) {
  EvaluationOptions own = options;
  auto forecaster = open_to_judge(own, listener);
  if (!forecaster) return tl::unexpected(forecaster.error());
  if (auto ok = forecaster->choose_graph(own.graph, listener); !ok) return tl::unexpected(ok.error());
  Evaluation out{.target = forecaster->pack().target(),
                 .anchor_age_s = forecaster->predictor().anchor_age_s(),
                 .graph = std::string(forecaster->graph_source()),
                 .rows = {},
                 .summary = {},
                 .machine = {},
                 .failures = {}};
  auto models = forecast_all(*forecaster, own, listener, out);
  if (!models) return tl::unexpected(models.error());
  auto batch =
      measure_batch(forecaster->worker(), std::move(*models), own, forecaster->asked(), "measuring ", listener);
  if (!batch) return tl::unexpected(batch.error());
  out.machine = batch->machine;
  std::vector<EvaluationRow> rows = std::exchange(out.rows, {});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& result = batch->models[i];
    if (!result) {
      out.failures.push_back({rows[i].model, result.error()});
      continue;
    }
    rows[i].measured = result->quiet;
    rows[i].round_minima_ns = std::move(result->round_minima_ns);
    out.rows.push_back(std::move(rows[i]));
  }
  out.summary = summarize(out.rows);
  return out;
}

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

std::vector<LatencyBand> by_latency(std::span<const EvaluationRow> rows) {
  constexpr std::array kEnds = {0.0, 1e6, 3e6, 1e7, 3e7, 1e8, std::numeric_limits<double>::infinity()};
  std::vector<LatencyBand> out;
  for (std::size_t band = 0; band + 1 < kEnds.size(); ++band) {
    std::vector<EvaluationRow> own;
    for (const EvaluationRow& row : rows) {
      if (row.measured.quiet >= kEnds[band] && row.measured.quiet < kEnds[band + 1]) own.push_back(row);
    }
    if (own.empty()) continue;
    const auto held = static_cast<std::size_t>(std::ranges::count_if(own, &EvaluationRow::held));
    out.push_back(
        {kEnds[band], kEnds[band + 1], summarize(own), binomial_p(held, own.size(), own.front().forecast.level)});
  }
  return out;
}

}  // namespace latcast::session
