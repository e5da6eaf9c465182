// From what is executed of a model file, whoever said it, to the file's forecast.
#pragma once

#include <string>
#include <vector>

#include "forecast/pack_network.h"
#include "graph/module_network.h"
#include "graph/onnx_model.h"
#include "latcast/network_forecaster.h"

namespace latcast {

/// An executed network, and what a pack says of it.
struct FileForecast {
  ModuleNetwork network;
  std::vector<ModuleForecast> modules;  // one per network.modules
  NetworkForecast total;
};

[[nodiscard]] Result<FileForecast> forecast_network(const OpenPack& pack, ModuleNetwork network);

[[nodiscard]] ExecutedModule describe_module(const OpenPack& pack, const Module& module,
                                             const ModuleForecast& forecast);

/// The same in names, without what is known of the file's weights.
[[nodiscard]] ModelForecast describe_forecast(const OpenPack& pack, const FileForecast& forecast);

/// `file` is the network before the engine or rules rewrote it.
[[nodiscard]] ModelForecast describe_forecast(const OpenPack& pack, const FileForecast& forecast,
                                              const onnx::Model& file);

}  // namespace latcast
