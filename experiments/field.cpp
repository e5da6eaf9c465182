#include "experiments/field.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <utility>

#include "graph/dimensions.h"

namespace latcast::experiments {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLength = 16;  // of free dimensions that are neither a batch nor asked for

Result<void> find_networks(const std::string& folder, FieldReport& out) {
  std::error_code failure;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    const fs::path& path = entry->path();
    std::error_code unreadable;  // such as a link to nowhere
    const bool hidden = path.filename().native().starts_with('.');
    if (hidden) entry.disable_recursion_pending();
    if (!hidden && entry->is_directory(unreadable) && !entry->is_symlink(unreadable)) continue;
    if (!hidden && path.extension() == ".onnx" && entry->is_regular_file(unreadable)) {
      out.networks.push_back({path.string()});
    } else {
      ++out.skipped;
    }
  }
  if (failure) return fail(Errc::not_found, folder + ": " + failure.message());
  if (out.networks.empty()) return fail(Errc::not_found, folder + ": there is no .onnx file below it");
  std::ranges::sort(out.networks, {}, &FieldNetwork::file);
  return {};
}

/// Files that cannot be read have none; whoever forecasts and measures them says why.
Result<void> bind_networks(const FieldOptions& options, FieldReport& out) {
  DimBindings unused = options.dims;
  for (FieldNetwork& one : out.networks) {
    const auto model = onnx::read_model_file(one.file, onnx::ExternalWeights::ignored);
    if (!model) continue;
    one.dims = bind_all(model->graph, options.dims, kLength);
    std::erase_if(unused.named, [&](const auto& dim) { return one.dims.named.contains(dim.first); });
  }
  if (unused.named.empty()) return {};
  return fail(Errc::invalid_input,
              "no network in " + options.folder + " has a free dimension '" + unused.named.begin()->first + "'");
}

Result<void> forecast_all(session::Forecaster& forecaster, FieldReport& out, session::Listener& listener) {
  for (const auto source : {session::GraphSource::engine, session::GraphSource::rules}) {
    if (auto ok = forecaster.choose_graph(source, listener); !ok) {
      if (source == session::GraphSource::engine || ok.error().code != Errc::unsupported) return ok;
      listener.warning(ok.error().context);
      continue;
    }
    for (FieldNetwork& one : out.networks) {
      auto forecast = session::forecast_files(forecaster, {one.file}, one.dims, listener);
      if (!forecast) return tl::unexpected(forecast.error());
      one.forecasts.push_back({forecast->graph, std::move(forecast->answers.front().network)});
    }
  }
  return {};
}

Result<void> measure_all(session::Forecaster& forecaster, const FieldOptions& options, FieldReport& out,
                         session::Listener& listener) {
  std::vector<Result<LoadedModel>> models;
  for (const FieldNetwork& one : out.networks) models.push_back(load_model_file(one.file, one.dims));
  const auto batch = session::measure_batch(forecaster.worker(), std::move(models), options, forecaster.asked(),
                                            "measuring ", listener);
  if (!batch) return tl::unexpected(batch.error());
  out.machine = batch->machine;
  for (std::size_t i = 0; i < out.networks.size(); ++i) {
    const auto& result = batch->models[i];
    out.networks[i].measured = result ? Result<QuietLatency>(result->quiet) : tl::unexpected(result.error());
  }
  return {};
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  constexpr std::array<std::string_view, 5> kNames = {"honest", "not_honest", "refused_alike", "refused", "not_judged"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

Verdict judge(const NetworkForecast* forecast, const Result<QuietLatency>& measured) {
  const bool asked = measured || measured.error().code == Errc::engine_failure;
  if (!forecast) return measured || !asked ? Verdict::refused : Verdict::refused_alike;
  if (!asked) return Verdict::not_judged;
  const bool sure = forecast->time_share >= 0.95;
  if (!measured) return sure ? Verdict::not_honest : Verdict::honest;
  const session::EvaluationRow row{{}, *forecast, *measured, {}};
  const double error = row.error();
  const bool far = error <= -0.9 || error >= 9;
  return row.held() || (!far && (!sure || std::abs(error) <= 0.25)) ? Verdict::honest : Verdict::not_honest;
}

std::size_t FieldReport::count(Verdict verdict) const {
  std::size_t out = 0;
  for (const FieldNetwork& one : networks)
    out += static_cast<std::size_t>(std::ranges::count(one.forecasts, verdict, &FieldForecast::verdict));
  return out;
}

Result<FieldReport> judge_field(const FieldOptions& given, session::Listener& listener) {
  FieldOptions options = given;
  FieldReport out;
  if (auto ok = find_networks(options.folder, out); !ok) return tl::unexpected(ok.error());
  auto forecaster = session::open_to_judge(options, listener);
  if (!forecaster) return tl::unexpected(forecaster.error());
  out.target = forecaster->pack().target();
  if (auto ok = bind_networks(options, out); !ok) return tl::unexpected(ok.error());
  if (auto ok = forecast_all(*forecaster, out, listener); !ok) return tl::unexpected(ok.error());
  if (auto ok = measure_all(*forecaster, options, out, listener); !ok) return tl::unexpected(ok.error());
  for (FieldNetwork& one : out.networks)
    for (FieldForecast& by : one.forecasts) by.verdict = judge(by.network ? &by.network->total : nullptr, one.measured);
  return out;
}

}  // namespace latcast::experiments
