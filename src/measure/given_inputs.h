// Inputs as somebody gives them, where made-up ones will not do.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "latcast/result.h"

namespace latcast {

/// By name: "constant:V", "range:A..B" (whole numbers: both ends too) or a .npy file of NumPy.
using GivenInputs = std::map<std::string, std::string>;

/// Puts them into the model's inputs. Errc::invalid_input: no input has the name, or the values do not fit it.
[[nodiscard]] Result<void> give_inputs(EngineModel& model, const GivenInputs& given);

/// What a .npy file holds.
struct NumpyArray {
  onnx::DataType type = onnx::DataType::undefined;
  Dims dims;
  std::string_view bytes;  // of the text that it was read from
};

/// Arrays in the order of C with the types that networks have, little-endian.
[[nodiscard]] Result<NumpyArray> read_numpy(std::string_view text);

}  // namespace latcast
