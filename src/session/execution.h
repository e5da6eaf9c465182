// What an engine executes of a model file, node by node.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "latcast/dim_bindings.h"
#include "latcast/predictor.h"
#include "latcast/result.h"
#include "session/forecaster.h"
#include "session/listener.h"

namespace latcast::session {

struct ExecutionOptions {
  std::string model;  // ONNX file
  std::string pack;   // whose engine and CPU it is for; empty: the engine and the machine that are here
  DimBindings dims;
  EngineSettings settings;
  GraphSource graph = GraphSource::automatic;
};

struct Execution {
  onnx::Model file;
  ExecutedNetwork executed;
  std::vector<ModuleForecast> forecasts;  // per module; none without a pack
  std::string graph;                      // who said what is executed: "engine", "rules"
};

[[nodiscard]] Result<Execution> execution(const ExecutionOptions& options, Listener& listener);

}  // namespace latcast::session
