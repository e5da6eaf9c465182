#include "session/conditions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace latcast::session {
namespace {

/// What weights and activations are computed in; indices and masks are not.
bool is_arithmetic(onnx::DataType type) {
  switch (type) {
    case onnx::DataType::float32:
    case onnx::DataType::float16:
    case onnx::DataType::bfloat16:
    case onnx::DataType::float64:
    case onnx::DataType::int8:
    case onnx::DataType::uint8:
      return true;
    default:
      return false;
  }
}

/// That most weights have; where there are none, the first such input.
std::optional<onnx::DataType> element_type(const LoadedModel& loaded) {
  std::map<onnx::DataType, double> weights;
  for (const onnx::Tensor& one : loaded.model.graph.initializers)
    if (is_arithmetic(one.type))
      weights[one.type] += TensorInfo{.type = one.type, .dims = one.dims, .known = true}.elements();
  const auto most = std::ranges::max_element(weights, {}, &std::pair<const onnx::DataType, double>::second);
  if (most != weights.end()) return most->first;
  for (const InputSpec& input : loaded.engine_model.inputs)
    if (is_arithmetic(input.type)) return input.type;
  return std::nullopt;
}

}  // namespace

Result<Conditions> asked_conditions(const std::string& at, std::span<const ConditionRange> known, DimBindings& dims) {
  auto out = parse_conditions(at, known);
  if (!out) return out;
  if (out->contains("dtype")) return fail(Errc::invalid_input, "dtype is a network's own: convert the model instead");
  if (const auto batch = out->find("batch"); batch != out->end()) {
    if (batch->second < 1 || batch->second != std::floor(batch->second))
      return fail(Errc::invalid_input, "batch must be a whole number of at least 1");
    dims.batch = static_cast<std::int64_t>(batch->second);
  } else if (dims.batch && std::ranges::find(known, "batch", &ConditionRange::name) != known.end()) {
    (*out)["batch"] = static_cast<double>(*dims.batch);
  }
  return out;
}

Result<Conditions> asked_conditions(const std::string& at, const Catalogue& catalogue, DimBindings& dims) {
  auto out = asked_conditions(at, catalogue.condition_ranges(), dims);
  if (!out) return out;
  for (const auto& [name, value] : *out)
    if (auto ok = catalogue.find_condition(name)->check(value); !ok) return tl::unexpected(ok.error());
  return out;
}

std::optional<std::int64_t> batch_of(const LoadedModel& loaded) {
  const std::vector<InputSpec>& inputs = loaded.engine_model.inputs;
  if (inputs.empty() || inputs.front().dims.empty()) return std::nullopt;
  return inputs.front().dims.front();
}

std::string rebound_text(const LoadedModel& loaded, const DimBindings& dims) {
  return loaded.path + ": the batch is fixed at " + std::to_string(loaded.fixed_batch.value_or(0)) +
         " in the file; what would be executed at " + std::to_string(dims.batch.value_or(0)) + " is deduced by rules";
}

std::vector<KeyValue> condition_texts(const Pack& pack, const Predictor& predictor) {
  std::vector<KeyValue> out = pack.target().conditions;
  const Conditions values = predictor.conditions();
  for (const ConditionRange& one : pack.info().conditions) {
    const auto text = std::ranges::find(out, one.name, &KeyValue::key);
    if (text != out.end()) text->value = condition_text(one, values.at(one.name));
  }
  return out;
}

std::vector<KeyValue> conditions_of(std::vector<KeyValue> conditions, const LoadedModel& loaded) {
  const auto set = [&](std::string_view key, std::string value) {
    const auto found = std::ranges::find(conditions, key, &KeyValue::key);
    if (found != conditions.end()) found->value = std::move(value);
  };
  if (const auto batch = batch_of(loaded)) set("batch", std::to_string(*batch));
  if (const auto type = element_type(loaded)) set("dtype", std::string(to_string(*type)));
  return conditions;
}

std::optional<std::vector<KeyValue>> common_conditions(const std::vector<std::vector<KeyValue>>& each) {
  if (each.empty() || std::ranges::adjacent_find(each, std::ranges::not_equal_to()) != each.end()) return std::nullopt;
  return each.front();
}

}  // namespace latcast::session
