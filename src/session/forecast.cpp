#include "session/forecast.h"

#include <algorithm>
#include <optional>

namespace latcast::session {
namespace {

bool is_real(onnx::DataType type) {
  return type == onnx::DataType::float32 || type == onnx::DataType::float16 || type == onnx::DataType::bfloat16 ||
         type == onnx::DataType::float64;
}

/// The first axis of the first input.
std::optional<std::int64_t> batch_of(const LoadedModel& loaded) {
  const std::vector<InputSpec>& inputs = loaded.engine_model.inputs;
  if (inputs.empty() || inputs.front().dims.empty()) return std::nullopt;
  return inputs.front().dims.front();
}

/// The pack's conditions, with batch and element type as this file has them.
std::vector<KeyValue> conditions_of(const Pack& pack, const LoadedModel& loaded) {
  std::vector<KeyValue> out = pack.target().conditions;
  const auto set = [&](std::string_view key, std::string value) {
    const auto found = std::ranges::find(out, key, &KeyValue::key);
    if (found != out.end()) found->value = std::move(value);
  };
  const std::vector<InputSpec>& inputs = loaded.engine_model.inputs;
  if (const auto batch = batch_of(loaded)) set("batch", std::to_string(*batch));
  // Of the activations: the first real input, or else the first real weight.
  const auto input = std::ranges::find_if(inputs, [](const InputSpec& one) { return is_real(one.type); });
  const auto& weights = loaded.model.graph.initializers;
  const auto weight = std::ranges::find_if(weights, [](const onnx::Tensor& one) { return is_real(one.type); });
  if (input != inputs.end()) {
    set("dtype", std::string(to_string(input->type)));
  } else if (weight != weights.end()) {
    set("dtype", std::string(to_string(weight->type)));
  }
  return out;
}

Result<NetworkAnswer> answer(Forecaster& forecaster, const std::string& file, const DimBindings& bindings,
                             Listener& listener) {
  const auto loaded = forecaster.load(file, bindings);
  if (!loaded) return tl::unexpected(loaded.error());
  if (const auto batch = batch_of(*loaded); bindings.batch && batch && *batch != *bindings.batch) {
    listener.warning(file + ": the first axis of its input is fixed at " + std::to_string(*batch) + ", not " +
                     std::to_string(*bindings.batch) + "; the forecast is for " + std::to_string(*batch));
  }
  auto forecast = forecaster.forecast(*loaded, bindings);
  if (!forecast) return tl::unexpected(forecast.error());
  ModelForecast described = describe_forecast(forecaster.open_pack(), *forecast, loaded->model);
  NetworkAnswer out;
  out.model = file;
  out.total = described.total;
  for (ExecutedModule& one : described.modules) {
    out.modules.push_back({.type = one.type.empty() ? one.op : std::move(one.type),
                           .kernel = std::move(one.kernel),
                           .op = std::move(one.op),
                           .nodes = std::move(one.nodes),
                           .parameters = std::move(one.parameters),
                           .reason = std::move(one.reason),
                           .forecast = one.forecast});
  }
  out.parameters = described.parameters;
  out.weight_bytes = described.weight_bytes;
  out.unknown = std::move(described.unknown);
  out.extrapolated = std::move(described.extrapolated);
  out.conditions = conditions_of(forecaster.pack(), *loaded);
  return out;
}

std::optional<std::vector<KeyValue>> common_conditions(const std::vector<ForecastAnswer>& answers) {
  std::optional<std::vector<KeyValue>> out;
  for (const ForecastAnswer& one : answers) {
    if (!one.network) continue;
    if (out && *out != one.network->conditions) return std::nullopt;
    out = one.network->conditions;
  }
  return out;
}

}  // namespace

Result<Forecasts> forecast_files(Forecaster& forecaster, const std::vector<std::string>& files,
                                 const DimBindings& bindings, Listener& listener) {
  Forecasts out{.target = forecaster.pack().target(),
                .anchor_age_s = forecaster.predictor().anchor_age_s(),
                .graph = std::string(forecaster.graph_source()),
                .answers = {}};
  for (const std::string& file : files) {
    if (listener.cancelled()) return fail(Errc::interrupted, "interrupted");
    listener.progress(static_cast<double>(out.answers.size()) / static_cast<double>(files.size()), file);
    out.answers.push_back({file, answer(forecaster, file, bindings, listener)});
  }
  if (const auto common = common_conditions(out.answers)) out.target.conditions = *common;
  return out;
}

}  // namespace latcast::session
