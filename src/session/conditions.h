// The conditions that a figure for a model file is for: batch and element type as the file has them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "latcast/pack_info.h"
#include "measure/model_file.h"

namespace latcast::session {

/// The first axis of the first input; none where there is none.
[[nodiscard]] std::optional<std::int64_t> batch_of(const LoadedModel& loaded);

/// `conditions` with the values of `batch` and `dtype`, where they are among them, as this file has them.
[[nodiscard]] std::vector<KeyValue> conditions_of(std::vector<KeyValue> conditions, const LoadedModel& loaded);

/// Those of all of `each`; none where two differ, or there are none.
[[nodiscard]] std::optional<std::vector<KeyValue>> common_conditions(const std::vector<std::vector<KeyValue>>& each);

}  // namespace latcast::session
