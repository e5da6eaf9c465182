// The conditions that a figure is for: as asked, as a pack or the catalogue has them, and as a model file does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/dim_bindings.h"
#include "latcast/pack.h"
#include "latcast/predictor.h"
#include "measure/model_file.h"

namespace latcast::session {

/// `at` is "threads=2,batch=8", or empty; names and values are those of `known`. The batch is that of `dims` where `at`
/// does not say it, and goes to `dims` where it does. Errc::invalid_input: what is not known, or is a network's own.
[[nodiscard]] Result<Conditions> asked_conditions(const std::string& at, std::span<const ConditionRange> known,
                                                  DimBindings& dims);

/// The same for something to measure here: what the catalogue says is possible.
[[nodiscard]] Result<Conditions> asked_conditions(const std::string& at, const Catalogue& catalogue, DimBindings& dims);

/// The first axis of the first input; none where there is none.
[[nodiscard]] std::optional<std::int64_t> batch_of(const LoadedModel& loaded);

/// That its batch is another than the file's own.
[[nodiscard]] std::string rebound_text(const LoadedModel& loaded, const DimBindings& dims);

/// What a predictor's forecasts are for, in words: the pack's target has them all.
[[nodiscard]] std::vector<KeyValue> condition_texts(const Pack& pack, const Predictor& predictor);

/// `conditions` with the values of `batch` and `dtype`, where they are among them, as this file has them.
[[nodiscard]] std::vector<KeyValue> conditions_of(std::vector<KeyValue> conditions, const LoadedModel& loaded);

/// Those of all of `each`; none where two differ, or there are none.
[[nodiscard]] std::optional<std::vector<KeyValue>> common_conditions(const std::vector<std::vector<KeyValue>>& each);

}  // namespace latcast::session
