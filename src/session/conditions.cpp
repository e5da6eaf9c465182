#include "session/conditions.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace latcast::session {
namespace {

bool is_real(onnx::DataType type) {
  return type == onnx::DataType::float32 || type == onnx::DataType::float16 || type == onnx::DataType::bfloat16 ||
         type == onnx::DataType::float64;
}

}  // namespace

std::optional<std::int64_t> batch_of(const LoadedModel& loaded) {
  const std::vector<InputSpec>& inputs = loaded.engine_model.inputs;
  if (inputs.empty() || inputs.front().dims.empty()) return std::nullopt;
  return inputs.front().dims.front();
}

std::vector<KeyValue> conditions_of(std::vector<KeyValue> conditions, const LoadedModel& loaded) {
  const auto set = [&](std::string_view key, std::string value) {
    const auto found = std::ranges::find(conditions, key, &KeyValue::key);
    if (found != conditions.end()) found->value = std::move(value);
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
  return conditions;
}

std::optional<std::vector<KeyValue>> common_conditions(const std::vector<std::vector<KeyValue>>& each) {
  if (each.empty() || std::ranges::adjacent_find(each, std::ranges::not_equal_to()) != each.end()) return std::nullopt;
  return each.front();
}

}  // namespace latcast::session
