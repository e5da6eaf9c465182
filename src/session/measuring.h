// What networks take here, by the protocol of docs/measuring.md.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "graph/module_network.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"
#include "latcast/units.h"
#include "measure/given_inputs.h"
#include "measure/interleaved.h"
#include "measure/model_file.h"
#include "session/listener.h"
#include "session/machine_watch.h"

namespace latcast::session {

struct MeasureOptions {
  std::string engine = kDefaultEngine;
  EngineSettings settings;
  std::vector<std::string> models;  // ONNX files
  DimBindings dims;
  GivenInputs inputs;  // of every model; others are made up
  std::string at;      // conditions to measure under: "threads=2,batch=8"; others are the settings' and the models' own
  int rounds = 8;
  Nanos burst = std::chrono::milliseconds(250);  // each network in each round
  bool modules = false;                          // per executed node too
  double max_noise = -1;                         // relative; from 0 on a busy machine is waited for
  Nanos patience = kPatience;                    // in all
};

struct MeasuredModel {
  std::string model;                 // as asked
  std::vector<KeyValue> conditions;  // that it was measured under: threads, batch, dtype
  Result<NetworkMeasurement> measurement = fail(Errc::interrupted, "not reached");
};

struct Measurements {
  Target target;  // this machine's, under the conditions of the measurements where they are all the same
  std::vector<MeasuredModel> models;
  MachineReport machine = {};
};

/// One entry per file, in order; a file that cannot be measured is an error in its place. Cancelled: what was measured
/// so far, or Errc::interrupted where a network has no round yet. Errc::engine_unavailable.
[[nodiscard]] Result<Measurements> measure(const MeasureOptions& options, Listener& listener);

/// A model file as an engine is to measure it.
[[nodiscard]] Result<LoadedModel> load_for_engine(const std::string& file, const MeasureOptions& options);

/// Of models, in their order; an error where one was not loaded or not measured.
struct BatchMeasurement {
  std::vector<Result<NetworkMeasurement>> models;
  MachineReport machine;
};
/// measure_interleaved() by the protocol of the options, under `conditions`; what is under way is told as `doing` and
/// its name. Batch and element type are the models' own.
[[nodiscard]] Result<BatchMeasurement> measure_batch(Worker& worker, std::vector<Result<LoadedModel>> models,
                                                     const MeasureOptions& options, Conditions conditions,
                                                     const std::string& doing, Listener& listener);

}  // namespace latcast::session
