// DimBindings: values for the free dimensions of a model's inputs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace latcast {

/// Values for free dimensions: by name ("seq"), by place ("input_ids:1"), and `batch` for the first axis of every
/// input whose first dimension is free and not named in `named`; where all are fixed, for that of the whole network. A
/// batch is at least 1, a length may be 0.
struct DimBindings {
  std::map<std::string, std::int64_t> named;
  std::optional<std::int64_t> batch;
};

}  // namespace latcast
